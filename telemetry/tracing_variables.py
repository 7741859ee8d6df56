"""What OpenTelemetry reads of the environment, and what is wrong with it.

Its SDK logs a warning of a value that it cannot read and goes on with another: without a collector's key, or with each
trace instead of a hundredth. Some raise, two of them where the API's framework is imported.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

EXPORTER = "OTEL_EXPORTER_OTLP_"
TRACES = "OTEL_EXPORTER_OTLP_TRACES_"  # is read instead of the one above, where it has a value
DISABLED = "OTEL_SDK_DISABLED"
PROTOCOL = "http/protobuf"
SAMPLER, SAMPLER_ARG = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
RATIOS = ("traceidratio", "parentbased_traceidratio")
SAMPLERS = ("always_on", "always_off", "parentbased_always_on", "parentbased_always_off", *RATIOS)
BATCH, QUEUE = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_QUEUE_SIZE"
BATCH_SPANS, QUEUE_SPANS = 512, 2048  # where nobody says: opentelemetry.io, SDK configuration
MIN_SECONDS, MAX_SECONDS = 0.1, 600  # the specification has milliseconds; the SDK reads seconds
PAIR = re.compile(r"[^=\s]+\s*=.*", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """What is asked of some variables. No sentence repeats a value: it may be a collector's key."""

    names: tuple[str, ...]
    is_right: Callable[[str], bool]
    must: str


def is_said(environment: Mapping[str, str], name: str) -> bool:
    """Whether it has a value: an empty variable is one that is not set, by OpenTelemetry's specification."""
    return bool(environment.get(name, "").strip())


def drop_empty(environment: MutableMapping[str, str]) -> None:
    """Take variables away that say nothing: the SDK fails to read some of them as numbers."""
    for name in [name for name in environment if name.startswith("OTEL_") and not is_said(environment, name)]:
        del environment[name]


def exporter_variable(environment: Mapping[str, str], what: str) -> str:
    """The name of the one that is read for traces."""
    return f"{TRACES if is_said(environment, TRACES + what) else EXPORTER}{what}"


def find_wrong_always(environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each that is read also where nobody wants traces."""
    return _find_wrong(environment, ALWAYS)


def find_wrong_of_traces(environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each that is read where somebody wants traces. Files that are named are read."""
    of_exporter = (Rule((exporter_variable(environment, what),), *rule) for what, rule in OF_EXPORTER.items())
    yield from _find_wrong(environment, (*of_exporter, *OF_TRACES))
    if environment.get(SAMPLER, "").lower() in RATIOS:
        yield from _find_wrong(environment, (RATIO,))
    if not _is_batch_in_queue(environment):
        yield f"{BATCH} ({BATCH_SPANS} where it is not set) must not be more than {QUEUE} ({QUEUE_SPANS})."


def _find_wrong(environment: Mapping[str, str], rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        for name in rule.names:
            if is_said(environment, name) and not rule.is_right(environment[name]):
                yield f"{name} must {rule.must}."


def _is_address(written: str) -> bool:
    try:
        url = urlsplit(written)
        return (
            url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and not re.search(r"\s", written)
        )
    except ValueError:  # a port that is no number
        return False


def _are_pairs(written: str) -> bool:
    """As in `name=value,name=value`."""
    return all(PAIR.fullmatch(part.strip()) for part in written.split(",") if part.strip())


def _is_file(written: str) -> bool:
    return Path(written).is_file() and os.access(written, os.R_OK)


def _is_number(least: float, most: float) -> Callable[[str], bool]:
    def is_right(written: str) -> bool:
        try:
            return least <= float(written) <= most
        except ValueError:
            return False

    return is_right


def _is_whole(least: int) -> Callable[[str], bool]:
    return lambda written: written.strip().isdecimal() and int(written) >= least


def _is_one_of(*allowed: str) -> Callable[[str], bool]:
    return lambda written: written.lower() in allowed


def _are_installed(group: str, *others: str) -> Callable[[str], bool]:
    """Names, with commas between, of parts that this Python has."""
    return lambda written: {name.strip() for name in written.split(",")} <= {*entry_points(group=group).names, *others}


def _is_batch_in_queue(environment: Mapping[str, str]) -> bool:
    batch, queue = environment.get(BATCH) or str(BATCH_SPANS), environment.get(QUEUE) or str(QUEUE_SPANS)
    are_numbers = all(map(_is_whole(1), (batch, queue)))  # what is none has a sentence of its own
    return not are_numbers or int(batch) <= int(queue)


ALWAYS = (
    Rule(
        ("OTEL_PROPAGATORS",),
        _are_installed("opentelemetry_propagator", "none"),
        "be of tracecontext, baggage, none, with commas between (or of propagators that are installed)",
    ),
    Rule(
        ("OTEL_PYTHON_CONTEXT",), _are_installed("opentelemetry_context"), "be contextvars_context (or one installed)"
    ),
)
OF_EXPORTER: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "ENDPOINT": (_is_address, "be an address that begins with http:// (or https://), such as http://localhost:4318"),
    "PROTOCOL": (_is_one_of(PROTOCOL), f"be {PROTOCOL}: traces are sent no other way"),
    "HEADERS": (_are_pairs, "look like name=value,name=value"),
    "TIMEOUT": (_is_number(MIN_SECONDS, MAX_SECONDS), f"be seconds, from {MIN_SECONDS} to {MAX_SECONDS}"),
    "COMPRESSION": (_is_one_of("none", "gzip", "deflate"), "be none, gzip or deflate"),
    "CERTIFICATE": (_is_file, "be a file that can be read"),
    "CLIENT_CERTIFICATE": (_is_file, "be a file that can be read"),
    "CLIENT_KEY": (_is_file, "be a file that can be read"),
}
OF_TRACES = (
    Rule((DISABLED,), _is_one_of("true", "false"), "be true or false"),
    Rule(("OTEL_TRACES_EXPORTER",), _is_one_of("otlp", "none"), "be otlp or none"),
    Rule((SAMPLER,), _is_one_of(*SAMPLERS), f"be one of {', '.join(SAMPLERS)}"),
    Rule(("OTEL_RESOURCE_ATTRIBUTES",), _are_pairs, "look like name=value,name=value"),
    Rule(
        ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",),
        _are_installed("opentelemetry_resource_detector", "*"),
        "be of host, os, otel, process, with commas between (or of detectors that are installed)",
    ),
    Rule(
        (BATCH, QUEUE, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT"), _is_whole(1), "be a whole number above 0"
    ),
    Rule(
        (
            *("OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
            *("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"),
            *("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
        ),
        _is_whole(0),
        "be a whole number",
    ),
)
RATIO = Rule((SAMPLER_ARG,), _is_number(0, 1), f"be a number from 0 to 1: {SAMPLER} asks for such a share")
