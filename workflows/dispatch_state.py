"""Who is on the phone, who is next, and what a job waits for: the dispatcher's decisions, without Temporal."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calls.dispatch import DueContact, JobPage, NotNow, NotNowReason
from domain.model import Model
from domain.statuses import JobStatus
from workflows.line_share import LineShare, LineShareState, LinesPace, LinesRequest

RECHECK_INTERVAL = timedelta(minutes=5)  # of what only others can change, should a nudge be lost
AHEAD_SECONDS = 1.0  # twice what it takes until endings were gathered and told, and their successors are with a worker
MAX_AHEAD_CALL_SECONDS = 60.0  # of longer calls a line may well wait that long for its next
MEAN_WEIGHT = 0.1  # of the last call in the mean
MIN_HOLD = timedelta(seconds=1)  # so that a claim and a page that disagree do not chase each other


class WaitingFor(Model):
    """Why no calls are placed now. `until`: UTC, None where only a person can tell."""

    reason: str
    until: datetime | None = None
    detail: str | None = None  # a sentence of ours on the reason


@dataclass(frozen=True)
class DispatchHold:
    """No calls are placed before `until`. What a page said, the next page can take back; a claim's word it cannot."""

    reason: NotNowReason
    until: datetime
    by_page: bool
    opens_at: datetime | None = None  # what people are told, where that is later
    detail: str | None = None


