"""Bodies of the OpenAPI page for webhooks, and the page's own section of what they carry."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Response

from api.http.openapi import json_body, without_default
from api.webhooks.schemas import MESSAGE_ID, URL
from domain.requests.request_model import describe_fields
from domain.webhooks.fields import WebhookChange, WebhookFields
from domain.webhooks.messages import BatchMessage, ContactMessage, CreditsMessage, Message, TestMessage, event_types

_NEW, _CHANGE = describe_fields(WebhookFields), describe_fields(WebhookChange)
CREATE_BODY = json_body(
    _NEW,
    {"url": URL, "events": ["batch.completed", "contact.finished"], "description": "Our CRM"},
    needed=["url", "events"],
)
CHANGE_BODY = json_body(
    {name: without_default(schema) for name, schema in _CHANGE.items()},
    {"events": ["batch.completed"], "enabled": True},
)
CHANGE_BODY["requestBody"]["content"]["application/json"]["schema"]["additionalProperties"] = False
_Id = Annotated[
    str,
    Header(
        alias="webhook-id",
        description=f"The same for every try and replay, such as {MESSAGE_ID}: what came already is passed over.",
    ),
]
_Timestamp = Annotated[
    str, Header(alias="webhook-timestamp", description="When this try was made, in seconds since 1970.")
]
_Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and HMAC-SHA256 of id, timestamp and body; several while a secret changes.",
    ),
]
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "Any 2xx within 10 seconds: it has arrived."},
    "default": {"description": "Anything else, redirects too: it is sent again, for days. 410 disables the webhook."},
}


def describe_messages(application: FastAPI) -> None:
    """Add what is posted to the page's `webhooks`."""
    for kind in (BatchMessage, ContactMessage, CreditsMessage, TestMessage):
        for event in event_types(kind):
            application.webhooks.post(
                event.value,
                operation_id=f"on{''.join(map(str.capitalize, event.value.split('.')))}",
                description=kind.__doc__,
                status_code=200,
                response_class=Response,
                responses=_ANSWER,
                tags=["webhooks"],
            )(_receiver(kind))


def _receiver(kind: type[Message]) -> Callable[..., Awaitable[None]]:
    async def receive(message: Message, id: _Id, timestamp: _Timestamp, signature: _Signature) -> None:
        """What a client's own server does."""

    receive.__annotations__["message"] = kind
    return receive
