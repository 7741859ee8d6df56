"""Bodies of the OpenAPI page for creating, changing and retrying a job: derived from its settings."""

from typing import Any

from api.contacts.openapi import CONTACTS
from api.http.examples import A_NUMBER
from api.http.openapi import body, file_form, json_body, json_content, without_default, without_prefill
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.rerun import RetryOptions
from domain.jobs.settings import NULL, PATCH, RETRY, JobSettings, list_accepted
from domain.jobs.test_target import PHONE
from domain.requests.request_model import describe_fields, describe_form_fields, nullable

MODELS = JobSettings, NamedColumns, NumberOptions
FIELDS = {name: schema for model in MODELS for name, schema in describe_fields(model).items()}
NEEDED = ["fromPhoneNumberId", "name"]
FORM_FIELDS = {
    name: schema if name in NEEDED else without_prefill(schema)
    for model in MODELS
    for name, schema in describe_form_fields(model).items()
}
EXAMPLE: dict[str, Any] = {
    "fromPhoneNumberId": A_NUMBER,
    "name": "Appointments in May",
    "contacts": [{"phone": "+12025550101", "name": "Ada", "plan": "basic"}],
    "timezone": "America/New_York",
    "callingWindow": "us-federal",
}
CREATE_BODY = body(
    {
        **file_form(FORM_FIELDS, NEEDED),
        "application/json": json_content({"contacts": CONTACTS, **FIELDS}, EXAMPLE, ["contacts", *NEEDED]),
    }
)

INSTEAD = {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "description": "E.164: whom to call instead."}
TEST_BODY = json_body({PHONE: INSTEAD}, {PHONE: "+12025550101"}, needed=[PHONE])
TEST_NEW_BODY = body(
    {
        **file_form({PHONE: INSTEAD, **FORM_FIELDS}, [PHONE, *NEEDED]),
        "application/json": json_content(
            {PHONE: INSTEAD, "contacts": CONTACTS, **FIELDS},
            {PHONE: "+12025550101", **EXAMPLE},
            [PHONE, "contacts", *NEEDED],
        ),
    }
)


def _change_schemas() -> dict[str, Any]:
    """The settings of a change: null takes away what is set, where that is possible; none has a default here."""
    schemas = describe_form_fields(JobSettings) | {name: FIELDS[name] for name in list_accepted(NULL)}
    return {name: without_default(schemas[name]) for name in list_accepted(PATCH)}


CHANGE_BODY = json_body(
    _change_schemas(), {"concurrentCallLimit": 20, "endTime": "2027-05-03T18:00", "timezone": "Europe/Berlin"}
)
CHANGE_BODY["requestBody"]["content"]["application/json"]["schema"] |= {
    "minProperties": 1,
    "additionalProperties": False,
}
RETRY_BODY = json_body(
    {name: FIELDS[name] if name not in NEEDED else nullable(FIELDS[name]) for name in list_accepted(RETRY)}
    | describe_fields(RetryOptions),
    {"name": "Second round", "maxAttempts": 2, "scheduledStartTime": "2027-05-04T09:00"},
    required=False,
)
