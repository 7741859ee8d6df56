"""Traces, where the environment says where they go: OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.

Elsewhere nothing of its SDK is imported, and a span costs a look at a variable. An attribute is an id, an outcome
or a route: what looks like a telephone number is masked all the same.
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from telemetry.tracing_variables import (
    DISABLED,
    drop_empty,
    exporter_variable,
    find_wrong_always,
    find_wrong_of_traces,
    is_said,
)

if TYPE_CHECKING:
    from telemetry.otlp import Traces

NOT_INSTALLED = "OTEL_EXPORTER_OTLP_ENDPOINT is set, and what traces need is not installed: pip install '.[otel]'."
ID = re.compile(r"(batch|contact|dial|org|phone|agent|webhook)_[0-9a-f]{24}")
NAMES = {"batch": "job"}  # of ids, where they begin otherwise

_traces: "Traces | None" = None


class WrongTracing(Exception):
    """One sentence for each variable that cannot be as it is."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def set_up_tracing(process: str, version: str, environment: MutableMapping[str, str]) -> None:
    """Before the first client of Temporal. Called again it changes nothing. Raises WrongTracing."""
    global _traces  # noqa: PLW0603  one for the process, as OpenTelemetry has it
    if _traces is not None:
        return
    drop_empty(environment)
    wanted = _is_wanted(environment)
    wrong = [*find_wrong_always(environment), *(find_wrong_of_traces(environment) if wanted else ())]
    if wrong:
        raise WrongTracing(*wrong)
    if wanted:
        _traces = _make_traces(process, version)


def _make_traces(process: str, version: str) -> "Traces":
    try:
        from telemetry.otlp import Traces  # noqa: PLC0415  not imported where there are none

        return Traces(process, version)
    except ModuleNotFoundError:
        raise WrongTracing(NOT_INSTALLED) from None
    except (ValueError, RuntimeError, OSError) as error:
        raise WrongTracing(f"OpenTelemetry cannot be set up as OTEL_… say: {error}") from error


def is_tracing() -> bool:
    return _traces is not None


def interceptors() -> list[Any]:
    """What Temporal's client and its workers are given, so that a job's trace goes on in its workflow and its calls."""
    return [] if _traces is None else [_traces.interceptor()]


@contextmanager
def span(name: str, **attributes: str | int | None) -> Iterator[None]:
    """What happens in the block, within the span that is open; `attributes` without those that are None."""
    if _traces is None:
        yield
        return
    with _traces.span(name, _ours(attributes)):
        yield


def carrier_span(operation: str, account: str, dial_id: str | None = None) -> AbstractContextManager[None]:
    """A request to a carrier; `dial_id` where it is of a call that is known."""
    return span(f"carrier.{operation}", carrier_account=account, dial_id=dial_id)


@contextmanager
def request_span(method: str, headers: Mapping[str, str], answered: dict[str, Any]) -> Iterator[None]:
    """A request to the API, within the trace that its client began, if it did. `answered` has what is known at its end:
    `route` as it is declared, `status`, `ids`."""
    if _traces is None:
        yield
        return
    with _traces.request(method, headers, answered):
        yield


def annotate(**attributes: str | int | None) -> None:
    """Say more of the span that is open."""
    if _traces is not None:
        _traces.annotate(_ours(attributes))


def find_ids(values: Mapping[str, Any]) -> dict[str, str]:
    """Of the parameters of a path those that are ids, by what they are ids of: a number is none."""
    found = (ID.fullmatch(str(value)) for value in values.values())
    return {f"{NAMES.get(one[1], one[1])}_id": one[0] for one in found if one}


def _ours(attributes: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {f"outdial.{name}": value for name, value in attributes.items() if value is not None}


def _is_wanted(environment: Mapping[str, str]) -> bool:
    off = environment.get(DISABLED, "").strip().lower() == "true"
    none = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    return not off and not none and is_said(environment, exporter_variable(environment, "ENDPOINT"))
