"""Names of time zones that are hours from UTC all year, where hardly anybody means that."""

import re

_MEANT = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}
_FROM_GREENWICH = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>[1-9][0-9]?)")


def explain_fixed_zone(name: str) -> str | None:
    """What a zone without summer time is, and which one was likely meant; None for a zone of a place."""
    if name in _MEANT:
        return f'is a zone without summer time: was "{_MEANT[name]}" meant?'
    match = _FROM_GREENWICH.fullmatch(name)
    if match is None:
        return None
    side = "behind" if match["sign"] == "+" else "ahead of"
    return f"is {match['hours']} h {side} UTC, without summer time: was the zone of a place meant?"
