"""One stack for the whole folder, and the jobs that take long: begun first, judged last."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.end_to_end import judge
from tests.end_to_end.batch import MAX_TALK, SHORT, TALKS, Batch, Numbers, answers, contacts
from tests.end_to_end.live_stack import LiveStack, new_home
from tests.waiting import until

FOLDER = Path(__file__).parent
SPEED = 200
CONTACTS_OF_A_CAMPAIGNS_JOB = 100
CRASH_SPEED = 20
BACK_WITHIN_SECONDS = 120
TALKERS = 36  # of the job under which parts die: they talk until all have died, so that it cannot end before
MUTE = 5  # calls of which no callback comes
ORDINARY_WITHIN_SECONDS = 90
JUDGED_LAST = ("settled", "silent", "crashed")  # what tests use, in the order in which they run
MISBEHAVING = {
    "answer_lost": 0.1,
    "callback_doubled": 0.2,
    "callback_late": 0.2,
    "callback_late_seconds": 1,
    "callback_out_of_order": 0.2,
    "callback_before_answer": 0.2,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the carrier's silence is judged last, in this folder."""
    ours = [at for at, item in enumerate(items) if FOLDER in item.path.parents]
    for at, item in zip(ours, sorted((items[at] for at in ours), key=_turn), strict=True):
        items[at] = item


def _turn(item: pytest.Item) -> int:
    used = getattr(item, "fixturenames", ())
    return max((turn for turn, name in enumerate(JUDGED_LAST, 1) if name in used), default=0)


@pytest.fixture(scope="package", autouse=True)
def begun_early(request: pytest.FixtureRequest) -> None:
    """Begin the long jobs that some test of this session will judge."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in ("crashed", "silent"):
        if name in wanted:
            request.getfixturevalue(name)


@pytest.fixture(scope="package")
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture(scope="package")
def stack() -> Iterator[LiveStack]:
    """A fast one, with two workers, whose campaigns have small jobs."""
    small = {"OUTDIAL_CAMPAIGN_JOB_CONTACTS": str(CONTACTS_OF_A_CAMPAIGNS_JOB)}
    with LiveStack.running("--speed", str(SPEED), "--workers", "2", environment=small) as running:
        yield running


@pytest.fixture(scope="package")
def silent(stack: LiveStack, numbers: Numbers) -> Batch:
    """A job whose carrier loses answers and tells its news late, twice and in any order; of five calls, nothing."""
    mute, ordinary = numbers.scripted(SHORT, MUTE), numbers.some(95)
    faults = {
        "numbers": {number: {"callback_lost": 1} if number in mute else MISBEHAVING for number in mute + ordinary}
    }
    answer = httpx.put(f"{stack.ready['carrier']['url']}/simulator/faults", json=faults, trust_env=False)
    assert answer.status_code == 200, answer.text
    called = contacts(mute + ordinary)
    for row, contact in enumerate(called):
        contact |= {"name": f"Zebulon Quagmire {row}", "petName": f"quokka {row}"}
    return Batch.create(stack, called, name="A bad carrier", maxAttempts=3)


@pytest.fixture(scope="package")
def settled(silent: Batch) -> None:
    """For tests that stop or kill workers, or look closely: of the silent job only its mute calls are left.

    Whoever takes a call over may ask for it before its last word, which is late, has come.
    """
    until(lambda: silent.open_contacts() <= MUTE, ORDINARY_WITHIN_SECONDS, every=0.5)


@pytest.fixture(scope="package")
def crashed() -> Iterator[Future[Batch]]:
    """A job under which five parts are killed while other tests go on; it may still run when they were."""
    with new_home() as home, ThreadPoolExecutor(1) as beside:
        stack = LiveStack.start(home, "--speed", str(CRASH_SPEED), "--workers", "2", wait=False)
        try:
            yield beside.submit(_crash, stack)
        finally:
            stack.end()


def _crash(stack: LiveStack) -> Batch:
    stack.wait_until_ready()
    called = contacts(Numbers().scripted(TALKS, TALKERS) + judge.fiction(250 - TALKERS))
    batch = Batch.create(stack, called, maxAttempts=2, maxCallSeconds=MAX_TALK)
    for part in ("workers", "postgres", "api", "temporal", "workers"):
        died_at = batch.kill(part)
        until(lambda since=died_at: answers(lambda: _goes_on(batch, since)), BACK_WITHIN_SECONDS, every=0.2)
    return batch


def _goes_on(batch: Batch, since: float) -> bool:
    """Whether somebody was dialed since then, if anybody is left to dial."""
    return batch.open_contacts() <= TALKERS or batch.dials()[-1]["askedAt"] > since
