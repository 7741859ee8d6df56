"""From the `contacts` of a JSON request to contacts and a report. One bad number rejects them all."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.errors import InvalidPhoneFormat, InvalidRequest, NoValidContacts, TooManyContacts
from domain.intake.limits import MAX_CONTACTS, size_problem
from domain.intake.report import MOST_ENTRIES, Intake, Tally
from domain.jobs import NewContact
from domain.masking import masked
from domain.phones import PhoneProblem, read_phone

_INDEXES_SHOWN = 10


def read_contact_list(contacts: Sequence[Any]) -> Intake:
    """Read contacts that came as JSON; duplicates are reported, values keep their types and order.

    Takes what `parse_json` gave. Raises NoValidContacts, TooManyContacts, InvalidPhoneFormat (naming indexes
    from 0), InvalidRequest (a contact too large).
    """
    if not contacts:
        raise NoValidContacts("`contacts` is empty: there is nobody to call.")
    if len(contacts) > MAX_CONTACTS:
        raise TooManyContacts(f"There are more than {MAX_CONTACTS:,} contacts: split them into several jobs.")
    numbers = [_read_number(contact) for contact in contacts]
    problems = list(_problems(contacts, numbers))
    if problems:
        raise _refused(problems)
    tally = Tally()
    for index, (contact, number) in enumerate(zip(contacts, numbers, strict=True)):
        _refuse_large(index, contact)
        tally.good(NewContact(row=index + 1, number=str(number), data=contact))
    return tally.intake([])


def _read_number(contact: Any) -> str | PhoneProblem:
    if not isinstance(contact, dict):
        return PhoneProblem(reason="is not an object with a `phone`")
    phone = contact.get("phone")
    if "phone" not in contact or phone is None:
        return PhoneProblem(reason="has no `phone`")
    return read_phone(phone) if isinstance(phone, str) else PhoneProblem(reason="has a `phone` that is not a string")


def _problems(contacts: Sequence[Any], numbers: Sequence[str | PhoneProblem]) -> Iterator[dict[str, Any]]:
    for index, (contact, number) in enumerate(zip(contacts, numbers, strict=True)):
        if isinstance(number, PhoneProblem):
            phone = contact.get("phone") if isinstance(contact, dict) else None
            value = masked(phone) if isinstance(phone, str) and phone else None
            yield {"index": index, "value": value, "reason": number.reason}


def _refused(problems: Sequence[dict[str, Any]]) -> InvalidPhoneFormat:
    indexes = ", ".join(str(problem["index"]) for problem in problems[:_INDEXES_SHOWN])
    more = " and more" if len(problems) > _INDEXES_SHOWN else ""
    return InvalidPhoneFormat(
        f"Every phone must be a valid number in E.164 format, such as +12025550101. Not so: contacts at "
        f"index {indexes}{more}. The first of them {_said(problems[0]['reason'])}.",
        problems[:MOST_ENTRIES],
    )


def _said(reason: str) -> str:
    return "is a premium-rate number" if reason == "premium rate" else reason


def _refuse_large(index: int, contact: dict[str, Any]) -> None:
    problem = size_problem(contact)
    if problem is not None:
        path = f"contacts[{index}]"
        raise InvalidRequest(f"{path} {problem}.", [{"path": path, "reason": problem}])
