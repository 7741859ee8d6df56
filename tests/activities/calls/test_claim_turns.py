"""Waiting for a line or for a number's pace ends, and leaves the worker's slots to others."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.calls import claim_turns
from activities.calls.claim_turns import COME_BACK_SECONDS, ClaimTurns
from activities.calls.payloads import CallContact
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import Audio, CallState, OnMachine
from domain.statuses import ContactStatus
from store.calls.claim import Claimed
from tests.waiting import eventually

OWN_LINES = NotNow(reason=NotNowReason.OWN_LINES, until=datetime(2026, 11, 27, tzinfo=UTC), seconds=9)
LINE = NotNow(reason=NotNowReason.LINE, until=datetime(2026, 11, 27, tzinfo=UTC), seconds=0.01)
PACING = NotNow(reason=NotNowReason.PACING, until=datetime(2026, 11, 27, tzinfo=UTC), seconds=0.05)
CLAIMED = Claimed(
    id="call_1",
    contact_id="contact_1",
    number_of_dial=1,
    job_id="batch_1",
    organization_id="org_1",
    account="twilio",
    to="+12025550101",
    from_="+12025550100",
    state=CallState.ASKED,
    call_id=None,
    asked_at=datetime(2026, 11, 27, tzinfo=UTC),
    ringing_at=None,
    answered_at=None,
    ended_at=None,
    hang_up_reason=None,
    outcome=None,
    contact_status=ContactStatus.DIALING,
    contact_due_at=datetime(2026, 11, 27, tzinfo=UTC),
    ring_seconds=45,
    max_call_seconds=900,
    on_machine=OnMachine.TALK,
    own_account=False,
    age_seconds=0.0,
    state_seconds=0.0,
    audio=Audio.WEBSOCKET,
    audio_url="wss://agent.example",
    data={},
)


class Answers:
    """Claims that are answered by a rule of the test's; `asked`: when, by the monotonic clock."""

    def __init__(self, answer: Callable[[], Claimed | NotNow]) -> None:
        self._answer = answer
        self.asked: list[float] = []

    async def claim(
        self, organization_id: str, job_id: str, contact_id: str, dial: int, lines: int | None = None
    ) -> Claimed | NotNow:
        self.asked.append(time.monotonic())
        return self._answer()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of tenths of a second."""
    monkeypatch.setattr(claim_turns, "MAX_LINE_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(claim_turns, "MAX_LINE_STEP_SECONDS", 0.2)
    monkeypatch.setattr(claim_turns, "MAX_WAIT_SECONDS", 0.5)


async def claim(
    turns: ClaimTurns, *, job: str = "batch_1", organization: str = "org_1", lines: int | None = None
) -> Claimed | NotNow:
    call = CallContact(organization_id=organization, job_id=job, contact_id="contact_1", dial=1, lines=lines)
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


class Lines:
    """So many lines, of which all have calls at first."""

    def __init__(self, free: int = 0) -> None:
        self.free = free

    def __call__(self) -> Claimed | NotNow:
        if not self.free:
            return OWN_LINES
        self.free -= 1
        return CLAIMED


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks unless a line comes free."""
    monkeypatch.setattr(claim_turns, "MAX_LINE_STEP_SECONDS", 9.0)
    monkeypatch.setattr(claim_turns, "IDLE_SECONDS", 9.0)


async def waiting_calls(turns: ClaimTurns, count: int) -> "list[asyncio.Future[Claimed | NotNow]]":
    calls = [asyncio.ensure_future(claim(turns)) for _ in range(count)]
    await asyncio.sleep(0.05)
    return calls


async def until_done(calls: "list[asyncio.Future[Claimed | NotNow]]", count: int) -> None:
    """So many have a line, and no more."""
    await eventually(lambda: sum(call.done() for call in calls) >= count, 5)  # sooner than anybody looks by itself
    await asyncio.sleep(0.02)
    assert sum(call.done() for call in calls) == count


async def stop(calls: "list[asyncio.Future[Claimed | NotNow]]") -> None:
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.usefixtures("patient")
async def test_a_line_that_comes_free_is_taken_by_one_at_once_and_the_others_do_not_look() -> None:
    claims = Answers(lines := Lines())
    turns = ClaimTurns(claims)  # type: ignore[arg-type]
    calls = await waiting_calls(turns, 5)
    looked = len(claims.asked)

    for taken in (1, 2):
        lines.free += 1
        turns.free("batch_1")
        await until_done(calls, taken)
        assert len(claims.asked) == looked + taken

    await stop(calls)


@pytest.mark.usefixtures("patient")
async def test_as_many_take_lines_as_come_free_together() -> None:
    claims = Answers(lines := Lines())
    turns = ClaimTurns(claims)  # type: ignore[arg-type]
    calls = await waiting_calls(turns, 5)

    lines.free += 3
    for _ in range(3):
        turns.free("batch_1")

    await until_done(calls, 3)
    await stop(calls)


async def test_lines_of_which_nobody_was_told_are_found_and_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_turns, "MAX_LINE_STEP_SECONDS", 0.2)
    claims = Answers(lines := Lines())
    calls = await waiting_calls(ClaimTurns(claims), 5)  # type: ignore[arg-type]

    lines.free += 4

    await until_done(calls, 4)
    await stop(calls)


@pytest.mark.usefixtures("patient")
async def test_a_line_that_comes_free_while_one_looks_is_not_missed() -> None:
    lines, turns = Lines(), ClaimTurns(claims := Answers(lambda: OWN_LINES))  # type: ignore[arg-type]

    def comes_free_meanwhile() -> Claimed | NotNow:
        answer = lines()
        if len(claims.asked) == 2:
            lines.free += 1
            turns.free("batch_1")
        return answer

    claims._answer = comes_free_meanwhile
    calls = await waiting_calls(turns, 1)
    turns.free("batch_1")

    await until_done(calls, 1)


