"""Ids: a prefix for the kind of thing, and 96 random bits; half of them are common to what is made together."""

from secrets import token_hex

ID_BYTES = 12


def new_id(prefix: str) -> str:
    """Make an id: `new_id("batch")` is "batch_" and 24 lower-case hexadecimal characters."""
    return f"{prefix}_{token_hex(ID_BYTES)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Many at once, in ascending order, the first half of their bits the same: they lie side by side in an index.

    Others would touch a page of it each: of a table of millions, ten thousand pages for one file.
    """
    beginning, half = f"{prefix}_{token_hex(ID_BYTES // 2)}", ID_BYTES // 2
    ends: set[str] = set()
    while len(ends) < count:
        digits = token_hex(half * (count - len(ends)))
        ends.update(digits[at : at + 2 * half] for at in range(0, len(digits), 2 * half))
    return [beginning + end for end in sorted(ends)]


def may_exist(text: str) -> bool:
    """Whether PostgreSQL can hold such a text at all: none has U+0000, which a URL may have."""
    return "\0" not in text
