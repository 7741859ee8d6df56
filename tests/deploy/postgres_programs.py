"""PostgreSQL's own programs, as an operator runs them."""

import os
import subprocess

from stack.postgres import binary
from stack.postgres_files import SystemUser


def run(program: str, *arguments: str, password: str | None = None, as_owner: bool = False) -> None:
    """Run one to its end, which must be a good one. `as_owner`: as the user who has the server's files."""
    user = SystemUser.needed()
    owner = user.name if user and as_owner else None
    environment = {**os.environ, **({} if password is None else {"PGPASSWORD": password})}
    command = [str(binary(program, user)), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, user=owner, group=owner, cwd="/"
    )
    assert done.returncode == 0, done.stderr
