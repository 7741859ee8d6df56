"""What Prometheus finds at a stack at work, beside what the simulator saw."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from stack.ports import free_port
from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.prometheus import ask, prometheus
from tests.tools import need
from tests.waiting import until

ROOT = Path(__file__).parents[3]
FORGED = {"CallSid": "CA1", "CallStatus": "completed"}
IDS_AND_NUMBERS = re.compile(r"_[0-9a-f]{12,}|\+?[1-9]\d{8,}|[0-9a-f]{8}-[0-9a-f]{4}")
NEVER_LABELS = {"workflow_id", "run_id", "job_id", "organization_id"}
Sample = tuple[str, dict[str, str], float]


@pytest.fixture(scope="module")
def measured() -> Iterator[LiveStack]:
    """A stack of which a job has called some people, and at whose door somebody forged an event."""
    numbers = Numbers()
    flags = ("--speed", "200", "--workers", "2", "--metrics-port", "0")
    with LiveStack.running(*flags, environment={"OUTDIAL_METRICS_SECONDS": "1"}) as stack:
        batch = Batch.create(stack, contacts(numbers.scripted(SHORT, 4) + numbers.some(6)), maxAttempts=1)
        batch.wait_until_completed(120)
        with stack.http() as client:
            forged = client.post("/carriers/twilio/events", data=FORGED, headers={"X-Twilio-Signature": "mine"})
            assert forged.status_code == 403
            assert client.get("/no/such/path").status_code == 404
        yield stack


def scraped(url: str) -> list[Sample]:
    text = httpx.get(url, trust_env=False, timeout=30).raise_for_status().text
    families = text_string_to_metric_families(text)
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def all_processes(stack: LiveStack) -> list[Sample]:
    metrics = stack.ready["metrics"]
    return [sample for url in (metrics["api"], *metrics["workers"]) for sample in scraped(url)]


def total(samples: list[Sample], name: str, **labels: str) -> float:
    """Of all processes; None of them has it: an error, not zero."""
    found = [value for named, has, value in samples if named == name and labels.items() <= has.items()]
    assert found, (name, labels)
    return sum(found)


def test_every_dial_that_the_carrier_saw_is_counted_with_its_outcome(measured: LiveStack) -> None:
    seen = measured.report()["dials"]
    samples = all_processes(measured)
    outcomes: Counter[str] = Counter()
    for name, labels, value in samples:
        if name == "outdial_dials_total" and labels["carrier"] == "twilio":
            outcomes[labels["outcome"]] += int(value)
    assert outcomes.total() == len(seen) == 10
    assert outcomes["answered"] >= 4
    assert total(samples, "outdial_ring_seconds_count") == sum(dial["ringingAt"] is not None for dial in seen)
    assert total(samples, "outdial_talk_seconds_total") > 0


def test_callbacks_are_counted_by_what_came_of_them(measured: LiveStack) -> None:
    samples = all_processes(measured)
    assert total(samples, "outdial_callbacks_total", result="moved") >= 20
    assert total(samples, "outdial_callbacks_total", result="refused") == 1


def test_what_the_database_knows_is_shown(measured: LiveStack) -> None:
    def idle() -> bool:
        samples = scraped(measured.ready["metrics"]["api"])
        used = [value for name, _, value in samples if name == "outdial_lines_used"]
        return used == [0.0] and total(samples, "outdial_credits_held_dollars") == 0  # the hold goes with the job

    until(idle, 30, every=0.5)
    api = scraped(measured.ready["metrics"]["api"])
    assert total(api, "outdial_database_bytes") > 1_000_000
    parts = [value for name, _, value in api if name == "outdial_part_ok"]
    assert (len(parts), sum(parts)) == (7, 7)
    assert total(api, "outdial_gates_closed") == 0


def test_a_jobs_start_and_end_are_counted(measured: LiveStack) -> None:
    samples = all_processes(measured)
    for action in ("created", "started", "completed"):
        assert total(samples, "outdial_actions_total", action=action) == 1
    assert total(samples, "outdial_job_start_delay_seconds_count") == 1


def test_requests_are_told_apart_by_the_path_that_is_declared(measured: LiveStack) -> None:
    api = scraped(measured.ready["metrics"]["api"])
    assert total(api, "outdial_http_request_seconds_count", method="POST", route="/batch/create", status="2xx") == 1
    assert total(api, "outdial_http_request_seconds_count", route="none", status="4xx") >= 1


@pytest.mark.parametrize(
    "name",
    ["temporal_request_total", "outdial_event_loop_lag_seconds_count", "outdial_database_wait_seconds_count"],
)
def test_every_process_tells_how_it_fares(measured: LiveStack, name: str) -> None:
    metrics = measured.ready["metrics"]
    for url in (metrics["api"], *metrics["workers"]):
        assert total(scraped(url), name) > 0


def test_workers_show_their_slots(measured: LiveStack) -> None:
    for url in measured.ready["metrics"]["workers"]:
        samples = scraped(url)
        assert total(samples, "temporal_worker_task_slots_available", task_queue="outdial-calls") > 0


def test_no_label_is_an_id_or_a_number(measured: LiveStack) -> None:
    for name, labels, _ in all_processes(measured):
        assert labels.keys() & NEVER_LABELS == set()
        assert not any(IDS_AND_NUMBERS.search(value) for key, value in labels.items() if key != "le"), (name, labels)


def expressions() -> list[str]:
    """Of every alert and every panel."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((ROOT / "deploy/grafana/dashboards/outdial.json").read_text())["panels"]
    return [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_metric_of_alerts_and_dashboards_exists(measured: LiveStack) -> None:
    metrics = measured.ready["metrics"]
    text = "\n".join(httpx.get(url, trust_env=False).text for url in (metrics["api"], *metrics["workers"]))
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    served = {name for name, _, _ in all_processes(measured)} | kinds.keys()
    asked = {name for text in expressions() for name in re.findall(r"\b(?:outdial|temporal|process)_\w+", text)}
    assert len(asked) > 40
    assert asked - served == set()


def test_prometheus_scrapes_it_and_answers_every_question(measured: LiveStack, tmp_path: Path) -> None:
    need("prometheus", "prometheus")
    metrics = measured.ready["metrics"]
    jobs = {"outdial-api": [metrics["api"]], "outdial-worker": metrics["workers"]}
    with prometheus(tmp_path, free_port(), jobs) as client:
        for question in expressions():
            ask(client, question)
        (calls,) = ask(client, "sum(outdial_dials_total)")
        assert calls["value"][1] == "10"


def test_the_operators_check_says_that_all_is_well(measured: LiveStack) -> None:
    """The last: it places a call more."""
    ready, secrets = measured.ready, json.loads((measured.data_dir / "secrets.json").read_text())
    environment = {
        "PATH": os.environ["PATH"],
        "OUTDIAL_DATABASE_URL": ready["database"]["url"].replace("://", "+psycopg://"),
        "OUTDIAL_SECRET": secrets["secret"],
        "OUTDIAL_URL": ready["api"]["url"],
        "OUTDIAL_TWILIO_BASE_URL": ready["carrier"]["url"],
        "TEMPORAL_ADDRESS": ready["temporal"]["address"],
        "TEMPORAL_NAMESPACE": ready["temporal"]["namespace"],
    }
    check = [sys.executable, str(ROOT / "deploy/check.py")]
    found = subprocess.run(check, env=environment, capture_output=True, text=True, timeout=170, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count("ok ") == 3
    wrong = environment | {"TEMPORAL_NAMESPACE": "another"}
    found = subprocess.run([*check, "--no-call"], env=wrong, capture_output=True, text=True, timeout=170, check=False)
    assert found.returncode == 1
    assert "NO  Temporal: Temporal has no namespace 'another'" in found.stdout
