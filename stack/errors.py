"""Why the local stack does not start.

StackError
├── AlreadyRunning    another `outdial up` has the data directory
├── PortTaken         something else listens there
├── PackageMissing    the extra `embedded` is not installed
├── FolderClosed      as root: PostgreSQL's own user cannot reach its programs
├── NamespaceChanged  Temporal's file is not the one with this database's jobs
└── ServiceFailed     a service does not start; its log says why
"""

from pathlib import Path


class StackError(Exception):
    """A sentence that a person can act on."""


class AlreadyRunning(StackError):
    """Another `outdial up` has the data directory."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"`outdial up` already runs on {data_dir} ({holder}). End that one first, or give another --data-dir."
        )
        self.pid = pid


class PortTaken(StackError):
    """Something else listens on a port that was asked for."""

    def __init__(self, port: int, flag: str) -> None:
        super().__init__(f"Port {port} is taken. Choose another with {flag} N; {flag} 0 takes a free one.")
        self.port = port
        self.flag = flag


class PackageMissing(StackError):
    """A package of the extra `embedded` is not installed."""

    def __init__(self, package: str) -> None:
        how = "run `pip install 'outdial[embedded]'`, in a checkout `make install`"
        super().__init__(f"{package} is not installed: {how}.")


class FolderClosed(StackError):
    """The user that runs PostgreSQL for root can enter neither its installation nor a copy of it."""

    def __init__(self, folder: Path, user: str, copy: Path) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, and its user {user} can reach neither {folder} nor a copy, {copy}. Run "
            "`outdial up` as another user than root, or install Outdial where everybody may enter."
        )


class NamespaceChanged(StackError):
    """Temporal's file was removed or replaced: it does not know the jobs of the database beside it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} is not the Temporal that has the jobs of the database beside it. Put the old file back; or, if it "
            "is gone for good, `outdial up --rebind` starts the open jobs anew."
        )


class ServiceFailed(StackError):
    """A service of the stack did not start."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} does not start. Its log says why: {log}")
