"""What a job told its organization's lines workflow, and what it was told: how many lines it may use."""

from datetime import UTC, datetime, timedelta

from domain.jobs.line_shares import LinesShare
from domain.model import Model

PATIENCE = timedelta(seconds=5)  # without an answer; then up to the limits: the claim keeps them, and calls go on
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LinesPace(Model):
    """How fast jobs and the lines workflow talk. A job says what changed every `say_seconds` at most; where there are
    more jobs than lines, a line stays for `turn_seconds`; the record is read every `look_seconds` while somebody wants
    lines and nobody says that it changed; after `longest_run` events the lines workflow continues as new."""

    say_seconds: float = 5.0
    turn_seconds: float = 60.0
    look_seconds: float = 300.0
    longest_run: int = 1_000


class Want(Model):
    """How many lines the job can use now, of `most` by the limits (0 while it does not call); its weight."""

    lines: int = 0
    most: int = 0
    priority: int = 5


class LinesSoFar(Model):
    """`said`: what was asked for, at `said_at`. `share`: the answer, None while there is none.

    `asked`: the lines workflow wants to be told, whatever was said.
    """

    said: Want = Want()
    said_at: datetime | None = None
    share: int | None = None
    stamp: int = 0
    asked: bool = False


class LineShare:
    """One side of the talk about lines."""

    def __init__(self, so_far: LinesSoFar, pace: LinesPace) -> None:
        self.so_far = so_far
        self._say_every = timedelta(seconds=pace.say_seconds)

    @property
    def ever_spoke(self) -> bool:
        return self.so_far.said_at is not None

    def lines(self, most: int, now: datetime) -> int:
        """How many lines the job may use, `most` by its own and its organization's limit."""
        if self.so_far.said_at is None or self.so_far.said.lines == 0:
            return 0
        if self.so_far.share is not None:
            return min(most, self.so_far.share)
        return most if self.so_far.said_at + PATIENCE <= now else 0

    def must_say(self, want: Want, now: datetime) -> bool:
        """Whether to say it now. Who begins to want lines says so at once; so does who was changed or asked."""
        return self._is_news(want) and (self._is_urgent(want) or self._may_say_at <= now)

    def wake_at(self, want: Want, now: datetime) -> datetime | None:
        """When there is something to say, or enough was waited for an answer."""
        if self.so_far.said_at is None:
            return None
        if self._is_news(want):
            return self._may_say_at
        patient_until = self.so_far.said_at + PATIENCE
        waits = self.so_far.said.lines and self.so_far.share is None and patient_until > now
        return patient_until if waits else None

    def said(self, want: Want, now: datetime) -> None:
        """It was said. Who begins to want lines waits for an answer: an old one was for other times."""
        begins = want.lines > 0 and self.so_far.said.lines == 0
        changes: dict[str, object] = {"said": want, "said_at": now, "asked": False}
        self.so_far = self.so_far.model_copy(update=changes | ({"share": None} if begins else {}))

    def hear(self, share: LinesShare) -> None:
        """An answer; one that is older than the last changes nothing. What was heard wrong will be said again."""
        if share.stamp > self.so_far.stamp:
            heard = self.so_far.said.model_copy(update={"lines": share.wanted})
            self.so_far = self.so_far.model_copy(update={"said": heard, "share": share.lines, "stamp": share.stamp})

    def ask(self) -> None:
        """The lines workflow does not know what the job wants."""
        self.so_far = self.so_far.model_copy(update={"asked": True})

    def _is_news(self, want: Want) -> bool:
        """Only what the job lacks, or holds in vain, changes anybody's share."""
        said, share = self.so_far.said, self.so_far.share
        if self.so_far.asked or (want.lines == 0) != (said.lines == 0):
            return True
        if want.lines and want.priority != said.priority:
            return True
        if share is None:
            return False
        return said.lines <= share < want.lines or want.lines < min(said.lines, share)

    def _is_urgent(self, want: Want) -> bool:
        said = self.so_far.said
        return self.so_far.asked or said.lines == 0 or (want.most, want.priority) != (said.most, said.priority)

    @property
    def _may_say_at(self) -> datetime:
        return LONG_AGO if self.so_far.said_at is None else self.so_far.said_at + self._say_every
