"""How much is measured: by the whole suite, and by `make bench-small` in two minutes."""

from dataclasses import dataclass

LINES = 50


@dataclass(frozen=True)
class Scale:
    """Counts; `shared`: all figures on one stack, where the whole suite starts one for each."""

    rounds: int
    warm_up: int  # calls of no length before a job is measured
    no_length: int  # contacts
    two_seconds: int
    twenty_seconds: int
    activities: int  # that do nothing
    work: int
    uploads: int  # of 10,000 rows, one after another
    many_jobs: int  # in the database while it is read
    requests: int  # of each kind
    idle_seconds: int
    crash_lengths: tuple[int, ...]
    shared: bool = False


FULL = Scale(
    rounds=3,
    warm_up=200,
    no_length=1000,
    two_seconds=500,
    twenty_seconds=150,
    activities=1000,
    work=500,
    uploads=3,
    many_jobs=5000,
    requests=300,
    idle_seconds=30,
    crash_lengths=(2, 20),
)
SMALL = Scale(
    rounds=1,
    warm_up=20,
    no_length=150,
    two_seconds=300,
    twenty_seconds=50,
    activities=200,
    work=100,
    uploads=1,
    many_jobs=500,
    requests=20,
    idle_seconds=5,
    crash_lengths=(2,),
    shared=True,
)
