"""Calls that wait in the carrier's queue are called off before the answer that no call starts; no worker is needed."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from api.jobs import in_flight
from carriers import CarrierAway, Gone
from domain.calls.models import CallReport, CallState, Ending
from store.db.engine import Database
from tests.api.client import Api, Tenant, serve, settings_for
from tests.api.jobs.test_control import TWO, dial, running


class Queueing:
    """A carrier with calls in its queue. `answers_first`: somebody answers before the call can be ended."""

    name = "queueing"

    def __init__(self) -> None:
        self.states: dict[str, CallState] = {}
        self.away = False
        self.answers_first = False
        self.hung_up: list[str] = []

    async def fetch(self, call_id: str) -> CallReport | Gone:
        if self.away:
            raise CarrierAway("The carrier does not answer.")
        state = CallState.ANSWERED if self.answers_first else self.states.get(call_id, CallState.QUEUED)
        ending = Ending.CANCELED if state is CallState.ENDED else None
        return CallReport(call_id=call_id, state=state, ending=ending)

    async def hang_up(self, call_id: str) -> None:
        self.hung_up.append(call_id)
        self.states[call_id] = CallState.ENDED

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def carrier() -> Queueing:
    return Queueing()


@pytest.fixture
async def queued_api(
    carrier: Queueing,
    shared_database_url: str,
    temporal_away: None,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Api]:
    monkeypatch.setattr(in_flight, "WORKERS_FIRST_SECONDS", 0.2)
    served = serve(create_app(settings_for(shared_database_url), {"twilio": carrier}))  # type: ignore[dict-item]
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        yield Api(http, tenant)
    await asyncio.to_thread(served.stop)


async def queued(api: Api, records: Database) -> tuple[str, str]:
    """A running job with one call that the carrier took and has not let ring: the ids of the job and of the dial."""
    job_id = await running(api)
    dial_id = await dial(records, job_id, f"CA-queued-{job_id}")
    async with records.begin() as connection:
        await connection.execute(sa.text("UPDATE dials SET state = 'queued' WHERE id = :id"), {"id": dial_id})
    return job_id, dial_id


async def row_of(records: Database, dial_id: str) -> Any:
    query = "SELECT d.*, c.status FROM dials d JOIN contacts c ON c.id = d.contact_id WHERE d.id = :id"
    async with records.connect() as connection:
        return (await connection.execute(sa.text(query), {"id": dial_id})).one()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/batch/jobs/{job}/cancel", None, "cancelled"),
        ("/batch/jobs/{job}/cancel", {"hangUp": True}, "cancelled"),
        ("/batch/jobs/{job}/pause", None, "queued"),
        ("/organization/stop", None, "queued"),
        ("/do-not-call", {"numbers": [TWO[0]["phone"]]}, "queued"),
    ],
)
async def test_a_call_that_has_not_rung_is_called_off_before_the_answer(
    queued_api: Api, carrier: Queueing, records: Database, path: str, body: Any, status: str
) -> None:
    job_id, dial_id = await queued(queued_api, records)

    answer = await queued_api.post(path.format(job=job_id), json=body)
    row = await row_of(records, dial_id)

    assert answer.status_code == 200
    assert answer.json()["callsNotStopped"] == 0
    assert carrier.hung_up == [row.call_id]
    assert (row.outcome, row.status) == ("called_off", status)


async def test_who_opts_out_is_not_rung_by_another_call_that_waits(
    queued_api: Api, carrier: Queueing, records: Database
) -> None:
    talking = await dial(records, await running(queued_api), "CA-talks-" + queued_api.tenant.id)
    _, dial_id = await queued(queued_api, records)

    answer = await queued_api.post(f"/calls/{talking}/opt-out")

    assert answer.json()["callsNotStopped"] == 0
    assert (await row_of(records, dial_id)).outcome == "called_off"
    assert (await row_of(records, talking)).ended_at is None


async def test_what_cannot_be_called_off_is_counted_in_the_answer(
    queued_api: Api, carrier: Queueing, records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "QUIET_LIMIT", 1.5)
    carrier.away = True
    job_id, _ = await queued(queued_api, records)
    began = time.monotonic()

    answer = (await queued_api.post(f"/batch/jobs/{job_id}/pause")).json()

    assert time.monotonic() - began < 5
    assert answer["callsNotStopped"] == 1
    assert answer["message"].endswith("1 call at the carrier could not be stopped.")


async def test_who_answers_in_the_same_moment_is_not_cut_off(
    queued_api: Api, carrier: Queueing, records: Database
) -> None:
    carrier.answers_first = True
    job_id, dial_id = await queued(queued_api, records)

    answer = (await queued_api.post(f"/batch/jobs/{job_id}/cancel")).json()

    row = await row_of(records, dial_id)

    assert answer["callsNotStopped"] == 0
    assert carrier.hung_up == []
    assert (row.state, row.hang_up_reason) == ("answered", None)
