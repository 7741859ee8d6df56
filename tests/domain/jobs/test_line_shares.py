"""Lines are shared max-min fair, in whole lines."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.jobs.line_shares import Demand, OrganizationLines, fair_shares

DEMANDS = st.lists(st.builds(Demand, lines=st.integers(0, 30), weight=st.integers(1, 9)), max_size=8).map(
    lambda demands: {f"job_{n}": demand for n, demand in enumerate(demands)}
)
LINES = st.integers(0, 60)


def slow_shares(lines: int, demands: dict[str, Demand], order: list[str]) -> dict[str, int]:
    """The rule as it is said, one line after another."""
    shares = dict.fromkeys(order, 0)
    for _ in range(lines):
        open_ = [job for job in order if shares[job] < demands[job].lines]
        if open_:
            poorest = min(Fraction(shares[job], demands[job].weight) for job in open_)
            shares[next(job for job in open_ if Fraction(shares[job], demands[job].weight) == poorest)] += 1
    return shares


def dealt(lines: int, *demands: tuple[int, int]) -> list[int]:
    """Of (lines, weight) each."""
    asked = {f"job_{n}": Demand(lines=wanted, weight=weight) for n, (wanted, weight) in enumerate(demands)}
    return list(fair_shares(lines, asked, list(asked)).values())


def test_who_wants_little_gets_it_and_the_others_share_the_rest() -> None:
    assert dealt(20, (5, 5), (10, 5), (20, 5), (50, 5)) == [5, 5, 5, 5]
    assert dealt(20, (2, 5), (10, 5), (20, 5), (50, 5)) == [2, 6, 6, 6]
    assert dealt(20, (2, 5), (3, 5)) == [2, 3]


def test_a_line_that_does_not_divide_goes_to_whoever_comes_first() -> None:
    assert dealt(20, (50, 5), (50, 5), (50, 5)) == [7, 7, 6]


def test_weights_count() -> None:
    assert dealt(10, (50, 9), (50, 1)) == [9, 1]
    assert dealt(12, (50, 8), (50, 4)) == [8, 4]


def test_everybody_has_one_before_anybody_has_two() -> None:
    assert dealt(3, (50, 9), (50, 1), (50, 1)) == [1, 1, 1]


def test_with_more_jobs_than_lines_the_first_ones_have_one_each() -> None:
    assert dealt(2, (50, 1), (0, 9), (50, 9), (50, 9)) == [1, 0, 1, 0]


def test_reserved_lines_are_not_dealt_out() -> None:
    assert OrganizationLines(limit=20, reserved=3, running=()).usable == 17
    assert OrganizationLines(limit=2, reserved=3, running=()).usable == 0


@given(LINES, DEMANDS, st.randoms())
def test_as_the_rule_says(lines: int, demands: dict[str, Demand], chance: object) -> None:
    order = list(demands)
    chance.shuffle(order)  # type: ignore[attr-defined]

    assert fair_shares(lines, demands, order) == slow_shares(lines, demands, order)


@given(LINES, DEMANDS)
def test_no_line_is_left_while_somebody_wants_one_and_nobody_has_more_than_wanted(
    lines: int, demands: dict[str, Demand]
) -> None:
    shares = fair_shares(lines, demands, list(demands))

    assert sum(shares.values()) == min(lines, sum(demand.lines for demand in demands.values()))
    assert all(shares[job] <= demand.lines for job, demand in demands.items())


@given(LINES, DEMANDS)
def test_nobody_could_be_better_off_but_at_the_cost_of_somebody_poorer(lines: int, demands: dict[str, Demand]) -> None:
    shares = fair_shares(lines, demands, list(demands))

    for job, demand in demands.items():
        if shares[job] < demand.lines:
            poorest = Fraction(shares[job], demand.weight)
            assert all(
                Fraction(shares[other] - 1, demands[other].weight) <= poorest for other in demands if shares[other]
            )


@given(LINES, DEMANDS, st.data())
def test_what_is_wanted_beyond_a_share_changes_nothing(
    lines: int, demands: dict[str, Demand], data: st.DataObject
) -> None:
    """Why a job need not tell of every change: only what it lacks, or holds in vain, matters to others."""
    order = list(demands)
    shares = fair_shares(lines, demands, order)
    beyond = {
        job: demand.model_copy(update={"lines": data.draw(st.integers(shares[job] + 1, 90))})
        if demand.lines > shares[job]
        else demand
        for job, demand in demands.items()
    }

    assert fair_shares(lines, beyond, order) == shares
