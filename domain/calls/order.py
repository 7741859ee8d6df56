"""A dial as its carrier knows it: its key, its order, and the addresses for the carrier."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from domain.calls.agent_parameters import build_call_parameters, build_contact_parameters
from domain.calls.models import Audio, CallOrder

MAX_DIAL_DIGITS = 10  # digits; a key with more is none of ours


class DialFacts(Protocol):
    """What the database holds of a dial."""

    @property
    def dial_id(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def from_(self) -> str: ...
    @property
    def audio(self) -> Audio: ...
    @property
    def audio_url(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def ring_seconds(self) -> int: ...
    @property
    def max_call_seconds(self) -> int: ...


def build_call_order(dial: DialFacts, key: str, token: str | None, public_url: str) -> CallOrder:
    """`token`: with it the agent reports on this call. `public_url`: where carriers and agents reach the API."""
    own = build_call_parameters(dial.dial_id, token, public_url)
    return CallOrder(
        key=key,
        to=dial.to,
        from_=dial.from_,
        audio=dial.audio,
        audio_url=dial.audio_url,
        parameters={**own, **build_contact_parameters(dial.data, dial.to)},
        ring_seconds=dial.ring_seconds,
        max_call_seconds=dial.max_call_seconds,
        instructions_url=_build_carrier_url(public_url, dial.account, "instructions", key),
    )


def parse_dial_key(key: str) -> tuple[str, int] | None:
    """The contact's id and the number of the dial; None for a key that is not ours."""
    contact_id, _, dial = key.rpartition(":")
    if contact_id and dial.isascii() and dial.isdigit() and len(dial) < MAX_DIAL_DIGITS:
        return contact_id, int(dial)
    return None


def build_callback_url(public_url: str, account: str, key: str) -> str:
    """Where a carrier reports on a call."""
    return _build_carrier_url(public_url, account, "events", key)


def _build_carrier_url(public_url: str, account: str, what: str, key: str) -> str:
    return f"{public_url}/carriers/{account}/{what}?dial={quote(key, safe='')}"
