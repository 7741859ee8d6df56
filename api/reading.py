"""Reading a create request, in a worker process: 10,000 rows take longer than other requests may wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import to_process

from api.bodies import Form, JsonBody
from domain.errors import InvalidRequest, RequestError
from domain.intake.contact_file import read_contact_file
from domain.intake.contact_list import read_contact_list
from domain.intake.fields import ReadFields, read_form_fields, read_json_fields
from domain.intake.report import Intake
from domain.intake.strict_json import parse_json, parse_json_text
from domain.schedule import zone_names

WARM_FILE = b"phone\n+12025550101\n"


@dataclass(frozen=True)
class ReadCreate:
    """Valid fields, and what the contacts came to: that is judged after the number, as the contract says."""

    fields: ReadFields
    contacts: Intake | RequestError

    def intake(self) -> Intake:
        """The contacts. Raises what is wrong with them."""
        if isinstance(self.contacts, RequestError):
            raise self.contacts
        return self.contacts


async def read_create(body: Form | JsonBody, now: datetime) -> ReadCreate:
    """Read fields and contacts. Raises RequestError for the body and the fields."""
    return await to_process.run_sync(_read, body, now)


async def warm_up() -> None:
    """Start a worker process and let it import and load what reading needs."""
    await to_process.run_sync(_load)


def _load() -> None:
    read_contact_file(WARM_FILE)
    zone_names()


def _read(body: Form | JsonBody, now: datetime) -> ReadCreate:
    return _read_json(body, now) if isinstance(body, JsonBody) else _read_form(body, now)


def _read_json(body: JsonBody, now: datetime) -> ReadCreate:
    values = parse_json(body.content, body.charset)
    if not isinstance(values, dict):
        raise InvalidRequest("The body must be a JSON object with the fields of a batch job.")
    contacts = _array(values.get("contacts"))
    return ReadCreate(read_json_fields(values, now), _contacts(contacts))


def _read_form(form: Form, now: datetime) -> ReadCreate:
    text = form.fields.get("contacts", "").strip()
    if text and form.file:
        reason = "cannot be sent together with file"
        raise InvalidRequest("Send a file or contacts, not both.", [{"field": "contacts", "reason": reason}])
    if text:
        contacts = _array(parse_json_text(text, "contacts"))
        return ReadCreate(read_form_fields(form.fields, now), _contacts(contacts))
    fields = read_form_fields(form.fields, now)
    try:
        return ReadCreate(fields, read_contact_file(form.file))
    except RequestError as error:
        return ReadCreate(fields, error)


def _array(contacts: Any) -> list[Any]:
    if not isinstance(contacts, list):
        reason = "is required" if contacts is None else "must be an array of objects"
        raise InvalidRequest(f"contacts {reason}.", [{"field": "contacts", "reason": reason}])
    return contacts


def _contacts(contacts: list[Any]) -> Intake | RequestError:
    try:
        return read_contact_list(contacts)
    except RequestError as error:
        return error
