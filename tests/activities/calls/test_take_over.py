"""Who is taken for dead, and by whom."""

from collections.abc import Collection

import pytest

from activities.calls import take_over
from activities.calls.take_over import TakeOver

SELF, OTHER, THIRD = 1, 2, 3


class Presence:
    """Workers as the database lists them; None: it is away."""

    number = SELF

    def __init__(self) -> None:
        self.present: tuple[int, ...] | None = (SELF, OTHER)

    async def list_present(self) -> tuple[int, ...]:
        if self.present is None:
            raise OSError
        return self.present


class Jobs:
    """Those that run; `told`: who is present, each time that a job's calls are taken over, and `taken`: of which."""

    def __init__(self) -> None:
        self.ids = ["batch_1"]
        self.unreachable: set[str] = set()
        self.told: list[set[int]] = []
        self.taken: list[str] = []

    async def list_calling_jobs(self) -> list[str]:
        return self.ids

    async def take_over(self, job_id: str, present: Collection[int]) -> bool:
        if job_id in self.unreachable:
            raise OSError(job_id)
        self.told.append(set(present))
        self.taken.append(job_id)
        return True


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Watching:
    """The eldest of two, which has looked once."""

    def __init__(self, clock: Clock) -> None:
        self.presence, self.jobs, self.clock = Presence(), Jobs(), clock
        self.looking = TakeOver(self.presence, self.jobs, self.jobs)  # type: ignore[arg-type]

    async def sees(self, *present: int, after: float) -> list[set[int]]:
        """What jobs are told when these are present."""
        self.clock.now += after
        self.presence.present = present
        told = len(self.jobs.told)
        await self.looking.check()
        return self.jobs.told[told:]


@pytest.fixture
async def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    clock = Clock()
    monkeypatch.setattr(take_over, "time", clock)
    watching = Watching(clock)
    assert await watching.sees(SELF, OTHER, after=0) == [{SELF, OTHER}]  # what was before is not known
    return watching


async def test_who_is_alone_looks_more_rarely(watching: Watching) -> None:
    assert not watching.looking.is_alone
    await watching.sees(SELF, after=1)
    assert not watching.looking.is_alone  # the other one may be gone
    await watching.sees(SELF, after=2)
    assert watching.looking.is_alone
    await watching.sees(SELF, OTHER, after=2)
    assert not watching.looking.is_alone


async def test_one_that_is_missing_for_two_seconds_is_gone(watching: Watching) -> None:
    assert await watching.sees(SELF, after=1) == []
    assert await watching.sees(SELF, after=1.9) == []
    assert await watching.sees(SELF, after=0.2) == [{SELF}]
    assert await watching.sees(SELF, after=5) == []  # once


async def test_one_that_comes_back_in_time_was_never_gone(watching: Watching) -> None:
    assert await watching.sees(SELF, after=1) == []
    assert await watching.sees(SELF, OTHER, after=1.5) == []
    assert await watching.sees(SELF, after=1.5) == []
    assert await watching.sees(SELF, OTHER, after=1.5) == []


async def test_after_all_lost_their_connections_the_first_waits_for_the_others(watching: Watching) -> None:
    assert await watching.sees(after=1) == []
    assert await watching.sees(SELF, after=30) == []
    assert await watching.sees(SELF, OTHER, after=1) == []
    assert await watching.sees(SELF, OTHER, after=30) == []


async def test_who_did_not_come_back_with_the_database_is_gone(watching: Watching) -> None:
    assert await watching.sees(after=1) == []
    assert await watching.sees(SELF, after=30) == []
    assert await watching.sees(SELF, after=2) == [{SELF}]


async def test_while_one_is_gone_another_that_is_just_missing_keeps_its_calls(watching: Watching) -> None:
    assert await watching.sees(SELF, OTHER, THIRD, after=1) == []
    assert await watching.sees(SELF, THIRD, after=1) == []
    assert await watching.sees(SELF, after=2) == [{SELF, THIRD}]
    assert await watching.sees(SELF, after=2) == [{SELF}]


async def test_the_eldest_alone_acts(watching: Watching) -> None:
    assert await watching.sees(OTHER, SELF, THIRD, after=1) == []
    assert await watching.sees(OTHER, SELF, after=1) == []
    assert await watching.sees(OTHER, SELF, after=2) == []


async def test_what_the_eldest_could_not_do_is_done_by_the_next(watching: Watching) -> None:
    assert await watching.sees(OTHER, SELF, after=1) == []
    assert await watching.sees(SELF, after=1) == []
    assert await watching.sees(SELF, after=2) == [{SELF}]


async def test_a_job_that_cannot_be_reached_keeps_no_other_from_it_and_is_tried_again(watching: Watching) -> None:
    jobs = watching.jobs
    jobs.ids, jobs.unreachable = ["batch_1", "batch_2"], {"batch_1"}
    assert await watching.sees(SELF, after=1) == []

    with pytest.raises(OSError, match="batch_1"):
        await watching.sees(SELF, after=2)
    jobs.unreachable.clear()

    assert await watching.sees(SELF, after=1) == [{SELF}, {SELF}]
    assert jobs.taken == ["batch_1", "batch_2", "batch_1", "batch_2"]
