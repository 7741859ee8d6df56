"""Bodies of the OpenAPI page for creating, changing and retrying a job: derived from its settings."""

from typing import Any

from api.contacts.openapi import CONTACTS
from api.http.openapi import body, file_form, json_body, json_content, without_default
from domain.jobs.column_fields import NamedColumns
from domain.jobs.rerun import RetryOptions
from domain.jobs.settings import NULL, PATCH, RETRY, JobSettings, sent_to
from domain.requests.field_types import field_schemas, form_schemas, nullable

FIELDS = field_schemas(JobSettings) | field_schemas(NamedColumns)
NEEDED = ["fromPhoneNumberId", "name"]
EXAMPLE: dict[str, Any] = {
    "fromPhoneNumberId": "phone_0123456789abcdef01234567",
    "name": "Appointments in May",
    "contacts": [{"phone": "+12025550101", "name": "Ada", "plan": "basic"}],
    "scheduledStartTime": "2027-05-03T09:00",
    "timezone": "America/New_York",
    "callingWindow": "us-federal",
}
CREATE_BODY = body(
    {
        **file_form(form_schemas(JobSettings) | form_schemas(NamedColumns), NEEDED),
        "application/json": json_content({"contacts": CONTACTS, **FIELDS}, EXAMPLE, ["contacts", *NEEDED]),
    }
)


def _change_schemas() -> dict[str, Any]:
    """The settings of a change: null takes away what is set, where that is possible; none has a default here."""
    plain, with_null = form_schemas(JobSettings), field_schemas(JobSettings)
    return {name: without_default((with_null if name in sent_to(NULL) else plain)[name]) for name in sent_to(PATCH)}


CHANGE_BODY = json_body(
    _change_schemas(), {"concurrentCallLimit": 20, "endTime": "2027-05-03T18:00", "timezone": "Europe/Berlin"}
)
CHANGE_BODY["requestBody"]["content"]["application/json"]["schema"] |= {
    "minProperties": 1,
    "additionalProperties": False,
}
RETRY_BODY = json_body(
    {name: FIELDS[name] if name not in NEEDED else nullable(FIELDS[name]) for name in sent_to(RETRY)}
    | field_schemas(RetryOptions),
    {"name": "Second round", "maxAttempts": 2, "scheduledStartTime": "2027-05-04T09:00"},
    required=False,
)
