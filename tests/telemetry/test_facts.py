"""Facts are shown while they are fresh, and what cannot be read is missing."""

import asyncio
import logging

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from telemetry import facts
from telemetry.facts import Fact, FactsCollector, keep_reading
from tests.waiting import eventually

LINES = Fact.single("outdial_lines_used", "Lines in use.", 3)
JOBS = Fact("outdial_open_jobs", "Jobs.", ("status",), {("running",): 2, ("paused",): 1})


def shown(collector: FactsCollector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(collector)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_the_last_reading_is_shown_with_its_labels() -> None:
    collector = FactsCollector()
    collector.put("the database", [LINES])
    collector.put("the database", [JOBS])
    assert shown(collector) == ['outdial_open_jobs{status="running"} 2.0', 'outdial_open_jobs{status="paused"} 1.0']


def test_what_was_read_long_ago_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = FactsCollector()
    collector.put("the database", [LINES])
    monkeypatch.setattr(facts, "FRESH_SECONDS", -1)
    assert shown(collector) == []


async def test_what_cannot_be_read_is_said_once_until_it_can_be_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = [OSError(), OSError(), LINES, OSError(), OSError()]
    asked = 0

    async def read() -> list[Fact]:
        nonlocal asked
        asked += 1
        answer = answers.pop(0) if answers else LINES
        if isinstance(answer, OSError):
            raise answer
        return [answer]

    collector = FactsCollector()
    with caplog.at_level(logging.WARNING):
        reading = asyncio.create_task(keep_reading(collector, "the database", read, 0.001))
        await eventually(lambda: asked > 6)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert [record.message for record in caplog.records] == ["the metrics of the database cannot be read (OSError)"] * 2
    assert shown(collector) == ["outdial_lines_used 3.0"]
