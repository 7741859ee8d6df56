"""Traces: nothing of them where nobody asked, and no telephone number in any."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.otlp import MaskedExporter
from telemetry.tracing import WrongTracing, find_ids, is_tracing, set_up_tracing, span

ROOT = Path(__file__).parents[2]
NUMBER = "+12025550101"
JOB = "batch_0123456789abcdef01234567"
START = """
import sys
from settings import Settings
from startup import set_up_telemetry
import api.app, worker
set_up_telemetry(Settings(), "worker")
api.app.create_app(Settings())
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "temporalio.contrib.opentelemetry", "telemetry.otlp")
print(any(name.startswith(heavy) for name in sys.modules))
"""


def loads_opentelemetry(**environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_nothing_of_it_is_imported_unless_somebody_says_where_traces_go() -> None:
    there = "http://127.0.0.1:9"
    assert loads_opentelemetry() == "False"
    assert loads_opentelemetry(OTEL_EXPORTER_OTLP_ENDPOINT=there, OTEL_SDK_DISABLED="true") == "False"
    assert loads_opentelemetry(OTEL_EXPORTER_OTLP_ENDPOINT=there) == "True"


@pytest.mark.parametrize("address", ["http://", "http://collector:otlp", "collector", "grpc://collector:4317"])
def test_an_address_to_which_nothing_can_be_sent_is_wrong(address: str) -> None:
    with pytest.raises(WrongTracing, match="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be an address"):
        set_up_tracing("worker", "1", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": address})


def test_without_its_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "telemetry.otlp")
    with pytest.raises(WrongTracing, match=r"pip install '\.\[otel\]'"):
        set_up_tracing("worker", "1", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert not is_tracing()
    with span("nothing", number=NUMBER):
        pass


def test_texts_are_masked_and_ids_are_not() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(MaskedExporter(exporter)))
    ids = {"temporalWorkflowID": f"job-{JOB}", "to": NUMBER, "attempt": 1}
    with provider.get_tracer("t").start_as_current_span(f"of {NUMBER}", attributes=ids) as current:
        current.record_exception(ValueError(f"no such number: {NUMBER}"))
    (sent,) = exporter.get_finished_spans()
    text = sent.to_json()
    assert "2025550101" not in text
    assert JOB in text
    (event,) = sent.events
    assert event.attributes is not None
    assert event.attributes["exception.message"] == "no such number: …01"


def test_of_a_path_only_ids_are_told() -> None:
    contact = "contact_0123456789abcdef01234567"
    assert find_ids({"id": JOB, "contact": contact, "number": NUMBER, "delivery": "msg_1"}) == {
        "job_id": JOB,
        "contact_id": contact,
    }
