"""A job's trace, as a collector gets it from the API and the worker."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CLIENTS = f"00-{TRACE}-{SPAN}-01"  # who asks for it has begun a trace
CALLS = ("RunActivity:call_contact", "carrier.place")


@dataclass
class Collector:
    """Takes OTLP over HTTP, and remembers it."""

    url: str = ""
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    def spans(self) -> dict[bytes, Span]:
        """Of all processes, by their id."""
        return {
            span.span_id: span
            for request in [*self.requests]
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }

    def text(self) -> str:
        return "\n".join(MessageToJson(request) for request in self.requests)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    there = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            there.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    there.url = f"http://127.0.0.1:{server.server_port}"
    yield there
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def called(collector: Collector) -> Iterator[tuple[list[str], str]]:
    """The numbers that a job has called, and its id; somebody looked for one of them, too."""
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with LiveStack.running("--speed", "100", environment=environment) as stack:
        numbers = Numbers().scripted(SHORT, 2)
        batch = Batch.create(stack, contacts(numbers), maxAttempts=1)
        batch.wait_until_completed(120)
        with stack.http() as client:
            client.post("/do-not-call", json={"numbers": [numbers[0]]}).raise_for_status()
            client.get(f"/do-not-call/{numbers[0]}", headers={"traceparent": CLIENTS}).raise_for_status()
            client.get("/do-not-call", params={"search": numbers[0][2:]}).raise_for_status()
            until(lambda: "GET /do-not-call/{number}" in {span.name for span in collector.spans().values()}, 30)
            own = [one["number"] for one in client.get("/phone-numbers").json()["phoneNumbers"]]
        yield [*numbers, *own], batch.job_id


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in span.attributes}


def ancestors(spans: dict[bytes, Span], span: Span) -> list[str]:
    names = []
    while span.parent_span_id:
        span = spans[span.parent_span_id]
        names.append(span.name)
    return names


def test_a_job_is_one_trace_from_the_request_to_the_carrier(
    collector: Collector, called: tuple[list[str], str]
) -> None:
    _, job = called
    spans = collector.spans()
    (request,) = (span for span in spans.values() if span.name == "POST /batch/create")
    ours = [span for span in spans.values() if span.trace_id == request.trace_id]
    names = [span.name for span in ours]
    assert {"StartWorkflow:BatchJob", "RunWorkflow:BatchJob", "CompleteWorkflow:BatchJob"} <= set(names)
    assert [names.count(name) for name in CALLS] == [2, 2]
    for placed in (span for span in ours if span.name == "carrier.place"):
        above = ancestors(spans, placed)
        assert above[0] == "RunActivity:call_contact"
        assert above[-1] == "POST /batch/create"
        assert "RunWorkflow:BatchJob" in names
        assert attributes(placed)["outdial.dial_id"]
    for call in (span for span in ours if span.name == "RunActivity:call_contact"):
        said = attributes(call)
        assert said["outdial.job_id"] == job
        assert said["outdial.contact_id"].startswith("contact_")
        assert said["outdial.outcome"] == "answered"
    assert attributes(request)["http.response.status_code"] == 200
    assert collector.services() == {"outdial-api", "outdial-worker"}


def test_a_clients_trace_goes_on(collector: Collector, called: tuple[list[str], str]) -> None:
    assert called
    (asked,) = (span for span in collector.spans().values() if span.name == "GET /do-not-call/{number}")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, SPAN)


def test_no_number_is_in_any_span(collector: Collector, called: tuple[list[str], str]) -> None:
    numbers, _ = called
    text = collector.text()
    assert "POST /batch/create" in text
    for number in numbers:
        assert number[1:] not in text
