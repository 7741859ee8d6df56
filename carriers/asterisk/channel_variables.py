"""An order as channel variables and SIP headers: whoever holds the event stream when it is answered finds it there."""

import re
from collections.abc import Mapping

from domain.calls.agent_parameters import RESERVED_PREFIX
from domain.calls.models import Audio, CallOrder
from domain.model import Model

ORDER = "OUTDIAL_ORDER"  # the channel variable with the order as JSON
FIELD = "OUTDIAL_FIELD_"  # begins the variables with single fields, for dialplans
MAX_SIP_HEADER_CHARACTERS = 1_024  # of all headers together
TRUNCATED = "outdial_truncated"  # tells the agent that parameters are missing or cut

_NOT_HEADER = re.compile(r"[^A-Za-z0-9-]+")
_NOT_VARIABLE = re.compile(r"[^A-Z0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class ChannelOrder(Model):
    """What is needed of an order once the call is answered."""

    audio: Audio
    audio_url: str
    from_: str
    parameters: dict[str, str]
    max_call_seconds: int


def channel_variables(order: CallOrder) -> dict[str, str]:
    """The order, and its fields one by one: `first name` is `OUTDIAL_FIELD_FIRST_NAME`.

    Only such names: a field could otherwise be the name of a function.
    """
    named = {
        f"{FIELD}{_NOT_VARIABLE.sub('_', name.upper()).strip('_') or 'FIELD'}": _CONTROL.sub(" ", value)
        for name, value in order.parameters.items()
    }
    return {**named, ORDER: ChannelOrder.model_validate(order.model_dump()).model_dump_json()}


def sip_headers(parameters: Mapping[str, str]) -> dict[str, str]:
    """`X-First-name: Ada`; what does not fit is left out, the longest first, and `outdial_truncated` says so."""
    kept = dict(parameters)
    while _length(kept) > MAX_SIP_HEADER_CHARACTERS and (
        theirs := [name for name in kept if not name.startswith(RESERVED_PREFIX)]
    ):
        del kept[max(theirs, key=lambda name: (len(name) + len(kept[name]), name))]
        kept[TRUNCATED] = "true"
    return {_header(name): _CONTROL.sub(" ", value) for name, value in kept.items()}


def _length(parameters: Mapping[str, str]) -> int:
    return sum(len(_header(name)) + len(value) + len(": \r\n") for name, value in parameters.items())


def _header(name: str) -> str:
    return f"X-{_NOT_HEADER.sub('-', name).strip('-') or 'Field'}"
