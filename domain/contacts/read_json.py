"""From the `contacts` of a JSON request to contacts and a report. One that cannot be called rejects them all."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.contacts.contact import (
    MAX_VALUE_LENGTH,
    ContactProblem,
    ReadNumber,
    ReadOptions,
    read_contact,
    read_number,
)
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.contacts.report import MAX_ENTRIES, Intake, ReportBuilder, list_indexes, list_warnings
from domain.contacts.shared_texts import SharedTexts
from domain.errors import InvalidPhoneFormat, InvalidRequest, NoValidContacts, TooManyContacts
from domain.jobs.models import NewContact
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem
from domain.requests.limits import MAX_CONTACTS, quoted, shortened, size_problem


def read_contact_list(contacts: Sequence[Any], options: ReadOptions | None = None) -> Intake:
    """Read contacts that came as JSON; duplicates are reported, values keep their types and order.

    Takes what `parse_json` gave. Raises NoValidContacts, TooManyContacts, InvalidPhoneFormat (naming indexes
    from 0), InvalidRequest (a named key that no contact has; a contact too large, or with a bad value).
    """
    options = options or ReadOptions()
    if not contacts:
        raise NoValidContacts("`contacts` is empty: there is nobody to call.")
    if len(contacts) > MAX_CONTACTS:
        raise TooManyContacts(f"There are more than {MAX_CONTACTS:,} contacts: split them into several jobs.")
    key = options.columns.phone or "phone"
    numbers = [_read_number(contact, key, options.numbers) for contact in contacts]
    problems = list(_list_problems(contacts, numbers, key))
    if problems:
        raise _invalid_phones_error(problems)
    _refuse_unknown_keys(contacts, options.columns)
    report = ReportBuilder()
    for contact in _read_all(contacts, numbers, key, options):
        report.add_contact(contact)
    return report.build(list_warnings(report.contacts, options.columns))


def _read_number(contact: Any, key: str, options: NumberOptions) -> ReadNumber | PhoneProblem:
    if not isinstance(contact, dict):
        return PhoneProblem(reason=f"is not an object with a {_quote_key(key)}")
    phone = contact.get(key)
    if phone is None:
        return PhoneProblem(reason=f"has no {_quote_key(key)}")
    return (
        read_number(phone, options)
        if isinstance(phone, str)
        else PhoneProblem(reason=f"has a {_quote_key(key)} that is not a string")
    )


def _quote_key(key: str) -> str:
    return "`phone`" if key == "phone" else quoted(key)


def _list_problems(
    contacts: Sequence[Any], numbers: Sequence[ReadNumber | PhoneProblem], key: str
) -> Iterator[dict[str, Any]]:
    for index, (contact, number) in enumerate(zip(contacts, numbers, strict=True)):
        if isinstance(number, PhoneProblem):
            phone = contact.get(key) if isinstance(contact, dict) else None
            value = mask_number(phone) if isinstance(phone, str) and phone else None
            yield {"index": index, "value": value, "reason": number.reason}


def _invalid_phones_error(problems: Sequence[dict[str, Any]]) -> InvalidPhoneFormat:
    return InvalidPhoneFormat(
        f"Every phone must be a valid number in E.164 format, such as +12025550101. Not so: contacts at "
        f"{list_indexes(problems)}. The first of them {_describe_reason(problems[0]['reason'])}.",
        problems[:MAX_ENTRIES],
    )


def _describe_reason(reason: str) -> str:
    return "is a premium-rate number" if reason == "premium rate" else reason


def _refuse_unknown_keys(contacts: Sequence[dict[str, Any]], columns: NamedColumns) -> None:
    """A key that no contact has is a slip; a contact that lacks what is required is reported with its index."""
    named = {
        "timezoneColumn": columns.timezone,
        "notBeforeColumn": columns.not_before,
        "externalIdColumn": columns.external_id,
    }
    unknown = [
        {"field": field, "reason": f"names a key that no contact has: {quoted(key)}"}
        for field, key in named.items()
        if key is not None and not any(key in contact for contact in contacts)
    ]
    if unknown:
        raise InvalidRequest(", ".join(f"{problem['field']} {problem['reason']}" for problem in unknown) + ".", unknown)


def _read_all(
    contacts: Sequence[dict[str, Any]], numbers: Sequence[ReadNumber | PhoneProblem], key: str, options: ReadOptions
) -> list[NewContact]:
    read: list[NewContact] = []
    texts = SharedTexts()
    problems: list[dict[str, Any]] = []
    for index, (contact, number) in enumerate(zip(contacts, numbers, strict=True)):
        texts.share_values(contact)
        entry = _read(index, contact, number, key, options)
        if isinstance(entry, NewContact):
            read.append(entry)
        else:
            path = f"contacts[{index}]" + (f".{shortened(entry.column, MAX_VALUE_LENGTH)}" if entry.column else "")
            problems.append({"path": path, "reason": entry.reason})
    if problems:
        more = {1: "", 2: " There is 1 more problem."}.get(
            len(problems), f" There are {len(problems) - 1:,} more problems."
        )
        raise InvalidRequest(f"{problems[0]['path']} {problems[0]['reason']}.{more}", problems[:MAX_ENTRIES])
    return read


def _read(
    index: int, contact: dict[str, Any], number: Any, key: str, options: ReadOptions
) -> NewContact | ContactProblem:
    problem = size_problem(contact)
    if problem is not None:
        return ContactProblem(None, None, problem)
    return read_contact(index + 1, number, contact, options)
