"""What a watched job waits for: told in its events, asked of its workflow once for all who watch."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest

from api.jobs import event_routes, waiting
from api.jobs.waiting import WaitingJobs
from domain.calls.dispatch import NotNowReason
from tests.api.client import Api, Served
from tests.api.jobs.test_events import watching
from workflows.client import JobWorkflows
from workflows.dispatch_state import WaitingFor
from workflows.web_ui import JobProgress


class Workflows:
    """Jobs' workflows that say what they are told to."""

    def __init__(self) -> None:
        self.reason: NotNowReason | None = None
        self.seconds = 0.0
        self.asked = 0

    async def progress(self, _: str) -> JobProgress:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        waits = None if self.reason is None else WaitingFor(reason=self.reason, until=None)
        return JobProgress(waiting_for=waits, **ROOM)


ROOM: dict[str, Any] = {"live_calls": 0, "lines_held": 0, "lines_wanted": 0}


@pytest.fixture
def workflows(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflows]:
    fake, services = Workflows(), served.app.state.services
    before = services[WaitingJobs]
    services.add(WaitingJobs(cast("JobWorkflows", fake)))
    for module in (event_routes, waiting):
        monkeypatch.setattr(module, "ASK_SECONDS", 0.3)
    yield fake
    services.add(before)


async def test_what_a_job_waits_for_is_told_when_it_changes(api: Api, workflows: Workflows) -> None:
    workflows.reason = NotNowReason.WINDOW
    async with watching(api, await api.new_job()) as stream:
        first = await stream.next()
        assert first is not None
        assert first.data["waitingFor"] == {"reason": "window", "until": None, "detail": None}
        workflows.reason = None
        change = await stream.next()
        assert change is not None
        assert (change.kind, change.data["waitingFor"], change.data["contacts"]) == ("change", None, [])


async def test_however_many_watch_a_workflow_is_asked_once() -> None:
    fake = Workflows()
    fake.reason = NotNowReason.CREDITS
    jobs = WaitingJobs(cast("JobWorkflows", fake))
    answers = await asyncio.gather(*(jobs.read("batch_1") for _ in range(50)))
    assert {answer and answer.reason for answer in answers} == {"credits"}
    assert fake.asked == 1


async def test_a_workflow_that_does_not_answer_holds_up_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "ANSWER_SECONDS", 0.05)
    fake = Workflows()
    fake.seconds = 60
    assert await WaitingJobs(cast("JobWorkflows", fake)).read("batch_1") is None
