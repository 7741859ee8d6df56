"""From a request to numbers that must not be called: a JSON array, or a file with a phone column."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from domain.contacts.report import MAX_ENTRIES, Intake, IntakeReport, ReportBuilder, list_indexes
from domain.errors import InvalidPhoneFormat, NoValidContacts, TooManyContacts
from domain.jobs.models import NewContact
from domain.model import Model
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem, read_phone
from domain.requests.field_types import Text
from domain.requests.limits import MAX_CONTACTS
from domain.requests.reading import Problems, read_model, require_object
from domain.requests.request_model import RequestModel

MAX_NOTE_LENGTH = 1000  # code points


class NumberList(Model):
    """Numbers, E.164, each once; why they are listed; and the account of the rows or elements."""

    numbers: tuple[str, ...]
    note: str | None
    report: IntakeReport


class Note(RequestModel):
    """Why a number is listed."""

    note: Annotated[str | None, Text(MAX_NOTE_LENGTH)] = Field(default=None, examples=["Asked not to be called again."])


def read_note(fields: Mapping[str, Any], problems: Problems) -> str | None:
    """The note among these fields; what is wrong with it is noted."""
    return read_model(Note, fields, problems).note or None


def read_number_list(body: Any) -> NumberList:
    """Read `{"numbers": [...], "note"?}` as `parse_json` gave it. One bad number rejects them all.

    Raises InvalidRequest, NoValidContacts, TooManyContacts, InvalidPhoneFormat (naming indexes from 0).
    """
    fields, problems = require_object(body), Problems()
    note, sent = read_note(fields, problems), fields.get("numbers")
    if sent is None:
        problems.note("numbers", "is required")
    elif not isinstance(sent, list):
        problems.note("numbers", "must be an array of strings")
    problems.raise_if_any()
    report = ReportBuilder()
    for index, number in enumerate(_read_all(sent or [])):
        report.add_contact(NewContact(row=index + 1, number=number, data={}))
    return collect_numbers(report.build([]), note)


def collect_numbers(intake: Intake, note: str | None) -> NumberList:
    """The numbers of a contact file: whatever else its rows hold is not kept."""
    return NumberList(numbers=tuple(contact.number for contact in intake.contacts), note=note, report=intake.report)


def _read_all(sent: Sequence[Any]) -> list[str]:
    if not sent:
        raise NoValidContacts("`numbers` is empty.")
    if len(sent) > MAX_CONTACTS:
        raise TooManyContacts(f"There are more than {MAX_CONTACTS:,} numbers: send them in several requests.")
    read = [read_phone(text) if isinstance(text, str) else PhoneProblem(reason="is not a string") for text in sent]
    problems = [
        {"index": index, "value": _mask_value(sent[index]), "reason": found.reason}
        for index, found in enumerate(read)
        if isinstance(found, PhoneProblem)
    ]
    if problems:
        raise _invalid_numbers_error(problems)
    return [str(number) for number in read]


def _mask_value(value: Any) -> str | None:
    return mask_number(value) if isinstance(value, str) and value else None


def _invalid_numbers_error(problems: Sequence[dict[str, Any]]) -> InvalidPhoneFormat:
    return InvalidPhoneFormat(
        f"Every number must be a valid one in E.164 format, such as +12025550101. Not so: {list_indexes(problems)}."
        f" The first of them: {problems[0]['reason']}.",
        problems[:MAX_ENTRIES],
    )
