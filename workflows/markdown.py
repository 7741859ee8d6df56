"""Names of people's own choice, in Temporal's web UI."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def escaped(name: str) -> str:
    """Markdown that reads as the name does, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(name.split()))
