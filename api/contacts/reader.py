"""Reading contacts and numbers, in forked processes: 10,000 rows take longer than other requests may wait."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from api.http.bodies import Form, JsonBody
from api.http.fork_pool import ForkPool, TooCostly
from domain.calling_rules.do_not_call import Source
from domain.calling_rules.schedule import list_zones
from domain.contacts.contact import ReadOptions
from domain.contacts.encodings import guess_encoding
from domain.contacts.lost_parameters import warn_of_reserved
from domain.contacts.named_columns import NAMING_FIELDS, NamedColumns
from domain.contacts.number_list import (
    NumberList,
    collect_numbers,
    read_note,
    read_number_list,
    read_number_options,
)
from domain.contacts.number_options import NUMBER_FIELDS, NumberOptions
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.read_stream import StreamState, read_block
from domain.contacts.rejects import Rejects
from domain.contacts.report import Intake, IntakeReport
from domain.errors import InvalidCsv, RequestError
from domain.jobs.create_request import (
    CONTACT_FIELDS,
    ORDER,
    WHOLE_FIELDS,
    ParsedCreate,
    read_body_contacts,
    read_form,
    read_form_contacts,
    read_json,
)
from domain.jobs.models import NewContact
from domain.jobs.test_target import PHONE, read_target
from domain.phone.numbering_plans import load_plans
from domain.requests.form_brackets import note_parts
from domain.requests.reading import Problems, drop_nulls, list_unknown, read_form_values, read_model, require_object
from domain.requests.strict_json import MAX_VALUES, parse_json
from store.contacts.packed import PackedContacts, PackedRejects, pack_contacts, pack_rejects

WARM_UP = "api.contacts.reader:warm_up"
WARM_TEXT = "phone\n\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432\n".encode("cp1251")
WARM_FILE = b"phone\n+12025550101\n"
TOO_COSTLY = (
    "Reading this file takes more memory or time than it may: save the contacts alone as CSV in UTF-8, or split them"
    " into several files."
)

T = TypeVar("T")


@dataclass(frozen=True)
class ReadContacts:
    """The contacts that may be called, the account of the others, and the rows of a file that cannot be called."""

    contacts: PackedContacts
    report: IntakeReport
    rejects: PackedRejects | None = None  # None: there is no file


@dataclass(frozen=True)
class ReadCreate:
    """Valid fields, and what the contacts came to: checked after the number, as the contract orders."""

    fields: ParsedCreate
    contacts: ReadContacts | RequestError

    def intake(self) -> ReadContacts:
        """The contacts. Raises what is wrong with them."""
        if isinstance(self.contacts, RequestError):
            raise self.contacts
        return self.contacts


@dataclass(frozen=True)
class ReadTest:
    """Valid fields of a job, the number to call instead of its contacts, and the first of them."""

    fields: ParsedCreate
    number: str
    contact: NewContact | RequestError

    def first(self) -> NewContact:
        """The first contact that may be called. Raises what is wrong with them."""
        if isinstance(self.contact, RequestError):
            raise self.contact
        return self.contact


@dataclass(frozen=True)
class ReadBlock:
    """The contacts of some bytes of a file, of which `consumed` were read; `state`: what is known after them."""

    contacts: PackedContacts
    report: IntakeReport
    rejects: PackedRejects
    state: StreamState
    consumed: int


class ContactReader:
    """Reads what an organization sent. Raises RequestError, Unavailable where too much of it waits to be read."""

    def __init__(self, pool: ForkPool, organization_id: str) -> None:
        self._pool = pool
        self._owner = organization_id

    async def read_create(self, body: Form | JsonBody, now: datetime) -> ReadCreate:
        """Fields and contacts of a new job. Raises RequestError for the body and the fields."""
        return await self._run(_read_create, body, now)

    async def read_test(self, body: Form | JsonBody, now: datetime) -> ReadTest:
        """The same of a job to be tried before it is created. Raises RequestError for the body, the fields, `phone`."""
        return await self._run(_read_test, body, now)

    async def read_more(self, body: Form | JsonBody, timezone: str, now: datetime) -> ReadContacts:
        """Contacts for a job that is there."""
        return await self._run(_read_more, body, timezone, now)

    async def read_block(self, content: bytes, state: StreamState, options: ReadOptions, *, final: bool) -> ReadBlock:
        """The next bytes of a file of any length."""
        try:
            return await self._pool.run(self._owner, _read_block, content, state, options, final)
        except TooCostly:
            raise InvalidCsv(TOO_COSTLY) from None

    async def read_numbers(self, body: Form | JsonBody, country: str | None) -> NumberList:
        """Numbers for the do-not-call list, of `country` unless the request says otherwise."""
        return await self._run(_read_numbers, body, country)

    async def _run(self, read: Callable[..., T], body: Form | JsonBody, *arguments: Any) -> T:
        try:
            return await self._pool.run(self._owner, read, body, *arguments)
        except TooCostly:
            if isinstance(body, Form) and body.file:
                raise InvalidCsv(TOO_COSTLY) from None
            raise


def source_of(body: Form | JsonBody) -> Source:
    """Where numbers that came in this body come from."""
    return Source.API if isinstance(body, JsonBody) else Source.FILE


def pack(intake: Intake) -> ReadContacts:
    """Write contacts down as they are stored; the report says which columns no agent receives."""
    report = intake.report.with_warnings(warn_of_reserved(intake.contacts))
    rejects = None if intake.rejects is None else pack_rejects(intake.rejects)
    return ReadContacts(pack_contacts(intake.contacts), report, rejects)


def warm_up() -> None:
    """Load what reading needs, once for all processes that are forked."""
    load_plans()
    pack(read_contact_file(WARM_FILE))
    guess_encoding(WARM_TEXT)
    list_zones()
    gc.collect()
    gc.freeze()  # a process that is forked would look through, and so copy, all that is loaded


def _read_create(body: Form | JsonBody, now: datetime) -> ReadCreate:
    fields = _read_fields(_sent(body), body, now)
    contacts: ReadContacts | RequestError
    try:
        contacts = pack(_read_contacts(body, fields.contacts, _options(fields, now)))
    except RequestError as error:
        contacts = error
    return ReadCreate(_without_contacts(fields), contacts)


def _read_test(body: Form | JsonBody, now: datetime) -> ReadTest:
    sent = dict(require_object(_sent(body)))
    target = {name: sent.pop(name) for name in [PHONE] if name in sent}
    fields = _read_fields(sent, body, now)
    number = read_target(target)
    contact: NewContact | RequestError
    try:
        contact = _read_contacts(body, fields.contacts, _options(fields, now)).contacts[0]
    except RequestError as error:
        contact = error
    return ReadTest(_without_contacts(fields), number, contact)


def _sent(body: Form | JsonBody) -> Any:
    """All that was sent but a file."""
    return parse_json(body.content, body.charset, max_values=MAX_VALUES) if isinstance(body, JsonBody) else body.fields


def _read_fields(sent: Any, body: Form | JsonBody, now: datetime) -> ParsedCreate:
    return read_json(sent, now) if isinstance(body, JsonBody) else read_form(sent, has_file=bool(body.file), now=now)


def _options(fields: ParsedCreate, now: datetime) -> ReadOptions:
    return ReadOptions(columns=fields.columns, numbers=fields.numbers, timezone=fields.request.timezone, now=now)


def _without_contacts(fields: ParsedCreate) -> ParsedCreate:
    return fields.model_copy(update={"contacts": None})


def _read_more(body: Form | JsonBody, timezone: str, now: datetime) -> ReadContacts:
    problems = Problems(ORDER)
    contacts: Sequence[Any] | None
    if isinstance(body, JsonBody):
        fields = require_object(parse_json(body.content, body.charset, max_values=MAX_VALUES))
        note_parts(fields, CONTACT_FIELDS, problems.note)
        given, contacts = drop_nulls(fields), read_body_contacts(fields, problems)
    else:
        fields = dict(body.fields)
        note_parts(fields, WHOLE_FIELDS, problems.note)
        contacts = read_form_contacts(body.fields, problems, has_file=bool(body.file))
        given = read_form_values(body.fields, problems, NamedColumns, NumberOptions)
    options = ReadOptions(
        columns=read_model(NamedColumns, given, problems),
        numbers=read_model(NumberOptions, given, problems),
        timezone=timezone,
        now=now,
    )
    problems.raise_if_any()
    intake = _read_contacts(body, contacts, options)
    report = intake.report.with_warnings(list_unknown(fields, CONTACT_FIELDS))
    return pack(replace(intake, report=report))


def _read_contacts(body: Form | JsonBody, sent: Sequence[Any] | None, options: ReadOptions) -> Intake:
    if sent is not None:
        return read_contact_list(sent, options)
    return read_contact_file(body.file if isinstance(body, Form) else None, options)


def _read_block(content: bytes, state: StreamState, options: ReadOptions, final: bool) -> ReadBlock:
    block = read_block(content, state, options, final=final)
    read = pack(block.intake)
    rejects = read.rejects or pack_rejects(Rejects(header=block.state.header or (), delimiter=block.state.delimiter))
    return ReadBlock(read.contacts, read.report, rejects, block.state, block.consumed)


def _read_numbers(body: Form | JsonBody, country: str | None) -> NumberList:
    if isinstance(body, JsonBody):
        return read_number_list(parse_json(body.content, body.charset, max_values=MAX_VALUES), country)
    problems = Problems(["note", *NAMING_FIELDS, *NUMBER_FIELDS])
    note_parts(body.fields, WHOLE_FIELDS, problems.note)
    fields = read_form_values(body.fields, problems, NamedColumns, NumberOptions)
    note, columns = read_note(fields, problems), read_model(NamedColumns, fields, problems)
    numbers = read_number_options(fields, country, problems)
    problems.raise_if_any()
    options = ReadOptions(columns=NamedColumns(phone=columns.phone), numbers=numbers)
    return collect_numbers(read_contact_file(body.file, options), note)
