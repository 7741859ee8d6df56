"""The secrets of a local stack: created at its first start in its data directory, readable by its owner only."""

from pathlib import Path
from secrets import token_hex

from stack import ready_file
from stack.ready_file import Secrets

SECRET_BYTES = 32


def load_secrets(file: Path) -> Secrets:
    """Read them, or create them where there are none yet."""
    if file.exists():
        return Secrets.model_validate_json(file.read_text())
    secrets = Secrets(secret=token_hex(SECRET_BYTES), platform_key=f"odp_{token_hex(SECRET_BYTES)}")
    ready_file.write(secrets, file)
    return secrets
