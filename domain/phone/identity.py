"""Numbers that are written in more than one way: which writings are one telephone.

Each rule has two writings of the same telephone, both of which `phonenumbers` takes for valid, or did until lately.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class _Twins(NamedTuple):
    """Two writings, each with the template that makes the other of it."""

    one: re.Pattern[str]
    to_other: str
    other: re.Pattern[str]
    to_one: str


def _pair(one: str, other: str, rest: str) -> _Twins:
    """Two beginnings of the same digits, such as +54 and +549."""
    first, second = re.escape(one), re.escape(other)
    return _Twins(re.compile(f"{first}({rest})"), rf"{other}\1", re.compile(f"{second}({rest})"), rf"{one}\1")


_RULES = (
    _pair("+54", "+549", r"[1-3]\d{9}"),  # Argentina: the 9 of mobiles, which share area codes with fixed lines
    _pair("+52", "+521", r"[2-9]\d{9}"),  # Mexico: the 1 of mobiles, dropped in 2019
    _Twins(  # Brazil: the ninth digit of mobiles, added from 2012 to 2016
        re.compile(r"\+55([1-9]\d)([6-9]\d{7})"),
        r"+55\g<1>9\2",
        re.compile(r"\+55([1-9]\d)9([6-9]\d{7})"),
        r"+55\1\2",
    ),
    _pair("+241", "+2410", r"[2-7]\d{6}"),  # Gabon: old mobiles with and without the 0
    _pair("+3780549", "+390549", r"\d{6}"),  # San Marino is reached through Italy as well
    _pair("+970", "+972", r"5[69]\d{7}|[2489]2\d{6}"),  # Palestine is reached through Israel's code as well
    _pair("+4428", "+35348", r"\d{8}"),  # Northern Ireland has an area code of the Republic as well
)
_BEGINNINGS = ("+52", "+54", "+55", "+241", "+378", "+390549", "+970", "+972", "+4428", "+35348")


def identify(number: str) -> str:
    """The one writing, E.164, that stands for all of a telephone."""
    return min(list_writings(number)) if number.startswith(_BEGINNINGS) else number


def list_writings(number: str) -> tuple[str, ...]:
    """Every writing, E.164, of the telephone, `number` first."""
    if number.startswith(_BEGINNINGS):
        for rule in _RULES:
            if rule.one.fullmatch(number):
                return number, rule.one.sub(rule.to_other, number)
            if rule.other.fullmatch(number):
                return number, rule.other.sub(rule.to_one, number)
    return (number,)


def list_all_writings(numbers: Iterable[str]) -> list[str]:
    """The writings of all these telephones, for a query."""
    return [writing for number in numbers for writing in list_writings(number)]
