"""Cancel and pause while dialling goes on: forty people talk, and the other lines dial."""

import signal
import time
from dataclasses import dataclass, field

from tests.end_to_end.batch import Batch, live_at
from tests.end_to_end.live_stack import LiveStack, until
from tests.end_to_end.numbers import MAX_TALK, TALKS, Numbers, contacts

TALKERS = 41
MIN_LIVE_CALLS = 40
QUIET_SECONDS = 20.0  # after which no request for a call can be on its way
LINES = 50
BUSY_WITHIN_SECONDS = 100  # other jobs of the stack may have lines
LOCK_SECONDS = 5.0  # that a process which froze in a transaction keeps its locks
ROOM_SECONDS = 5.0


@dataclass
class Controlled:
    """A job with at least forty live calls, and complaints about what it was told."""

    batch: Batch
    found: list[str] = field(default_factory=list)
    answered_in: list[float] = field(default_factory=list)  # seconds
    quiet: list[tuple[float, float]] = field(default_factory=list)  # from an answer on, nobody is dialed until …

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

    def say(self, what: str, watch_for: float = 1.0, **body: object) -> dict[str, object]:
        """Cancel or pause, and see that nobody is dialed after the answer."""
        asked_at = time.time()
        answer, answered_at = self.batch.order(what, **body)
        self.answered_in.append(answered_at - asked_at)
        time.sleep(watch_for)
        dials = self.batch.dials()
        if live_at(dials, asked_at) < MIN_LIVE_CALLS:
            self.found.append(f"{what}: only {live_at(dials, asked_at)} calls were live")
        late = [dial["askedAt"] - answered_at for dial in dials if dial["askedAt"] > answered_at]
        self.found += [f"{what}: somebody was dialed {seconds:.3f} s after the answer" for seconds in late]
        return answer

    def pause_and_resume(self) -> None:
        self.say("pause")
        self.batch.order("resume")
        self.wait_until_busy()

    def cancel(self) -> None:
        answer = self.say("cancel")
        self.check_cancelled(answer)

    def check_cancelled(self, answer: dict[str, object]) -> None:
        cancelled = self.batch.detail()["statusBreakdown"]["cancelled"]
        if answer["contactsCancelled"] != cancelled:
            self.found.append(f"{answer['contactsCancelled']} cancelled by the answer, {cancelled} by the detail")
        if self.batch.status() != "cancelled":
            self.found.append(f"the job is {self.batch.status()}")

    def cancel_while_no_worker_runs(self) -> None:
        """Answered in time, and true when the workers go on."""
        workers = self.batch.stack.ready["pids"]["workers"]
        for number in range(len(workers)):
            self.batch.stack.kill("workers", number, signal.SIGSTOP)
        try:
            answer = self.say("cancel")
        finally:
            for number in range(len(workers)):
                self.batch.stack.kill("workers", number, signal.SIGCONT)
        if self.answered_in[-1] > QUIET_SECONDS + LOCK_SECONDS + ROOM_SECONDS:
            self.found.append(f"cancel was answered after {self.answered_in[-1]:.1f} s")
        self.check_cancelled(answer)
        answered_at = time.time()
        time.sleep(4)
        if any(dial["askedAt"] > answered_at for dial in self.batch.dials()):
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
        talked = [contact for contact in self.batch.contacts() if contact["phoneNumber"].endswith(TALKS)]
        lost = [c["status"] for c in talked if c["dials"] and c["status"] != "completed"]
        self.found += [f"a live call's contact is {status}" for status in lost]
        return self.found + self.batch.complaints(speed=speed, **allowed)
