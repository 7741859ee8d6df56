"""Reading a request that lists numbers, in a worker process as create's is."""

from anyio import to_process

from api.bodies import Form, JsonBody
from domain.do_not_call import Source
from domain.intake.contact import Reading
from domain.intake.contact_file import read_contact_file
from domain.intake.naming import NamedColumns, read_named_columns
from domain.intake.number_list import ReadNumbers, read_note, read_number_list, read_numbers_of
from domain.intake.raw_values import FormValues
from domain.intake.strict_json import parse_json


def source_of(body: Form | JsonBody) -> Source:
    """Where numbers that came in this body come from."""
    return Source.API if isinstance(body, JsonBody) else Source.FILE


async def read_numbers(body: Form | JsonBody) -> ReadNumbers:
    """Read the numbers. Raises RequestError."""
    return await to_process.run_sync(_read, body)


def _read(body: Form | JsonBody) -> ReadNumbers:
    if isinstance(body, JsonBody):
        return read_number_list(parse_json(body.content, body.charset))
    values = FormValues(body.fields)
    note = read_note(values)
    columns = NamedColumns(phone=read_named_columns(values).phone)
    values.refuse_problems()
    return read_numbers_of(read_contact_file(body.file, Reading(columns=columns)), note)
