"""An organization's decisions about its lines, without Temporal."""

from datetime import UTC, datetime, timedelta

from temporalio.contrib.pydantic import pydantic_data_converter

from domain.jobs.line_shares import LinesShare, LinesWanted, OrganizationLines
from domain.quotas import MAX_OPEN_JOBS
from workflows.line_book import BookState, LineBook
from workflows.names import SAY_LINES
from workflows.organization_lines import Notice, OrganizationLinesStart

NOW = datetime(2027, 1, 31, 9, tzinfo=UTC)
TURN = timedelta(seconds=60)
MAX_PAYLOAD_BYTES = 2 * 1024 * 1024  # Temporal's limit of one payload
STAMP = int(NOW.timestamp()) * 1000


def wanted(job: str, lines: int, priority: int = 5, *, over: bool = False) -> LinesWanted:
    return LinesWanted(job_id=job, name=job.upper(), priority=priority, lines=lines, over=over)


class Ledger:
    """A book whose clock a test moves."""

    def __init__(self, limit: int, reserved: int = 0, *running: str) -> None:
        self.book = LineBook(BookState(), TURN)
        self.now = NOW
        self.book.begin_reading()
        self.book.take(OrganizationLines(limit=limit, reserved=reserved, running=running))

    def want(self, job: str, lines: int, priority: int = 5) -> None:
        self.book.receive(wanted(job, lines, priority), self.now)

    def news(self) -> dict[str, int]:
        return {job: share.lines for job, share in self.book.allocate(self.now).items()}

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def shares(self) -> dict[str, int]:
        return {claimant.job_id: claimant.share for claimant in self.book.claimants}


def test_a_job_alone_has_what_it_wants() -> None:
    ledger = Ledger(20)
    ledger.want("a", 30)

    assert ledger.book.allocate(NOW) == {"a": LinesShare(lines=20, wanted=30, stamp=STAMP)}


def test_only_those_whose_share_changed_are_told() -> None:
    ledger = Ledger(20)
    ledger.want("a", 5)
    ledger.news()

    ledger.want("b", 30)

    assert ledger.news() == {"b": 15}
    assert ledger.news() == {}


def test_reserved_lines_are_kept_free() -> None:
    ledger = Ledger(20, 4)
    ledger.want("a", 30)

    assert ledger.news() == {"a": 16}


def test_without_a_look_at_the_record_nothing_is_decided() -> None:
    book = LineBook(BookState(), TURN)
    book.receive(wanted("a", 3), NOW)

    assert book.allocate(NOW) == {}


def test_who_wants_none_is_told_nothing_and_told_again_when_it_wants_some() -> None:
    ledger = Ledger(20)
    ledger.want("a", 5)
    ledger.news()
    ledger.want("a", 0)
    assert ledger.news() == {}

    ledger.want("a", 5)

    assert ledger.news() == {"a": 5}


def test_a_job_that_is_over_is_forgotten() -> None:
    ledger = Ledger(20)
    ledger.want("a", 5)

    ledger.book.receive(wanted("a", 0, over=True), NOW)

    assert ledger.book.claimants == ()
    assert not ledger.book.wanted


def test_stamps_rise_even_while_the_clock_stands_or_goes_back() -> None:
    ledger = Ledger(20)
    stamps = []
    for lines, at in ((1, NOW), (2, NOW), (3, NOW - timedelta(seconds=9)), (4, NOW + timedelta(seconds=1))):
        ledger.want("a", lines)
        stamps.append(ledger.book.allocate(at)["a"].stamp)

    assert stamps == [STAMP, STAMP + 1, STAMP + 2, STAMP + 1000]


def test_with_more_jobs_than_lines_the_lines_move_on_after_a_turn() -> None:
    ledger = Ledger(2)
    for job in "abc":
        ledger.want(job, 5)

    assert ledger.news() == {"a": 1, "b": 1, "c": 0}
    assert ledger.book.turn_ends_at == NOW + TURN
    ledger.later(60)
    assert ledger.news() == {"b": 0, "c": 1}
    ledger.later(60)
    assert ledger.news() == {"b": 1, "a": 0}


def test_nothing_moves_before_a_turn_is_over() -> None:
    ledger = Ledger(1)
    ledger.want("a", 5)
    ledger.want("b", 5)
    ledger.news()
    ledger.later(59)
    ledger.want("b", 4)

    assert ledger.news() == {}


