"""An order as channel variables and SIP headers: whoever holds the event stream when it is answered finds it there."""

import re
from collections.abc import Mapping

from carriers.agent_parameters import (
    MAX_SIP_HEADER_CHARACTERS,
    drop_longest,
    find_left_out,
    sip_header_value,
    sip_headers_of,
    write_names,
)
from domain.calls.agent_parameters import Loss
from domain.calls.models import Audio, CallOrder
from domain.model import Model

ORDER = "OUTDIAL_ORDER"  # the channel variable with the order as JSON
FIELD = "OUTDIAL_FIELD_"  # begins the variables with single fields, for dialplans

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
    names = write_names(order.parameters, _variable, "_")
    named = {names[name]: _CONTROL.sub(" ", value) for name, value in order.parameters.items()}
    return {**named, ORDER: ChannelOrder.model_validate(order.model_dump()).model_dump_json()}


def _variable(name: str) -> str:
    return f"{FIELD}{_NOT_VARIABLE.sub('_', name.upper()).strip('_') or 'FIELD'}"


def sip_headers(parameters: Mapping[str, str]) -> dict[str, str]:
    """`X-first-name: Ada`; see `drop_longest`."""
    headers = sip_headers_of(parameters)
    return {headers[name]: sip_header_value(value) for name, value in _keep(parameters, headers).items()}


def find_losses(order: CallOrder, _callback_url: str) -> dict[str, Loss]:
    """What does not fit into the headers to a SIP agent; one behind a WebSocket gets all."""
    if order.audio is not Audio.SIP:
        return {}
    return find_left_out(order.parameters, _keep(order.parameters, sip_headers_of(order.parameters)))


def _keep(parameters: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    return drop_longest(parameters, lambda kept: _length(kept, headers) > MAX_SIP_HEADER_CHARACTERS)


def _length(parameters: Mapping[str, str], headers: Mapping[str, str]) -> int:
    return sum(len(headers[name]) + len(value) + len(": \r\n") for name, value in parameters.items())
