"""How a command ends when it cannot do what was asked."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script reads; 2 is typer's own for a command that was written wrongly."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3  # the API said no: 4xx
    AWAY = 4  # the API, the database or a part of the stack cannot be reached
    INTERRUPTED = 130


class Failure(Exception):
    """A sentence for a person, and the exit code for a script."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
