"""How a command ends when it cannot do what was asked."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script reads."""

    OK = 0  # done; of a watched job: completed
    FAILED = 1  # refused, by the API or by another part: the message says why
    USAGE = 2  # typer's own, for a command that was written wrongly
    NOT_COMPLETED = 3  # the watched job failed or was cancelled
    UNAVAILABLE = 4  # the API, the database or a part of the stack cannot be reached
    INTERRUPTED = 130


class Failure(Exception):
    """A sentence for a person, and the exit code for a script."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
