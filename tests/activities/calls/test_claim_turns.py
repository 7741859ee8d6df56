"""Waiting for a line or for a number's pace ends, and leaves the worker's slots to others."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from activities.calls import claim_turns
from activities.calls.claim_turns import COME_BACK_SECONDS, ClaimTurns
from activities.calls.payloads import CallContact
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import Audio
from store.calls.claim import Claimed

LINE = NotNow(reason=NotNowReason.LINE, until=datetime(2026, 11, 27, tzinfo=UTC), seconds=0.01)
PACING = NotNow(reason=NotNowReason.PACING, until=datetime(2026, 11, 27, tzinfo=UTC), seconds=0.05)
CLAIMED = Claimed(
    dial_id="call_1",
    account="twilio",
    to="+12025550101",
    from_="+12025550100",
    audio=Audio.WEBSOCKET,
    audio_url="wss://agent.example",
    data={},
    ring_seconds=45,
    max_call_seconds=900,
)


class Answers:
    """Claims that are answered by a rule of the test's; `asked`: when, by the monotonic clock."""

    def __init__(self, answer: Callable[[], Claimed | NotNow]) -> None:
        self._answer = answer
        self.asked: list[float] = []

    async def claim(self, organization_id: str, job_id: str, contact_id: str, dial: int) -> Claimed | NotNow:
        self.asked.append(time.monotonic())
        return self._answer()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of tenths of a second."""
    monkeypatch.setattr(claim_turns, "MAX_LINE_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(claim_turns, "MAX_LINE_STEP_SECONDS", 0.2)
    monkeypatch.setattr(claim_turns, "MAX_WAIT_SECONDS", 0.5)


async def claim(turns: ClaimTurns, *, job: str = "batch_1", organization: str = "org_1") -> Claimed | NotNow:
    call = CallContact(organization_id=organization, job_id=job, contact_id="contact_1", dial=1)
    claimed, _ = await ActivityEnvironment().run(turns.claim, call)
    return claimed


@pytest.mark.usefixtures("short")
async def test_a_line_that_does_not_come_is_waited_for_so_long_in_all() -> None:
    claims = Answers(lambda: LINE)

    async with asyncio.timeout(2):
        held = await claim(ClaimTurns(claims))  # type: ignore[arg-type]

    assert isinstance(held, NotNow)
    assert (held.reason, held.seconds) == (NotNowReason.LINE, COME_BACK_SECONDS)
    assert 5 <= len(claims.asked) <= 8  # 0.01 s, 0.02 s …: not each 0.01 s
    assert claims.asked[-1] - claims.asked[0] <= 0.5


@pytest.mark.usefixtures("short")
async def test_the_calls_of_a_job_wait_together_not_one_after_another_for_as_long() -> None:
    claims = Answers(lambda: LINE)
    turns = ClaimTurns(claims)  # type: ignore[arg-type]

    async with asyncio.timeout(1.5):
        held = await asyncio.gather(*(claim(turns) for _ in range(10)))

    assert {one.reason for one in held if isinstance(one, NotNow)} == {NotNowReason.LINE}
    assert len(held) == 10


@pytest.mark.usefixtures("short")
async def test_a_line_that_becomes_free_is_taken() -> None:
    claims = Answers(lambda: LINE if len(claims.asked) < 4 else CLAIMED)

    assert await claim(ClaimTurns(claims)) == CLAIMED  # type: ignore[arg-type]


@pytest.mark.usefixtures("short")
async def test_a_pace_is_kept_and_those_beyond_the_bound_come_back_later() -> None:
    """At twenty a second about ten of thirty get through in half a second."""
    free_at = 0.0

    def paced() -> Claimed | NotNow:
        nonlocal free_at
        if time.monotonic() < free_at:
            return PACING.model_copy(update={"seconds": free_at - time.monotonic()})
        free_at = time.monotonic() + 0.05
        return CLAIMED

    turns = ClaimTurns(Answers(paced))  # type: ignore[arg-type]

    async with asyncio.timeout(3):
        answers = await asyncio.gather(*(claim(turns) for _ in range(30)))

    through = answers.count(CLAIMED)
    assert 3 <= through <= 15
    assert sum(isinstance(one, NotNow) for one in answers) == 30 - through


@pytest.mark.usefixtures("short")
async def test_so_many_of_one_organization_wait_and_others_have_room() -> None:
    turns = ClaimTurns(Answers(lambda: LINE), max_waiting=3)  # type: ignore[arg-type]
    waiting = [asyncio.ensure_future(claim(turns, job=f"batch_{n}")) for n in range(3)]
    await asyncio.sleep(0.05)

    began_at = time.monotonic()
    held = await claim(turns, job="batch_9")

    assert time.monotonic() - began_at < 0.2  # at once
    assert isinstance(held, NotNow)
    assert held.seconds == COME_BACK_SECONDS
    other = asyncio.ensure_future(claim(turns, organization="org_2"))
    await asyncio.sleep(0.1)
    assert not other.done()  # it may wait
    await asyncio.gather(*waiting, other)
    assert isinstance(await asyncio.wait_for(claim(turns), 2), NotNow)
    assert not turns._waiting


async def test_who_finds_no_room_to_wait_may_be_claimed_all_the_same() -> None:
    turns = ClaimTurns(Answers(lambda: CLAIMED), max_waiting=0)  # type: ignore[arg-type]

    assert await claim(turns) == CLAIMED
