"""The secrets of a local stack: made at its first start, kept in its data directory, readable by its owner only."""

from pathlib import Path
from secrets import token_hex

from stack import ready_file
from stack.ready_file import Secrets

SECRET_BYTES = 32


def secrets_in(kept: Path) -> Secrets:
    """Read them, or make them where there are none yet."""
    if kept.exists():
        return Secrets.model_validate_json(kept.read_text())
    made = Secrets(secret=token_hex(SECRET_BYTES), platform_key=f"odp_{token_hex(SECRET_BYTES)}")
    ready_file.write(made, kept)
    return made
