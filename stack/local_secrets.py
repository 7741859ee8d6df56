"""The secrets of a local stack: created at its first start in its data directory, readable by its owner only."""

from pathlib import Path
from secrets import token_hex

from stack import ready_file
from stack.ready_file import Secrets

SECRET_BYTES = 32


def ensure_codec(file: Path) -> None:
    """Create what encrypts payloads, and the codec server's token, unless they are there."""
    secrets = load_secrets(file)
    if not secrets.payload_keys:
        made = {"payload_keys": token_hex(SECRET_BYTES), "codec_token": token_hex(SECRET_BYTES)}
        ready_file.write(secrets.model_copy(update=made), file)


def load_secrets(file: Path) -> Secrets:
    """Read them, and create those that are not there yet."""
    if file.exists():
        secrets = Secrets.model_validate_json(file.read_text())
        if secrets.database_password:
            return secrets
    else:
        secrets = Secrets(secret=token_hex(SECRET_BYTES), platform_key=f"odp_{token_hex(SECRET_BYTES)}")
    secrets = secrets.model_copy(update={"database_password": token_hex(SECRET_BYTES)})
    ready_file.write(secrets, file)
    return secrets