@pytest.mark.usefixtures("patient")
async def test_a_line_that_came_free_while_all_looked_is_taken_by_the_next_that_comes() -> None:
    lines, turns = Lines(), ClaimTurns(claims := Answers(lambda: OWN_LINES))  # type: ignore[arg-type]
    comes = asyncio.Event()

    class Slow(Answers):
        async def claim(self, *about: object) -> Claimed | NotNow:
            answer = lines()
            if answer == CLAIMED and not comes.is_set():
                lines.free += 1
                turns.free("batch_1")  # nobody sleeps
                comes.set()
                await asyncio.sleep(0.1)
            return answer

    turns._claims = Slow(claims._answer)  # type: ignore[assignment]
    calls = await waiting_calls(turns, 1)
    lines.free += 1
    turns.free("batch_1")
    await comes.wait()
    calls += await waiting_calls(turns, 1)

    await until_done(calls, 2)


class SlowAnswers(Answers):
    """Each answer is as it was when it was asked for, and takes a tenth of a second."""

    async def claim(self, *about: object) -> Claimed | NotNow:  # type: ignore[override]
        self.asked.append(time.monotonic())
        answer = self._answer()
        await asyncio.sleep(0.1)
        return answer


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("more", [1, 4, 20])
async def test_lines_that_came_free_while_one_looked_are_all_taken_by_those_that_come(more: int) -> None:
    turns = ClaimTurns(SlowAnswers(lines := Lines()))  # type: ignore[arg-type]
    calls = await waiting_calls(turns, 1)
    await asyncio.sleep(0.15)  # it has looked, and sleeps
    lines.free += 1 + more
    for _ in range(1 + more):
        turns.free("batch_1")
    await asyncio.sleep(0)  # it is told, and looks

    calls += await waiting_calls(turns, more)

    await until_done(calls, 1 + more)


@pytest.mark.usefixtures("patient")
async def test_a_line_that_comes_free_while_the_first_to_come_looks_is_not_missed() -> None:
    turns = ClaimTurns(SlowAnswers(lines := Lines()))  # type: ignore[arg-type]
    calls = await waiting_calls(turns, 1)

    lines.free += 1
    turns.free("batch_1")

    await until_done(calls, 1)


@pytest.mark.usefixtures("patient")
async def test_lines_that_others_took_are_not_looked_for_again_and_again() -> None:
    turns = ClaimTurns(claims := SlowAnswers(Lines()))  # type: ignore[arg-type]
    calls = await waiting_calls(turns, 1)
    for _ in range(40):
        turns.free("batch_1")
    calls += await waiting_calls(turns, 4)

    await asyncio.sleep(0.5)

    assert len(claims.asked) <= 1 + 5 + 1
    await stop(calls)


class Shares(Answers):
    """Claims of a job that has `live` calls."""

    def __init__(self, live: int) -> None:
        super().__init__(lambda: OWN_LINES)
        self.live = live

    async def claim(
        self, organization_id: str, job_id: str, contact_id: str, dial: int, lines: int | None = None
    ) -> Claimed | NotNow:
        if lines is not None and self.live >= lines:
            return OWN_LINES
        self.live += 1
        return CLAIMED


@pytest.mark.usefixtures("patient")
async def test_calls_that_wait_go_by_a_share_that_became_larger() -> None:
    turns = ClaimTurns(claims := Shares(live=1))  # type: ignore[arg-type]
    older = [asyncio.ensure_future(claim(turns, lines=1)) for _ in range(2)]
    await asyncio.sleep(0.05)

    newer = asyncio.ensure_future(claim(turns, lines=3))

    await until_done([*older, newer], 2)
    assert claims.live == 3
    await stop([*older, newer])


@pytest.mark.usefixtures("patient")
async def test_calls_that_wait_go_by_a_share_of_which_this_worker_is_told() -> None:
    turns = ClaimTurns(claims := Shares(live=1))  # type: ignore[arg-type]
    calls = [asyncio.ensure_future(claim(turns, lines=1)) for _ in range(3)]
    await asyncio.sleep(0.05)

    turns.take_share("batch_1", 3, datetime.now(UTC) + timedelta(seconds=1))

    await until_done(calls, 2)
    assert claims.live == 3
    await stop(calls)


@pytest.mark.usefixtures("patient")
async def test_a_call_that_was_on_its_way_when_the_worker_was_told_of_a_share_goes_by_it() -> None:
    turns = ClaimTurns(claims := Shares(live=1))  # type: ignore[arg-type]

    turns.take_share("batch_1", 2, datetime.now(UTC) + timedelta(seconds=1))

    await until_done([asyncio.ensure_future(claim(turns, lines=1))], 1)
    assert claims.live == 2


@pytest.mark.usefixtures("patient")
async def test_a_share_of_which_a_worker_was_told_counts_for_no_call_that_was_handed_out_later() -> None:
    turns = ClaimTurns(claims := Shares(live=1))  # type: ignore[arg-type]
    turns.take_share("batch_1", 2, ActivityEnvironment.default_info().scheduled_time - timedelta(seconds=1))

    calls = [asyncio.ensure_future(claim(turns, lines=1))]
    await asyncio.sleep(0.1)

    assert claims.live == 1
    await stop(calls)


async def test_the_calls_of_a_run_that_hands_over_are_left_to_the_next() -> None:
    claims = Answers(lambda: CLAIMED)
    turns = ClaimTurns(claims, is_closing=lambda _: True)  # type: ignore[arg-type]

    held = await claim(turns)

    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.CONTACT
    assert not claims.asked
