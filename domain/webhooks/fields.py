"""The fields of a webhook endpoint, as they are sent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.requests.limits import quoted
from domain.requests.raw_values import RawValues
from domain.webhooks.events import SUBSCRIBABLE, EventType

MAX_DESCRIPTION_LENGTH = 1_000
FIELDS = frozenset({"url", "events", "description", "creditsBelow"})
_ONE_OF = "must be an array of one or more of " + ", ".join(map(quoted, SUBSCRIBABLE))


def read_new_webhook(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a new endpoint is made of, by our names; what is not given is left out. Raises InvalidRequest."""
    values = RawValues(body)
    read: dict[str, Any] = {
        "url": values.required_text("url"),
        "events": _events(values),
        "description": _description(values),
    }
    if values.given("events") is None:
        values.blame_missing("events")
    read |= _credits_below(values)
    values.refuse_problems()
    return read


def read_webhook_change(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to be changed, by our names; a description that is null is taken away. Raises InvalidRequest."""
    values = RawValues(body)
    read: dict[str, Any] = _credits_below(values)
    if values.given("url") is not None:
        read["url"] = values.required_text("url")
    if values.given("events") is not None:
        read["events"] = _events(values)
    if "description" in body:
        read["description"] = _description(values)
    if values.given("enabled") is not None:
        read["enabled"] = values.boolean("enabled", default=True)
    for name in values.names():
        if name not in FIELDS | {"enabled"}:
            values.blame(name, "cannot be changed")
    values.refuse_problems()
    return read


def _events(values: RawValues) -> tuple[EventType, ...]:
    given = values.structure("events")
    if given is None:
        return ()
    if not isinstance(given, list) or not given or any(one not in SUBSCRIBABLE for one in given):
        values.blame("events", _ONE_OF)
        return ()
    return tuple(one for one in SUBSCRIBABLE if one in given)


def _description(values: RawValues) -> str | None:
    return values.optional_text("description", longest=MAX_DESCRIPTION_LENGTH) or None


def _credits_below(values: RawValues) -> dict[str, Decimal]:
    below = values.dollars("creditsBelow")
    return {} if below is None else {"credits_below": below}
