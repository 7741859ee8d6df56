"""OpenTelemetry, imported only where traces are wanted: what makes spans, and what sends them by OTLP over HTTP."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from temporalio.contrib.opentelemetry import TracingInterceptor

from telemetry.logging import masked

CONTEXT = TraceContextTextMapPropagator()  # `traceparent`, as Temporal's interceptor sends it on
SERVER_ERROR = 500  # and above: the request failed by our fault


class Traces:
    """Those of a process; `OTEL_…` say the rest: the sampler, the batches, the service's name and its attributes.

    The provider is nobody else's: what libraries would tell of themselves (FastAPI: whole addresses) is not sent.
    """

    def __init__(self, process: str, version: str) -> None:
        provider = TracerProvider(resource=_resource(process, version))
        provider.add_span_processor(BatchSpanProcessor(MaskedExporter(OTLPSpanExporter())))
        self._tracer = provider.get_tracer("outdial", version)

    def interceptor(self) -> TracingInterceptor:
        return TracingInterceptor(self._tracer)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        with self._open(name, SpanKind.CLIENT) as current:
            current.set_attributes(dict(attributes))
            yield

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str], answered: dict[str, Any]) -> Iterator[None]:
        with self._open(method, SpanKind.SERVER, CONTEXT.extract(dict(headers))) as current:
            try:
                yield
            finally:
                route, status = answered.get("route"), answered.get("status")
                current.update_name(f"{method} {route}" if route else method)
                said = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                ids = {f"outdial.{name}": one for name, one in answered.get("ids", {}).items()}
                current.set_attributes({name: value for name, value in (said | ids).items() if value is not None})
                if status is None or status >= SERVER_ERROR:
                    current.set_status(Status(StatusCode.ERROR))

    def annotate(self, attributes: Mapping[str, str | int]) -> None:
        trace.get_current_span().set_attributes(dict(attributes))

    @contextmanager
    def _open(self, name: str, kind: SpanKind, parent: Any = None) -> Iterator[trace.Span]:
        """Of an error its class alone is said: its text may hold a number."""
        with self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield current
            except BaseException as error:
                current.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise


class MaskedExporter(SpanExporter):
    """Sends spans on with what looks like a telephone number masked: the texts of errors are not ours."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_masked_span(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _masked_span(span: ReadableSpan) -> ReadableSpan:
    description = span.status.description
    return ReadableSpan(
        name=masked(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_masked_attributes(span.attributes),
        events=[Event(masked(one.name), _masked_attributes(one.attributes), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, None if description is None else masked(description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _masked_attributes(attributes: Attributes) -> Attributes:
    return {name: masked(value) if isinstance(value, str) else value for name, value in (attributes or {}).items()}


def _resource(process: str, version: str) -> Resource:
    own = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: f"outdial-{process}"}
    return Resource.create({**own, SERVICE_VERSION: version})
