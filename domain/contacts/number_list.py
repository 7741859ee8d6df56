"""From a request to numbers that must not be called: a JSON array, or a file with a phone column."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from domain.contacts.contact import ReadNumber, read_number
from domain.contacts.number_options import NumberCheck, NumberOptions
from domain.contacts.report import MAX_ENTRIES, Intake, IntakeReport, ReportBuilder, list_indexes, warn_of_ranges
from domain.errors import InvalidPhoneFormat, NoValidContacts, TooManyContacts
from domain.jobs.models import NewContact
from domain.model import Model
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem
from domain.requests.field_types import Text
from domain.requests.limits import MAX_CONTACTS
from domain.requests.reading import Problems, drop_nulls, read_model, require_object
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


def read_number_options(fields: Mapping[str, Any], country: str | None, problems: Problems) -> NumberOptions:
    """How these numbers are written; `country`: whose people write them unless the fields say otherwise.

    Here a number of a range that is not known yet is listed too: who must not be called has to be on the list.
    """
    options = read_model(NumberOptions, {"numberCheck": NumberCheck.POSSIBLE, **fields}, problems)
    return options.model_copy(update={"default_country": options.default_country or country})


def read_number_list(body: Any, country: str | None = None) -> NumberList:
    """Read `{"numbers": [...], "note"?, "defaultCountry"?}` as `parse_json` gave it. One bad number rejects them all.

    Raises InvalidRequest, NoValidContacts, TooManyContacts, InvalidPhoneFormat (naming indexes from 0).
    """
    fields, problems = drop_nulls(require_object(body)), Problems()
    note, sent = read_note(fields, problems), fields.get("numbers")
    if sent is None:
        problems.note("numbers", "is required")
    elif not isinstance(sent, list):
        problems.note("numbers", "must be an array of strings")
    options = read_number_options(fields, country, problems)
    problems.raise_if_any()
    report = ReportBuilder()
    for index, read in enumerate(_read_all(sent or [], options)):
        report.add_contact(
            NewContact(
                row=index + 1,
                number=read.number,
                data={},
                written=None if read.written == read.number else read.written,
                in_known_range=read.facts.valid,
            )
        )
    return collect_numbers(report.build(warn_of_ranges(report.contacts)), note)


def collect_numbers(intake: Intake, note: str | None) -> NumberList:
    """The numbers of a contact file: whatever else its rows hold is not kept."""
    return NumberList(numbers=tuple(contact.number for contact in intake.contacts), note=note, report=intake.report)


def _read_all(sent: Sequence[Any], options: NumberOptions) -> list[ReadNumber]:
    if not sent:
        raise NoValidContacts("`numbers` is empty.")
    if len(sent) > MAX_CONTACTS:
        raise TooManyContacts(f"There are more than {MAX_CONTACTS:,} numbers: send them in several requests.")
    read = [
        read_number(text, options) if isinstance(text, str) else PhoneProblem(reason="is not a string") for text in sent
    ]
    problems = [
        {"index": index, "value": _mask_value(sent[index]), "reason": found.reason}
        for index, found in enumerate(read)
        if isinstance(found, PhoneProblem)
    ]
    if problems:
        raise _invalid_numbers_error(problems)
    return [found for found in read if isinstance(found, ReadNumber)]


def _mask_value(value: Any) -> str | None:
    return mask_number(value) if isinstance(value, str) and value else None


def _invalid_numbers_error(problems: Sequence[dict[str, Any]]) -> InvalidPhoneFormat:
    return InvalidPhoneFormat(
        f"Every number must be a valid one in E.164 format, such as +12025550101. Not so: {list_indexes(problems)}."
        f" The first of them: {problems[0]['reason']}.",
        problems[:MAX_ENTRIES],
    )
