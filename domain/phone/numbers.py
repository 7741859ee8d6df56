"""Which texts are phone numbers that may be called: E.164 in form, valid by `phonenumbers`."""

import re
from typing import NewType

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from domain.model import Model
from domain.phone.marks import find_mark, strip_marks
from domain.phone.numbering_plans import NumberFacts, NumberingPlan, get_plan, split_code

E164 = NewType("E164", str)

_E164_FORM = re.compile(r"\+[1-9][0-9]{1,14}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_DECIMAL = re.compile(r"\+?[0-9]+[.,]0+")
_PLUS_AND_DIGITS = re.compile(r"\+[0-9]*")
_DIGITS = re.compile(r"[0-9]+")


class PhoneProblem(Model):
    """Why a text is not a number that may be called."""

    reason: str


def clean_phone_cell(cell: str) -> str:
    """A cell's text without space around it, marks that are not seen, and one leading `'`, a spreadsheet's for text."""
    return strip_marks(cell).removeprefix("'")


def read_phone(text: str) -> E164 | PhoneProblem:
    """Read a number that may be called, exactly as it stands."""
    number = parse_phone(text)
    return number if isinstance(number, PhoneProblem) else E164(text)


def parse_phone(text: str, *, possible: bool = False) -> NumberFacts | PhoneProblem:
    """As `read_phone`, with all that is known of the number, so that it is looked up once.

    `possible`: its length must be right, its range need not be one that `phonenumbers` knows.
    """
    if not _E164_FORM.fullmatch(text):
        return PhoneProblem(reason=_explain_not_e164(text))
    try:
        plan, national = _find_national(text)
    except NumberParseException as error:
        unknown = error.error_type == NumberParseException.INVALID_COUNTRY_CODE
        return PhoneProblem(reason="begins with no known country code" if unknown else "is too short")
    facts = plan.find(national)
    if not (plan.is_possible(national) if possible else facts.valid):
        return PhoneProblem(reason="is not a valid number in its country")
    if f"+{plan.code}{national}" != text:
        return PhoneProblem(reason="has a dialing prefix, such as 0, after the country code")
    if facts.kind == PhoneNumberType.PREMIUM_RATE:
        return PhoneProblem(reason="premium rate")
    return facts


def find_facts(number: E164 | str) -> NumberFacts:
    """What is known of a number in E.164 form. Raises NumberParseException where it is none at all."""
    plan, national = _find_national(number)
    return plan.find(national)


def _find_national(number: str) -> tuple[NumberingPlan, str]:
    """As `phonenumbers.parse`, which takes five times as long, and is asked where it may take off a prefix."""
    found = split_code(number[1:])
    if found is not None and found[0].is_written_plainly(found[1]):
        return found
    parsed = phonenumbers.parse(number)
    return get_plan(str(parsed.country_code)), phonenumbers.national_significant_number(parsed)


def explain_unreadable(text: str) -> str | None:
    """Why a text is a number in no writing: empty, or spoiled by copying or by a spreadsheet; None: it may be one."""
    if not text.strip():
        return "is empty"
    if (mark := find_mark(text)) is not None:
        return f"holds the invisible character {mark}: enter it again"
    if _SCIENTIFIC.fullmatch(text):
        return "a spreadsheet rounded it and digits are lost: format the column as text and enter it again"
    if _DECIMAL.fullmatch(text):
        return "a spreadsheet made it a decimal number: format the column as text and enter it again"
    return "is a spreadsheet's formula: enter the number itself" if text.startswith("=") else None


def _explain_not_e164(text: str) -> str:
    if (reason := explain_unreadable(text)) is not None:
        return reason
    if _DIGITS.fullmatch(text):
        return "begins with 00 instead of +" if text.startswith("00") else "does not begin with + and a country code"
    if not _PLUS_AND_DIGITS.fullmatch(text):
        return "holds something other than one leading + and the digits 0 to 9"
    return _explain_digits(text.removeprefix("+"))


def _explain_digits(digits: str) -> str:
    if digits.startswith("0"):
        return "begins with no country code: after the + comes a digit from 1 to 9"
    return "has more than 15 digits" if len(digits) > 15 else "is too short"
