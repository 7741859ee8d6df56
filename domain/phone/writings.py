"""Numbers as people of a country write them: to E.164, or why not."""

import re
from collections.abc import Iterator
from contextlib import suppress

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from domain.phone.numbering_plans import NumberFacts
from domain.phone.numbers import E164, PhoneProblem, explain_unreadable, parse_phone

MAX_LENGTH = 40  # characters of a writing

_MARKS = "\u00a0\u2010-\u2015\u2212"  # a blank that does not break, hyphens, dashes, a minus
_WRITING = re.compile(rf"\+?[0-9\s().\-/{_MARKS}]+")
_LETTERS = re.compile(r"[A-Za-z]")


def read_writing(text: str, country: str, *, possible: bool = False) -> tuple[E164, NumberFacts] | PhoneProblem:
    """Read a number as the people of `country` (ISO 3166) write it: nationally, or internationally with marks.

    Refused are extensions and letters, and digits that are a number both within the country and with its code before
    them. A number of another country needs its + or the prefix that the country dials abroad with.
    """
    problem = _find_problem(text)
    if problem is not None:
        return PhoneProblem(reason=problem)
    readings = dict.fromkeys(_list_readings(text, country))
    parsed = {reading: parse_phone(reading, possible=possible) for reading in readings}
    found = [(E164(reading), number) for reading, number in parsed.items() if isinstance(number, NumberFacts)]
    if len(found) == 1:
        return found[0]
    if found:
        one, other = found[0][0], found[1][0]
        return PhoneProblem(reason=f"can be read as {one} and as {other}: write it with + and the country code")
    reasons = [number.reason for number in parsed.values() if isinstance(number, PhoneProblem)]
    return PhoneProblem(reason=f"read as a number of {country}, {reasons[0] if reasons else 'is too short'}")


def _find_problem(text: str) -> str | None:
    if (reason := explain_unreadable(text)) is not None:
        return reason
    if len(text) > MAX_LENGTH:
        return f"has more than {MAX_LENGTH} characters"
    if _LETTERS.search(text):
        return "holds letters or an extension: write the number alone, in digits"
    if not _WRITING.fullmatch(text.strip()):
        return "holds something other than digits, blanks and the marks + ( ) - . /"
    return None


def _list_readings(text: str, country: str) -> Iterator[str]:
    """As E.164, not yet checked: by the country's own rules; without a +, its code first; all of it national."""
    digits, code = re.sub("[^0-9]", "", text), str(phonenumbers.country_code_for_region(country))
    with suppress(NumberParseException):
        yield phonenumbers.format_number(phonenumbers.parse(text, country), PhoneNumberFormat.E164)
    if "+" not in text:
        if digits.startswith(code):
            yield f"+{digits}"
        yield f"+{code}{digits}"