class DispatchState:
    """The state between two readings of the database. Times are the workflow's, UTC."""

    def __init__(
        self, lines: LineShareState | None = None, pace: LinesPace | None = None, call_seconds: float | None = None
    ) -> None:
        self.page: JobPage | None = None
        self.in_flight: dict[str, DueContact] = {}
        self.share = LineShare(lines or LineShareState(), pace or LinesPace())
        self._due: deque[DueContact] = deque()
        self._next_due_at: datetime | None = None
        self._next_due_reason: str = "retry"
        self._hold: DispatchHold | None = None
        self.call_seconds = call_seconds  # how long the last calls took from here, in the mean; None: not known yet
        self._began_at: dict[str, datetime] = {}
        self._told_lines = lines.share if lines is not None else None  # the fewest by which a call may wait

    def take(self, page: JobPage, now: datetime) -> None:
        """A fresh page replaces the last one; those in flight are known already."""
        self.page = page
        self._due = deque(contact for contact in page.due if contact.contact_id not in self.in_flight)
        self._next_due_at = page.next_due_at
        self._next_due_reason = page.next_due_reason or "retry"
        if page.held is not None:
            self._hold = _dispatch_hold(page.held, now + _duration(page.held), by_page=True)
        elif self._hold is not None and self._hold.by_page:
            self._hold = None

    def next_calls(self, now: datetime) -> Iterator[DueContact]:
        """Those to call now: everybody whose call is live already, then the due ones while lines are free.

        Each is counted as in flight before it is handed out.
        """
        while self._due and (self._due[0].live or (self.may_dial(now) and self.free_lines(now))):
            contact = self._due.popleft()
            if contact.contact_id not in self.in_flight:
                self.in_flight[contact.contact_id] = contact
                self._note_told(self.lines(now))
                self._began_at[contact.contact_id] = now
                yield contact

    def ended(self, contact_id: str, due_at: datetime | None, now: datetime, *, called: bool = True) -> None:
        """A call is over; `due_at`: when this contact is to be called again. `called`: one was placed."""
        del self.in_flight[contact_id]
        began_at = self._began_at.pop(contact_id, None)
        if called and began_at is not None:
            seconds = (now - began_at).total_seconds()
            before = seconds if self.call_seconds is None else self.call_seconds
            self.call_seconds = before + MEAN_WEIGHT * (seconds - before)
        if due_at is not None and (self._next_due_at is None or due_at < self._next_due_at):
            self._next_due_at, self._next_due_reason = due_at, "retry"

    def hold(self, held: NotNow, now: datetime) -> None:
        """A claim said no: what holds everybody holds the job until it is worth asking again."""
        if not held.reason.concerns_one_contact and held.reason is not NotNowReason.OWN_LINES:
            until = now + max(MIN_HOLD, timedelta(seconds=held.seconds))
            self._hold = _dispatch_hold(held, until, by_page=held.reason.is_gate)

    def may_dial(self, now: datetime) -> bool:
        """Whether calls may be placed, as far as is known."""
        running = self.page is not None and self.page.status is JobStatus.RUNNING
        return running and not self._is_held(now) and not self.is_late(now)

    def _lacks_line(self, now: datetime) -> bool:
        """Whether all that keeps it from dialing is a line that another job's call still has."""
        running = self.page is not None and self.page.status is JobStatus.RUNNING
        held_by_line = self._hold is not None and self._hold.reason is NotNowReason.LINE
        return running and held_by_line and not self.is_late(now)

    def is_late(self, now: datetime) -> bool:
        """Whether the job's end time has passed."""
        return self.page is not None and self.page.end_time is not None and self.page.end_time <= now

    @property
    def uncalled(self) -> int:
        """Contacts that are still to be called, now or later."""
        counts = self.page.counts if self.page is not None else {}
        return sum(count for status, count in counts.items() if status.may_be_dialed)

    # --- lines ---------------------------------------------------------------------------------------------------

    @property
    def max_lines(self) -> int:
        """The smaller of the job's own and its organization's limit."""
        return self.page.lines if self.page is not None else 0

    def lines(self, now: datetime) -> int:
        """How many lines the job may use."""
        return self.share.lines(self.max_lines, now)

    def lines_wanted(self, now: datetime) -> int:
        """How many lines the job can use now: none while no calls may be placed, but for want of a line."""
        if self.page is None or not (self.may_dial(now) or self._lacks_line(now)):
            return 0
        if self.page.more:
            return self.max_lines
        return min(self.max_lines, len(self.in_flight) + len(self._due))

    def free_lines(self, now: datetime) -> int:
        """For how many calls there is a line, or soon will be."""
        lines = self.lines(now)
        return max(0, lines + self._ahead_of(lines) - len(self.in_flight))

    def call_limit(self, now: datetime) -> int | None:
        """How many calls of the job may be live with one that begins now; None: as many as the limits let."""
        return self.share.state.share if self.page is None else self.lines(now)

    def share_to_tell(self, now: datetime) -> int | None:
        """How many calls may be live, where some that were handed out with fewer may wait for that; once."""
        lines = self.lines(now)
        if self._told_lines is None or not self._told_lines < min(lines, len(self.in_flight)):
            return None
        self._told_lines = lines
        return lines

    def _note_told(self, lines: int) -> None:
        """With a call that is handed out. While no more are in flight than lines were told, none of them waits."""
        told = self._told_lines
        self._told_lines = lines if told is None or len(self.in_flight) - 1 <= told else min(told, lines)

    def count_live(self, now: datetime) -> int:
        """Calls, without those that wait for a line."""
        lines = self.lines(now)
        return len(self.in_flight) - min(max(0, len(self.in_flight) - lines), self._ahead_of(lines))

    def _ahead_of(self, lines: int) -> int:
        """How many calls are with a worker beyond the lines, to begin when others end: as many as end within a second.

        More would keep lines from other jobs when the share becomes smaller.
        """
        if not lines or self.call_seconds is None or self.call_seconds > MAX_AHEAD_CALL_SECONDS:
            return 0
        soon = int(lines * AHEAD_SECONDS / max(self.call_seconds, AHEAD_SECONDS))
        return min(max(1, soon), max(1, lines // 2))

    def lines_request(self, now: datetime) -> LinesRequest:
        """What the job would request of its organization's lines now."""
        if self.page is None:
            return LinesRequest()
        most = self.max_lines if self.page.status is JobStatus.RUNNING else 0
        return LinesRequest(lines=self.lines_wanted(now), most=most, priority=self.page.priority)

    @property
    def _has_room(self) -> bool:
        """Whether the limits leave lines, whoever has them now."""
        return len(self.in_flight) < self.max_lines + self._ahead_of(self.max_lines)

    # --- what to do next -----------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Nobody on the phone, nobody next."""
        return not self.in_flight and not self._due

    @property
    def nobody_known(self) -> bool:
        """Whether the job runs and everybody is called of whom is known, now or for later."""
        running = self.page is not None and self.page.status is JobStatus.RUNNING and not self.page.more
        return running and self.idle and self._next_due_at is None

    def wants_page(self, now: datetime) -> bool:
        """Whether there is room and somebody has become due since the last page."""
        if self._due or not self._has_room or not self.may_dial(now):
            return False
        if self.page is not None and self.page.more:
            return True
        return self._next_due_at is not None and self._next_due_at <= now

    def wake_at(self, now: datetime) -> datetime | None:
        """When to re-check without being signaled; None while the lines are full: a call that ends will wake."""
        times = [self._dial_at(now), self.page.end_time if self.page is not None and self.uncalled else None]
        return min((at for at in times if at is not None), default=None)

    def _dial_at(self, now: datetime) -> datetime | None:
        if self.page is not None and self.page.status is not JobStatus.RUNNING:
            return now + RECHECK_INTERVAL
        if self._hold is not None and self._is_held(now):
            return self._hold.until
        return self._next_due_at if self._has_room and not self._due else None

    def waiting_for(self, now: datetime) -> WaitingFor | None:
        """What keeps the job from placing calls, for people."""
        if self.page is None:
            return WaitingFor(reason="start")
        if self.page.status is JobStatus.PAUSED:
            return WaitingFor(reason="resume")
        if self._hold is not None and self._is_held(now):
            reason = "lines" if self._hold.reason is NotNowReason.LINE else self._hold.reason
            until = max(self._hold.until, self._hold.opens_at or self._hold.until)
            return WaitingFor(reason=reason, until=until, detail=self._hold.detail)
        if self.lines_wanted(now) and not self.in_flight and not self.lines(now):
            return WaitingFor(reason="lines")
        if self.idle and self._next_due_at is not None:
            return WaitingFor(reason=self._next_due_reason, until=self._next_due_at)
        if self.idle and self.page.contacts_without_zone:
            return WaitingFor(reason=NotNowReason.TIMEZONE)
        return None

    def _is_held(self, now: datetime) -> bool:
        return self._hold is not None and self._hold.until > now


def _dispatch_hold(held: NotNow, until: datetime, *, by_page: bool) -> DispatchHold:
    return DispatchHold(held.reason, until, by_page, held.until, held.detail)


def _duration(held: NotNow) -> timedelta:
    """What only a person can change is re-checked now and then."""
    return timedelta(seconds=held.seconds) if held.until is not None or held.seconds else RECHECK_INTERVAL
