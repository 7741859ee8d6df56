"""Ids: a prefix for the kind of thing, and 96 random bits."""

from secrets import token_hex

ID_BYTES = 12


def new_id(prefix: str) -> str:
    """Make an id: `new_id("batch")` is "batch_" and 24 lower-case hexadecimal characters."""
    return f"{prefix}_{token_hex(ID_BYTES)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Many at once, for which the system is asked once."""
    digits, each = token_hex(ID_BYTES * count), 2 * ID_BYTES
    return [f"{prefix}_{digits[at : at + each]}" for at in range(0, len(digits), each)]


def may_exist(text: str) -> bool:
    """Whether PostgreSQL can hold such a text at all: none has U+0000, which a URL may have."""
    return "\0" not in text
