"""Who is on the phone, who is next, and what a job waits for: the dispatcher's decisions, without Temporal."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.dispatch import DueContact, Held, HeldReason, JobPage
from domain.model import Model
from domain.statuses import JobStatus

LOOK_AGAIN = timedelta(minutes=5)  # at what only somebody else can change, should a nudge be lost
SHORTEST_HOLD = timedelta(seconds=1)  # so that a claim and a page that disagree do not chase each other


class WaitingFor(Model):
    """Why nobody is dialled now. `until`: UTC, None where only a person can tell."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class _Hold:
    """Nobody is dialled before `until`. What a page said, the next page can take back; what a claim said, it cannot."""

    reason: HeldReason
    until: datetime
    by_page: bool


class Lineup:
    """The state between two looks at the record. Times are the workflow's, UTC."""

    def __init__(self) -> None:
        self.page: JobPage | None = None
        self.in_flight: dict[str, DueContact] = {}
        self._due: deque[DueContact] = deque()
        self._next_due_at: datetime | None = None
        self._hold: _Hold | None = None

    def take(self, page: JobPage, now: datetime) -> None:
        """A fresh look at the record replaces the last one; those in flight are known already."""
        self.page = page
        self._due = deque(contact for contact in page.due if contact.contact_id not in self.in_flight)
        self._next_due_at = page.next_due_at
        if page.held is not None:
            self._hold = _Hold(page.held.reason, now + timedelta(seconds=page.held.seconds), by_page=True)
        elif self._hold is not None and self._hold.by_page:
            self._hold = None

    def next_calls(self, now: datetime) -> Iterator[DueContact]:
        """Those to call now: everybody whose call is live already, then the due ones while lines are free.

        Each is counted as in flight before it is handed out.
        """
        while self._due and (self._due[0].live or (self.may_dial(now) and self.free_lines)):
            contact = self._due.popleft()
            if contact.contact_id not in self.in_flight:
                self.in_flight[contact.contact_id] = contact
                yield contact

    def ended(self, contact_id: str, due_at: datetime | None) -> None:
        """A call is over; `due_at`: when this contact is to be called again."""
        del self.in_flight[contact_id]
        if due_at is not None and (self._next_due_at is None or due_at < self._next_due_at):
            self._next_due_at = due_at

    def hold(self, held: Held, now: datetime) -> None:
        """A claim said no: dial nobody before it is worth asking again."""
        if held.reason not in {HeldReason.CONTACT, HeldReason.PAIR}:
            self._hold = _Hold(held.reason, now + max(SHORTEST_HOLD, timedelta(seconds=held.seconds)), by_page=False)

    def may_dial(self, now: datetime) -> bool:
        """Whether the job calls people, as far as is known."""
        running = self.page is not None and self.page.status is JobStatus.RUNNING
        return running and not self._is_held(now)

    @property
    def lines(self) -> int:
        """The job's share of lines: the smaller of its own and its organisation's limit."""
        return self.page.lines if self.page is not None else 0

    @property
    def lines_wanted(self) -> int:
        """How many lines the job can use now."""
        return min(self.lines, len(self.in_flight) + len(self._due))

    @property
    def free_lines(self) -> int:
        return max(0, self.lines - len(self.in_flight))

    @property
    def idle(self) -> bool:
        """Nobody on the phone, nobody next."""
        return not self.in_flight and not self._due

    def wants_more(self, now: datetime) -> bool:
        """Whether lines are free and somebody has become due since the last look."""
        if self._due or not self.free_lines or not self.may_dial(now):
            return False
        if self.page is not None and self.page.more:
            return True
        return self._next_due_at is not None and self._next_due_at <= now

    def wake_at(self, now: datetime) -> datetime | None:
        """When to look again without being told; None while the lines are full: an ending will tell."""
        if self.page is not None and self.page.status is not JobStatus.RUNNING:
            return now + LOOK_AGAIN
        if self._hold is not None and self._is_held(now):
            return self._hold.until
        return self._next_due_at if self.free_lines and not self._due else None

    def waiting_for(self, now: datetime) -> WaitingFor | None:
        """What keeps the job from dialling, for people."""
        if self.page is None:
            return WaitingFor(reason="start")
        if self.page.status is JobStatus.PAUSED:
            return WaitingFor(reason="resume")
        if self._hold is not None and self._is_held(now):
            return WaitingFor(reason=self._hold.reason, until=self._hold.until)
        if self.idle and self._next_due_at is not None:
            return WaitingFor(reason="retry", until=self._next_due_at)
        return None

    def _is_held(self, now: datetime) -> bool:
        return self._hold is not None and self._hold.until > now
