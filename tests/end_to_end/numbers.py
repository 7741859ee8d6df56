"""Numbers set aside for fiction, each handed out once, so that the jobs of one stack do not meet."""

from itertools import islice

from tests.end_to_end import judge

MAX_TALK = 14_400  # the largest maxCallSeconds
TALKS = "07"  # answers, and talks until it is hung up
PREMIUM = "+1900"  # refused
SHORT = "00"  # answers, and talks for two seconds
VOICEMAIL = "09"  # a machine answers, and records until it is hung up


class Numbers:
    """All that a stack's tests may dial."""

    def __init__(self) -> None:
        ordinary = [number for number in judge.fiction(40_000) if not number.startswith(PREMIUM)]
        self._ordinary = iter(ordinary)
        areas = sorted({number[:-2] for number in ordinary})
        self._areas = {script: iter(areas) for script in (TALKS, SHORT, VOICEMAIL)}

    def some(self, count: int) -> list[str]:
        """Whose calls go as the seed says."""
        return list(islice(self._ordinary, count))

    def scripted(self, script: str, count: int) -> list[str]:
        """Whose calls go as their last two digits say."""
        return [f"{area}{script}" for area in islice(self._areas[script], count)]


def contacts(numbers: list[str], **fields: object) -> list[dict[str, object]]:
    """As a request has them."""
    return [{"phone": number, "name": "Customer", **fields} for number in numbers]
