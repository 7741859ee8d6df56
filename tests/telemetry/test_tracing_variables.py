"""A variable of OpenTelemetry that cannot be read as it is has a sentence: its SDK would go on with another value."""

import logging
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from telemetry.tracing import WrongTracing, set_up_tracing
from telemetry.tracing_variables import SAMPLERS, find_wrong_always, find_wrong_of_traces

THERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
OF_TRACES = [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "an address that begins with http://"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector :4318", "an address that begins with http://"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:otlp", "an address that begins with http://"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf: traces are sent no other way"),
    ("OTEL_TRACES_EXPORTER", "jaeger", "otlp or none"),
    ("OTEL_SDK_DISABLED", "yes", "true or false"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "the-key-of-a-collector", "name=value,name=value"),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b,c", "name=value,name=value"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "abc", "seconds, from 0.1 to 600"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "seconds, from 0.1 to 600"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "nan", "seconds, from 0.1 to 600"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "none, gzip or deflate"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file", "a file that can be read"),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/no/such/file", "a file that can be read"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "one of always_on"),
    ("OTEL_RESOURCE_ATTRIBUTES", "production", "name=value,name=value"),
    ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "nosuch", "of host, os"),
    ("OTEL_BSP_SCHEDULE_DELAY", "5s", "a whole number above 0"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number above 0"),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", "a whole number"),
]
ALWAYS = [
    ("OTEL_PROPAGATORS", "nosuch", "of tracecontext, baggage, none"),
    ("OTEL_PROPAGATORS", "tracecontext,", "of tracecontext, baggage, none"),
    ("OTEL_PYTHON_CONTEXT", "threads", "contextvars_context"),
]


@pytest.mark.parametrize(("name", "value", "must"), [*OF_TRACES, *ALWAYS])
def test_each_wrong_value_has_its_sentence(name: str, value: str, must: str) -> None:
    with pytest.raises(WrongTracing) as said:
        set_up_tracing("worker", "1", THERE | {name: value})
    (sentence,) = said.value.sentences
    assert sentence.startswith(f"{name} must ")
    assert must in sentence
    assert "the-key-of-a-collector" not in sentence


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {name: value for name, value, _ in [*OF_TRACES, *ALWAYS]}
    with pytest.raises(WrongTracing) as said:
        set_up_tracing("worker", "1", wrong | THERE | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""})
    assert len(said.value.sentences) == len(wrong) - 3  # the endpoints are right, and HEADERS is not read


@pytest.mark.parametrize("share", ["1.5", "-0.1", "1%", "nan"])
def test_a_share_that_is_none_is_wrong_where_a_sampler_reads_it(share: str) -> None:
    sampled = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}
    (sentence,) = find_wrong_of_traces(sampled)
    assert sentence.startswith("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")
    assert list(find_wrong_of_traces(sampled | {"OTEL_TRACES_SAMPLER": "always_on"})) == []


def test_a_batch_is_not_larger_than_the_queue() -> None:
    (sentence,) = find_wrong_of_traces({"OTEL_BSP_MAX_QUEUE_SIZE": "100"})
    assert sentence.startswith("OTEL_BSP_MAX_EXPORT_BATCH_SIZE (512 where it is not set) must not be more than")
    assert list(find_wrong_of_traces({"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "100"})) == []


def test_what_is_wrong_for_others_is_not_read_for_traces() -> None:
    """One variable for metrics, which another service of the machine may send by gRPC, and one for traces."""
    others = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}
    assert list(find_wrong_of_traces(others)) == []


def test_without_traces_only_what_the_framework_reads_is_judged() -> None:
    set_up_tracing("worker", "1", {name: value for name, value, _ in OF_TRACES if "ENDPOINT" not in name})
    with pytest.raises(WrongTracing, match="OTEL_PROPAGATORS must be"):
        set_up_tracing("worker", "1", {"OTEL_PROPAGATORS": "nosuch"})
    assert list(find_wrong_always({"OTEL_PROPAGATORS": "baggage, tracecontext"})) == []


def test_an_empty_variable_is_none() -> None:
    environment = {"OTEL_PROPAGATORS": " ", "OTEL_BSP_SCHEDULE_DELAY": "", "PATH": ""}
    set_up_tracing("worker", "1", environment)
    assert environment == {"PATH": ""}


@pytest.mark.parametrize("name", ["OTEL_PROPAGATORS", *dict.fromkeys(name for name, _, _ in OF_TRACES)])
def test_what_is_right_is_taken_by_the_sdk_without_a_word(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    right = RIGHT.get(name, str(tmp_path / "file"))
    monkeypatch.setenv(name, right)
    assert [*find_wrong_of_traces({name: right}), *find_wrong_always({name: right})] == []
    with caplog.at_level(logging.WARNING):
        provider = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
        processor: Any = BatchSpanProcessor(OTLPSpanExporter())
        provider.add_span_processor(processor)
        provider.shutdown()
    assert caplog.records == []


RIGHT = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_SDK_DISABLED": "False",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b==, x = y",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer a.b",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "GZIP",
    "OTEL_TRACES_SAMPLER": SAMPLERS[0],
    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod,team=calls",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process, os",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BSP_MAX_QUEUE_SIZE": "4096",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "0",
    "OTEL_PROPAGATORS": "none",
}
