"""Bodies of the OpenAPI page: a campaign's settings, and its file."""

from typing import Any

from api.http.examples import A_NUMBER
from api.http.openapi import body, json_body
from domain.campaigns.request import CampaignOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.settings import JobSettings
from domain.requests.request_model import describe_fields

MODELS = JobSettings, NamedColumns, NumberOptions, CampaignOptions
FIELDS = {name: schema for model in MODELS for name, schema in describe_fields(model).items()}
FIELDS["onOverlap"] = FIELDS["onOverlap"] | {"enum": ["warn", "skip", None]}
EXAMPLE: dict[str, Any] = {
    "fromPhoneNumberId": A_NUMBER,
    "name": "Appointments in May",
    "concurrentCallLimit": 50,
    "jobsAtOnce": 2,
    "callingWindow": "us-federal",
}
CREATE_BODY = json_body(FIELDS, EXAMPLE, needed=["fromPhoneNumberId", "name"])
FILE_BODY = body(
    {
        "text/csv": {
            "schema": {"type": "string", "description": "CSV with a `phone` column: at most 1,000,000 contacts, 1 GB."},
            "example": "phone,name\r\n+12025550101,Ada\r\n",
        }
    }
)