def test_the_line_of_a_job_that_leaves_goes_on_at_once() -> None:
    ledger = Ledger(1)
    ledger.want("a", 5)
    ledger.want("b", 5)
    ledger.news()
    ledger.want("a", 0)

    assert ledger.news() == {"b": 1}
    assert ledger.book.turn_ends_at is None


def test_turns_are_as_frequent_as_priorities_are_high() -> None:
    ledger = Ledger(1)
    ledger.want("high", 5, 9)
    ledger.want("low", 5, 3)
    turns = []
    for _ in range(40):
        ledger.news()
        turns += [job for job, share in ledger.shares().items() if share]
        ledger.later(60)

    assert turns.count("high") == 30
    assert turns.count("low") == 10


def test_who_comes_late_does_not_take_all_turns() -> None:
    ledger = Ledger(1)
    ledger.want("a", 5)
    ledger.news()
    ledger.later(36_000)
    ledger.want("b", 5)
    turns = []
    for _ in range(10):
        ledger.news()
        turns += [job for job, share in ledger.shares().items() if share]
        ledger.later(60)

    assert turns.count("a") == 5


def test_who_comes_back_while_there_are_turns_waits_for_its_own() -> None:
    ledger = Ledger(1)
    ledger.want("a", 5)
    ledger.want("b", 5)
    ledger.news()
    ledger.want("a", 0)
    ledger.news()
    ledger.want("a", 5)

    assert ledger.news() == {"a": 0}


def test_jobs_that_run_and_said_nothing_are_to_be_asked() -> None:
    ledger = Ledger(20)
    ledger.want("a", 5)
    ledger.book.begin_reading()

    assert ledger.book.take(OrganizationLines(limit=20, reserved=0, running=("a", "b"))) == ["b"]


def test_jobs_that_do_not_run_any_more_lose_their_lines() -> None:
    ledger = Ledger(20)
    ledger.want("a", 15)
    ledger.want("b", 15)
    ledger.news()
    ledger.book.begin_reading()
    ledger.book.take(OrganizationLines(limit=20, reserved=0, running=("b",)))

    assert ledger.news() == {"b": 15}


def test_a_job_that_speaks_while_the_record_is_read_is_not_dropped() -> None:
    ledger = Ledger(20)
    ledger.book.begin_reading()
    ledger.want("a", 5)
    ledger.book.take(OrganizationLines(limit=20, reserved=0, running=()))

    assert ledger.news() == {"a": 5}


def test_a_new_limit_is_dealt_out() -> None:
    ledger = Ledger(20)
    ledger.want("a", 15)
    ledger.want("b", 15)
    ledger.news()
    ledger.book.begin_reading()
    ledger.book.take(OrganizationLines(limit=6, reserved=0, running=("a", "b")))

    assert ledger.news() == {"a": 3, "b": 3}


def test_the_next_run_goes_on_where_this_one_stopped() -> None:
    ledger = Ledger(1)
    ledger.want("a", 5)
    ledger.want("b", 5)
    ledger.news()
    ledger.later(30)
    carried = BookState.model_validate_json(ledger.book.state.model_dump_json())
    ledger.book = LineBook(carried, TURN)

    assert ledger.news() == {}
    ledger.later(30)
    assert ledger.news() == {"a": 0, "b": 1}


async def test_what_the_most_jobs_carry_to_the_next_run_fits_into_a_payload() -> None:
    jobs = [f"batch_{n:024x}" for n in range(MAX_OPEN_JOBS)]
    ledger = Ledger(1_000, 0, *jobs)
    for job in jobs:
        ledger.book.receive(LinesWanted(job_id=job, name="名" * 200, priority=9, lines=10_000), ledger.now)
    ledger.later(1 / 3)
    ledger.news()
    unsent = tuple(Notice(job_id=job, signal=SAY_LINES) for job in jobs)
    start = OrganizationLinesStart(organization_id="org_" + "0" * 24, book=ledger.book.state, unsent=unsent)

    (payload,) = await pydantic_data_converter.encode([start])

    assert len(payload.data) < MAX_PAYLOAD_BYTES


def test_a_share_that_was_not_sent_is_sent_again() -> None:
    ledger = Ledger(20)
    ledger.want("a", 5)
    ledger.want("b", 5)
    assert ledger.news() == {"a": 5, "b": 5}

    ledger.book.forget_share("b")
    ledger.book.forget_share("gone")

    assert ledger.news() == {"b": 5}
