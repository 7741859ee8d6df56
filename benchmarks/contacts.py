"""Whom the benchmarks call: numbers set aside for fiction."""

from collections.abc import Iterator, Sequence

import phonenumbers

LINES = range(10, 100)  # of +1 NXX 555 01xx
PREMIUM = 900  # an area whose calls are refused


def fiction() -> Iterator[str]:
    """Numbers that nobody has, about 40,000 of them."""
    for area in range(201, 990):
        if area != PREMIUM and phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}5550110")):
            yield from (f"+1{area}55501{line}" for line in LINES)


def csv(numbers: Sequence[str]) -> str:
    """A contact file as people send it, with two columns for the agent."""
    rows = (f"{number},Customer {row},Account {row * 7},{row % 100}.50" for row, number in enumerate(numbers))
    return "\n".join(["phone,name,account,amount", *rows])
