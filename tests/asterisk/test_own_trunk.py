"""A number with a trunk of its own: its calls go over that, and are heard on the stream of all."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.calls.call import CallActivities
from activities.calls.carrier_stream import CarrierStream
from carriers.accounts import CarrierAccounts
from carriers.asterisk import Asterisk
from domain.calls.models import Outcome
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.calls.watcher import DialWatch
from store.db.vault import Vault
from store.jobs.lifecycle import JobLifecycle
from store.leases import StreamLeases
from store.organizations.carrier_credentials import CarrierCredentials
from store.organizations.phone_numbers import PhoneNumbers
from tests.activities.calling import Calling
from tests.builders import a_job, an_organization
from tests.fakes.carrier import NAME
from tests.telephony_lab.lab import Lab
from tests.waiting import eventually

BUSY, AWAY = 1, 6  # contacts by the last two digits of their numbers
PATIENCE_SECONDS = 30.0
VAULT = Vault.from_setting("s" * 32)


@dataclass
class Worker:
    """A worker whose one number has settings of its own; its Asterisk answers to the name of the test's account."""

    calling: Calling
    engine: AsyncEngine

    async def give_the_number(self, trunk: str) -> None:
        given = self.calling.given
        sealed = VAULT.seal(json.dumps({"trunk": trunk}))
        await PhoneNumbers(self.engine).change_carrier_settings(given.id, given.number.id, NAME, sealed)

    async def resume(self) -> None:
        """The job paused itself when the carrier refused."""
        await JobLifecycle(self.engine).resume(self.calling.given.id, self.calling.job_id)

    async def call(self, contact: int, dial: int = 1) -> Outcome | None:
        run = self.calling.start(contact, dial=dial)
        await eventually(lambda: run.over, PATIENCE_SECONDS)
        return (await run.result()).outcome


@pytest.fixture
async def worker(lab: Lab, engine: AsyncEngine, database_url: str) -> AsyncIterator[Worker]:
    shared = Asterisk(lab.options(trunk="PJSIP/{number}@nowhere"))
    carriers = CarrierAccounts({NAME: shared}, CarrierCredentials(engine, VAULT).read_settings, {})
    dials, leases = Dials(engine), StreamLeases(engine, database_url)
    watch = DialWatch(dials, database_url)
    calls = CallActivities(Claims(engine), dials, watch, carriers, "http://127.0.0.1:8000", call_token=str)
    given = await an_organization(engine)
    job = await a_job(engine, given, 7)
    calling = Calling(engine, dials, shared, calls, given, job.id, watch, carriers)  # type: ignore[arg-type]
    async with watch.running(), CarrierStream(NAME, shared, dials, leases).running():
        await calling.begin()
        await eventually(lambda: leases.is_streaming(NAME), PATIENCE_SECONDS)
        yield Worker(calling, engine)
    await carriers.close()


async def test_its_calls_go_over_its_own_trunk_and_end_as_the_stream_tells(worker: Worker) -> None:
    await worker.give_the_number("PJSIP/{number}@second")

    assert await worker.call(BUSY) is Outcome.BUSY
    (dial,) = await worker.calling.rows("SELECT carrier_account_id, sip_code FROM dials")
    assert dial["carrier_account_id"].startswith(f"{NAME}_")
    assert dial["sip_code"] == 486


async def test_a_mistyped_trunk_closes_the_gate_of_its_number_alone_until_it_is_mended(worker: Worker) -> None:
    await worker.give_the_number("PJSIP/{number}@nobody")

    assert await worker.call(BUSY) is Outcome.ACCOUNT_REJECTED
    closed = await worker.calling.rows("SELECT id FROM carrier_accounts WHERE closed_until > now()")
    assert [row["id"].startswith(f"{NAME}_") for row in closed] == [True]

    await worker.give_the_number("PJSIP/{number}@second")
    await worker.resume()
    assert await worker.call(AWAY) is Outcome.NO_ANSWER
