"""Reading a create request, in a worker process: 10,000 rows take longer than other requests may wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import to_process

from api.http.bodies import Form, JsonBody
from domain.calling_rules.schedule import list_zones
from domain.contacts.contact import ReadOptions
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.report import Intake
from domain.errors import RequestError
from domain.jobs.create_request import ReadJobFields, read_form, read_json
from domain.requests.strict_json import parse_json

WARM_FILE = b"phone\n+12025550101\n"


@dataclass(frozen=True)
class ReadCreate:
    """Valid fields, and what the contacts came to: that is judged after the number, as the contract says."""

    fields: ReadJobFields
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
    list_zones()


def _read(body: Form | JsonBody, now: datetime) -> ReadCreate:
    if isinstance(body, JsonBody):
        fields = read_json(parse_json(body.content, body.charset), now)
    else:
        fields = read_form(body.fields, has_file=bool(body.file), now=now)
    file = body.file if isinstance(body, Form) else None
    reading = ReadOptions(columns=fields.columns, timezone=fields.request.timezone, now=now)
    contacts = _contacts(fields.contacts, file, reading)
    return ReadCreate(fields.model_copy(update={"contacts": None}), contacts)


def _contacts(sent: Sequence[Any] | None, file: bytes | None, reading: ReadOptions) -> Intake | RequestError:
    try:
        return read_contact_file(file, reading) if sent is None else read_contact_list(sent, reading)
    except RequestError as error:
        return error
