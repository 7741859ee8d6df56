"""The settings of a command that goes to the database or to a carrier, and what is wrong with them, as a sentence."""

import os

from pydantic import ValidationError

from cli.errors import ExitCode, Failure
from settings import DATABASE_URL, PREFIX, Settings, describe_wrong


def read_settings() -> Settings:
    """Raises Failure: for a value that cannot be read, and for a mistyped OUTDIAL_DATABASE_URL, in whose place the
    command would go to a database of this machine."""
    mistyped = _find_mistyped_address()
    if mistyped:
        raise Failure(f"{mistyped} is no setting. Did you mean {DATABASE_URL}?", ExitCode.USAGE)
    try:
        return Settings()
    except ValidationError as error:
        raise Failure(" ".join(describe_wrong(error)), ExitCode.USAGE) from None


def _find_mistyped_address() -> str | None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if not unknown or DATABASE_URL in os.environ:
        return None
    from workflows.temporal_variables import find_meant  # noqa: PLC0415  half a second of imports

    return next((name for name in unknown if find_meant(name, known, PREFIX) == DATABASE_URL), None)
