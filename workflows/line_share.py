"""The lines that a job requested of its organization's lines workflow, and its share, without Temporal."""

from datetime import UTC, datetime, timedelta

from pydantic import ConfigDict, Field

from domain.jobs.line_shares import LinesShare
from domain.model import Model

ANSWER_TIMEOUT = timedelta(seconds=5)  # then up to the limits: the claim keeps them, and calls go on
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LinesPace(Model):
    """How fast jobs and the lines workflow exchange signals; the aliases are what open histories hold."""

    model_config = ConfigDict(populate_by_name=True)

    request_seconds: float = Field(5.0, alias="say_seconds")  # between two requests of a job
    turn_seconds: float = 60.0  # for which a job keeps a line while there are more jobs than lines
    refresh_seconds: float = Field(300.0, alias="look_seconds")  # between two readings of the database, unasked
    max_run_events: int = Field(1_000, alias="longest_run")  # then the lines workflow continues as new


class LinesRequest(Model):
    """How many lines the job can use now, of `most` by the limits (0 while it places no calls); its weight."""

    lines: int = 0
    most: int = 0
    priority: int = 5


class LineShareState(Model):
    """What one run of a job leaves to the next. `share`: the answer to the last request, None while there is none.

    `must_repeat`: the lines workflow does not know the request.
    """

    model_config = ConfigDict(populate_by_name=True)

    requested: LinesRequest = Field(LinesRequest(), alias="said")
    requested_at: datetime | None = Field(None, alias="said_at")
    share: int | None = None
    stamp: int = 0
    must_repeat: bool = Field(False, alias="asked")


class LineShare:
    """The job's side: when to request lines, and how many it may use. Times are the workflow's, UTC."""

    def __init__(self, state: LineShareState, pace: LinesPace) -> None:
        self.state = state
        self._interval = timedelta(seconds=pace.request_seconds)

    @property
    def ever_requested(self) -> bool:
        return self.state.requested_at is not None

    def lines(self, most: int, now: datetime) -> int:
        """How many lines the job may use, `most` by its own and its organization's limit."""
        if self.state.requested_at is None or self.state.requested.lines == 0:
            return 0
        if self.state.share is not None:
            return min(most, self.state.share)
        return most if self.state.requested_at + ANSWER_TIMEOUT <= now else 0

    def must_send(self, request: LinesRequest, now: datetime) -> bool:
        """Whether to send it now: the first lines at once, and a changed limit or priority; the rest at intervals."""
        return self._is_news(request) and (self._is_urgent(request) or self._next_at <= now)

    def wake_at(self, request: LinesRequest, now: datetime) -> datetime | None:
        """When there is something to send, or the answer is overdue."""
        if self.state.requested_at is None:
            return None
        if self._is_news(request):
            return self._next_at
        overdue_at = self.state.requested_at + ANSWER_TIMEOUT
        waits = self.state.requested.lines and self.state.share is None and overdue_at > now
        return overdue_at if waits else None

    def sent(self, request: LinesRequest, now: datetime) -> None:
        """Note that it was sent. The first lines wait for an answer: an old one was for other times."""
        first = request.lines > 0 and self.state.requested.lines == 0
        changes: dict[str, object] = {"requested": request, "requested_at": now, "must_repeat": False}
        self.state = self.state.model_copy(update=changes | ({"share": None} if first else {}))

    def receive(self, share: LinesShare) -> None:
        """Take an answer; one that is older than the last changes nothing. What it got wrong is requested again."""
        if share.stamp > self.state.stamp:
            received = self.state.requested.model_copy(update={"lines": share.wanted})
            changes = {"requested": received, "share": share.lines, "stamp": share.stamp}
            self.state = self.state.model_copy(update=changes)

    def repeat(self) -> None:
        """Have the request sent again, whatever was sent."""
        self.state = self.state.model_copy(update={"must_repeat": True})

    def _is_news(self, request: LinesRequest) -> bool:
        """Only what the job lacks, or holds in vain, changes anybody's share."""
        before, share = self.state.requested, self.state.share
        if self.state.must_repeat or (request.lines == 0) != (before.lines == 0):
            return True
        if request.lines and request.priority != before.priority:
            return True
        if share is None:
            return False
        return before.lines <= share < request.lines or request.lines < min(before.lines, share)

    def _is_urgent(self, request: LinesRequest) -> bool:
        before = self.state.requested
        changed = (request.most, request.priority) != (before.most, before.priority)
        return self.state.must_repeat or before.lines == 0 or changed

    @property
    def _next_at(self) -> datetime:
        return LONG_AGO if self.state.requested_at is None else self.state.requested_at + self._interval
