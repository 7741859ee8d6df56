"""Reading a request that lists numbers, in a worker process as create's is."""

from anyio import to_process

from api.http.bodies import Form, JsonBody
from domain.calling_rules.do_not_call import Source
from domain.contacts.contact import ReadOptions
from domain.contacts.number_list import NumberList, collect_numbers, read_note, read_number_list
from domain.contacts.read_file import read_contact_file
from domain.jobs.column_fields import NAMING_FIELDS, NamedColumns
from domain.requests.reading import Problems, form_fields, read_sent
from domain.requests.strict_json import parse_json


def source_of(body: Form | JsonBody) -> Source:
    """Where numbers that came in this body come from."""
    return Source.API if isinstance(body, JsonBody) else Source.FILE


async def read_numbers(body: Form | JsonBody) -> NumberList:
    """Read the numbers. Raises RequestError."""
    return await to_process.run_sync(_read, body)


def _read(body: Form | JsonBody) -> NumberList:
    if isinstance(body, JsonBody):
        return read_number_list(parse_json(body.content, body.charset))
    problems = Problems(["note", *NAMING_FIELDS])
    fields = form_fields(body.fields, problems, NamedColumns)
    note, columns = read_note(fields, problems), read_sent(NamedColumns, fields, problems)
    problems.refuse()
    options = ReadOptions(columns=NamedColumns(phone=columns.phone))
    return collect_numbers(read_contact_file(body.file, options), note)
