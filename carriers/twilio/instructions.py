"""What Twilio does with an answered call: TwiML inline, or the address where it fetches some."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlencode, urlsplit, urlunsplit

from twilio.twiml.voice_response import Connect, Dial, Stream, VoiceResponse  # type: ignore[import-untyped]

from carriers.agent_parameters import (
    MAX_SIP_HEADER_CHARACTERS,
    TRUNCATED,
    Parameters,
    drop_longest,
    find_left_out,
    sip_header_value,
    sip_headers_of,
)
from domain.calls.agent_parameters import Loss
from domain.calls.models import Audio, CallOrder

MAX_TWIML_CHARACTERS = 4_000  # of the Twiml parameter, and a sensible length of a URL
MAX_FETCHED_CHARACTERS = 16_000  # whatever letters they are, 64 kB: as much as Twilio reads from an address
MAX_PARAMETER_CHARACTERS = 499  # name and value of a <Parameter> together must stay under 500

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def instruction_arguments(order: CallOrder, callback_url: str | None = None) -> dict[str, str]:
    """The arguments `twiml` or `url` of a create request. What is too long for it Twilio fetches from our API.

    At `callback_url` Twilio reports how the call's agent was reached: a stream's errors, a SIP agent's own call, or, as
    the fallback of a TwiML address, the error of fetching it.

    What does not fit is left out, the longest parameter first, and the parameter `outdial_truncated` = `true`
    says so: a call is not refused because a column is long. What is ours is never left out.
    """
    url = order.audio_url
    match order.audio:
        case Audio.WEBSOCKET:
            whole = _stream(url, callback_url, _truncate_values(order.parameters))
            if len(whole) <= MAX_TWIML_CHARACTERS:
                return {"twiml": whole}
            if order.instructions_url:
                return {"url": order.instructions_url, "method": "POST"}
            return {"twiml": _stream_twiml(order, callback_url, MAX_TWIML_CHARACTERS)}
        case Audio.SIP:
            return {"twiml": _dial(order, _fit(order.parameters, *_sip_writer(order)), callback_url)}
        case Audio.TWIML:
            fallback = {} if callback_url is None else {"fallback_url": callback_url, "fallback_method": "POST"}
            return {"url": _fit(order.parameters, *_url_writer(order)), **fallback}


def fetched_twiml(order: CallOrder, callback_url: str | None = None) -> str:
    """The TwiML that is too long for the request, as our API serves it."""
    return _stream_twiml(order, callback_url, MAX_FETCHED_CHARACTERS)


def find_losses(order: CallOrder, callback_url: str) -> dict[str, Loss]:
    """Which parameters do not reach the agent as they are, however its instructions come to Twilio."""
    match order.audio:
        case Audio.WEBSOCKET:
            cut = _truncate_values(order.parameters)
            kept = _keep(cut, partial(_stream, order.audio_url, callback_url), MAX_FETCHED_CHARACTERS)
        case Audio.SIP:
            kept = _keep(order.parameters, *_sip_writer(order))
        case Audio.TWIML:
            kept = _keep(order.parameters, *_url_writer(order))
    shortened = {name: Loss.CUT for name, value in order.parameters.items() if kept.get(name) != value}
    return shortened | find_left_out(order.parameters, kept)


def _sip_writer(order: CallOrder) -> tuple[Callable[[Parameters], str], int]:
    """What writes the address with its headers, and how long that may be."""
    limit = len(order.audio_url) + 1 + MAX_SIP_HEADER_CHARACTERS
    return partial(_sip_address, order.audio_url, sip_headers_of(order.parameters)), limit


def _url_writer(order: CallOrder) -> tuple[Callable[[Parameters], str], int]:
    return partial(_url, order.audio_url), MAX_TWIML_CHARACTERS


def _stream_twiml(order: CallOrder, callback_url: str | None, limit: int) -> str:
    return _fit(_truncate_values(order.parameters), partial(_stream, order.audio_url, callback_url), limit)


def _truncate_values(parameters: Parameters) -> Parameters:
    """Cut each value to what a <Parameter> holds."""
    cut = {name: value[: max(0, MAX_PARAMETER_CHARACTERS - len(name))] for name, value in parameters.items()}
    return cut if cut == parameters else {**cut, TRUNCATED: "true"}


def _fit(parameters: Parameters, render: Callable[[Parameters], str], limit: int) -> str:
    """Render as many parameters as the limit allows, in characters."""
    return render(_keep(parameters, render, limit))


def _keep(parameters: Parameters, render: Callable[[Parameters], str], limit: int) -> Parameters:
    return drop_longest(parameters, lambda kept: len(render(kept)) > limit)


def _stream(url: str, callback_url: str | None, parameters: Parameters) -> str:
    reported = {} if callback_url is None else {"status_callback": callback_url, "status_callback_method": "POST"}
    stream = Stream(url=url, **reported)
    for name, value in parameters.items():
        stream.parameter(name=_NOT_XML.sub("", name), value=_NOT_XML.sub("", value))
    return _response(Connect().append(stream))


def _dial(order: CallOrder, address: str, callback_url: str | None) -> str:
    dial = Dial(caller_id=order.from_)
    reported = {} if callback_url is None else {"status_callback": callback_url, "status_callback_method": "POST"}
    dial.sip(address, **reported, **({"status_callback_event": "answered completed"} if reported else {}))
    return _response(dial)


def _response(verb: Connect | Dial) -> str:
    return str(VoiceResponse().append(verb))


def _sip_address(address: str, headers: Mapping[str, str], parameters: Parameters) -> str:
    """Twilio passes on headers whose names begin with X-, written behind the address."""
    return _with_query(address, {headers[name]: sip_header_value(value) for name, value in parameters.items()})


def _url(url: str, parameters: Parameters) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_join_query(parts.query, parameters)))


def _with_query(address: str, values: Parameters) -> str:
    head, _, query = address.partition("?")
    joined = _join_query(query, values)
    return f"{head}?{joined}" if joined else head


def _join_query(query: str, values: Parameters) -> str:
    return "&".join(part for part in (query, urlencode(values, errors="replace")) if part)
