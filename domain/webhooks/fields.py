"""The fields of a webhook endpoint, as they are sent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from domain.requests.field_types import Boolean, Choices, Dollars, Text
from domain.requests.reading import Problems, drop_nulls, read_model
from domain.requests.request_model import RequestModel, aliases
from domain.webhooks.destinations import MAX_URL_LENGTH
from domain.webhooks.events import SUBSCRIBABLE, EventType

_URL = Field(
    description="https, and no address in a private network, but for those that the operator allows.",
    examples=["https://example.com/hooks/outdial"],
    json_schema_extra={  # judged where it is looked up
        "maxLength": MAX_URL_LENGTH,
        "pattern": r"^https?://[A-Za-z0-9._-]{1,253}(:[1-9][0-9]{0,3})?([/?][!\x22$-~]*)?$",
    },
)
Url = Annotated[str, Text(required=True), _URL]
Events = Annotated[tuple[EventType, ...], Choices(SUBSCRIBABLE, may_be_empty=False)]


class WebhookFields(RequestModel):
    url: Url
    events: Events
    description: Annotated[str | None, Text(1_000)] = None
    credits_below: Annotated[Decimal | None, Dollars()] = Field(
        default=None,
        description="Dollars, more than 0, below which `credits.low` is sent. A number is rounded to 6 decimals.",
        examples=["10.00"],
        json_schema_extra={"default": "10.00"},
    )


class WebhookChange(WebhookFields):
    """What is not sent stays."""

    url: Url = ""
    events: Events = ()
    enabled: Annotated[bool, Boolean()] = Field(
        default=True, description="True also lets a disabled webhook begin anew."
    )


def read_new_webhook(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a new endpoint is made of, by our names; what is not given is left out. Raises InvalidRequest."""
    problems = Problems()
    read = read_model(WebhookFields, drop_nulls(body), problems)
    problems.raise_if_any()
    return _set(read)


def read_webhook_change(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to be changed, by our names; a description that is null is taken away. Raises InvalidRequest."""
    problems = Problems()
    without = {name: value for name, value in body.items() if name == "description"}
    read = read_model(WebhookChange, drop_nulls(body) | without, problems)
    for name in body:
        if name not in aliases(WebhookChange):
            problems.note(name, "cannot be changed")
    problems.raise_if_any()
    return _set(read)


def _set(read: WebhookFields) -> dict[str, Any]:
    fields = {name: getattr(read, name) for name in read.model_fields_set}
    return fields | {"description": read.description or None} if "description" in fields else fields
