"""From the answer to a cancel or a pause on nobody is dialed, though forty are on the phone and other lines dial."""

import signal
import time
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.batch import MAX_TALK, TALKS, Batch, Numbers, contacts, live_at
from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

SOAK_SPEED = 200
TIMES = 10
TALKERS = 43
MIN_LIVE_CALLS = 40
QUIET_SECONDS = 20.0  # after which no request for a call can be on its way
LINES = 50
BUSY_WITHIN_SECONDS = 100  # other jobs of the stack may have lines
LOCK_SECONDS = 5.0  # that a process which froze in a transaction keeps its locks
ROOM_SECONDS = 5.0


@dataclass
class Controlled:
    """A job with at least forty live calls, and complaints about what was ordered of it."""

    batch: Batch
    found: list[str] = field(default_factory=list)
    answered_in: list[float] = field(default_factory=list)  # seconds

    @classmethod
    def begin(cls, stack: LiveStack, numbers: Numbers, others: int) -> "Controlled":
        called = contacts(numbers.scripted(TALKS, TALKERS) + numbers.some(others))
        controlled = cls(Batch.create(stack, called, maxCallSeconds=MAX_TALK, name="Talkers"))
        controlled.wait_until_busy()
        return controlled

    def wait_until_busy(self) -> None:
        """Forty are talking, and somebody was dialed a moment ago."""

        def busy() -> bool:
            dials = self.batch.dials()
            talks = [dial for dial in dials if dial["to"].endswith(TALKS) and dial["endedAt"] is None]
            return len(talks) >= MIN_LIVE_CALLS and dials[-1]["askedAt"] > time.time() - 0.3

        until(busy, BUSY_WITHIN_SECONDS, every=0.1)

    def order(self, what: str) -> dict[str, object]:
        """Cancel or pause, and see for a second that nobody is dialed after the answer."""
        asked_at = time.time()
        answer, answered_at = self.batch.order(what)
        self.answered_in.append(answered_at - asked_at)
        time.sleep(1)
        dials = self.batch.dials()
        if live_at(dials, asked_at) < MIN_LIVE_CALLS:
            self.found.append(f"{what}: only {live_at(dials, asked_at)} calls were live")
        late = [dial["askedAt"] - answered_at for dial in dials if dial["askedAt"] > answered_at]
        self.found += [f"{what}: somebody was dialed {seconds:.3f} s after the answer" for seconds in late]
        return answer

    def pause_and_resume(self) -> None:
        self.order("pause")
        self.batch.order("resume")
        self.wait_until_busy()

    def cancel(self) -> None:
        self.check_cancelled(self.order("cancel"))

    def check_cancelled(self, answer: dict[str, object]) -> None:
        """Those whose call had not rung are cancelled too, once it is called off: after the answer."""
        cancelled = self.batch.detail()["statusBreakdown"]["cancelled"]
        rung = sum(1 for dial in self.batch.dials() if dial["ringingAt"] is not None and dial["endedAt"] is None)
        if not 0 <= cancelled - answer["contactsCancelled"] <= LINES - rung:
            said = f"{answer['contactsCancelled']} cancelled by the answer, {cancelled} by the detail"
            self.found.append(f"{said}; {rung} calls had rung")
        if self.batch.status() != "cancelled":
            self.found.append(f"the job is {self.batch.status()}")

    def cancel_while_no_worker_runs(self) -> None:
        """Answered in time, and true when the workers go on."""
        workers = range(len(self.batch.stack.ready["pids"]["workers"]))
        for number in workers:
            self.batch.stack.kill("workers", number, signal.SIGSTOP)
        try:
            answer = self.order("cancel")
        finally:
            for number in workers:
                self.batch.stack.kill("workers", number, signal.SIGCONT)
        if self.answered_in[-1] > QUIET_SECONDS + LOCK_SECONDS + ROOM_SECONDS:
            self.found.append(f"cancel was answered after {self.answered_in[-1]:.1f} s")
        self.check_cancelled(answer)
        goes_on_at = time.time()
        time.sleep(4)
        if any(dial["askedAt"] > goes_on_at for dial in self.batch.dials()):
            self.found.append("somebody was dialed when the workers went on")

    def hang_up(self, within: float) -> None:
        """End the live calls; the talkers' calls took place."""
        live = self.batch.live()
        _, answered_at = self.batch.order("cancel", hangUp=True)
        until(lambda: self.batch.live() == 0, within + ROOM_SECONDS, every=0.2)
        slowest = max(dial["endedAt"] for dial in self.batch.dials()) - answered_at
        if slowest > within:
            self.found.append(f"the last of {live} calls ended {slowest:.1f} s after the answer")

    def complaints(self, speed: float, **allowed: int) -> list[str]:
        """Once nobody is on the phone."""
        self.batch.wait_until_nobody_is_on_the_phone(90)
        rang = {dial["to"] for dial in self.batch.dials() if dial["ringingAt"] is not None}
        talked = [contact for contact in self.batch.contacts() if contact["phoneNumber"].endswith(TALKS)]
        lost = [c["status"] for c in talked if c["phoneNumber"] in rang and c["status"] != "completed"]
        self.found += [f"a live call's contact is {status}" for status in lost]
        return self.found + self.batch.complaints(speed=speed, **allowed)


def test_nobody_is_dialed_after_pause_or_cancel_answered(stack: LiveStack, numbers: Numbers) -> None:
    controlled = Controlled.begin(stack, numbers, others=300)
    for _ in range(2):
        controlled.pause_and_resume()
    controlled.cancel()
    controlled.hang_up(within=5)

    assert controlled.complaints(SPEED) == []


@pytest.mark.usefixtures("settled")
def test_a_cancel_holds_while_no_worker_runs(stack: LiveStack, numbers: Numbers) -> None:
    controlled = Controlled.begin(stack, numbers, others=200)
    controlled.cancel_while_no_worker_runs()
    controlled.batch.hang_up()

    assert controlled.complaints(SPEED, unsent=LINES - TALKERS) == []


@pytest.mark.soak
def test_nobody_is_dialed_after_ten_pauses_and_ten_cancels(numbers: Numbers) -> None:
    wrong, seconds = [], []
    with LiveStack.running("--speed", str(SOAK_SPEED), "--workers", "2") as stack:
        for _ in range(TIMES):
            controlled = Controlled.begin(stack, numbers, others=600)
            controlled.pause_and_resume()
            controlled.cancel()
            controlled.hang_up(within=5)
            wrong += controlled.complaints(SOAK_SPEED) + controlled.batch.ledger_complaints()
            seconds += controlled.answered_in
    print(f"{len(seconds)} answers, the slowest after {max(seconds):.2f} s")

    assert wrong == []


@pytest.mark.soak
def test_three_cancels_hold_while_no_worker_runs(numbers: Numbers) -> None:
    with LiveStack.running("--speed", str(SOAK_SPEED), "--workers", "2") as stack:
        for _ in range(3):
            controlled = Controlled.begin(stack, numbers, others=300)
            controlled.cancel_while_no_worker_runs()
            print(f"cancelled without workers in {controlled.answered_in[-1]:.1f} s")
            controlled.batch.hang_up()
            assert controlled.complaints(SOAK_SPEED, unsent=LINES - TALKERS) == []
            assert controlled.batch.ledger_complaints() == []
