"""What is reached, and what a run without a figure comes to."""

import math
from collections import Counter

import pytest

from benchmarks.figures import FIGURES
from benchmarks.targets import TARGETS, Of, Target, Way, judge

AT_LEAST = Target("rate", "calls", "calls a second", Way.AT_LEAST, 10)
AT_MOST = Target("cpu", "calls", "CPU", Way.AT_MOST, 10)


def test_each_target_has_a_name_of_its_own_and_a_figure_that_measures_it() -> None:
    assert [name for name, count in Counter(target.name for target in TARGETS).items() if count > 1] == []
    assert {target.figure for target in TARGETS} == FIGURES.keys()


@pytest.mark.parametrize("target", [target for target in TARGETS if target.small is not None], ids=lambda one: one.name)
def test_the_small_run_asks_no_more_than_the_whole_one(target: Target) -> None:
    assert target.small is not None
    assert target.bound is None or target.is_met(target.bound, target.small)


@pytest.mark.parametrize(
    ("target", "value", "met"), [(AT_LEAST, 10, True), (AT_LEAST, 9.99, False), (AT_MOST, 10, True)]
)
def test_the_bound_itself_is_met(target: Target, value: float, met: bool) -> None:
    assert target.is_met(value, 10) is met


@pytest.mark.parametrize(
    ("way", "of", "reading"),
    [
        (Way.AT_LEAST, Of.MEDIAN, 3),
        (Way.AT_MOST, Of.MEDIAN, 3),
        (Way.AT_LEAST, Of.WORST, 1),
        (Way.AT_MOST, Of.WORST, 9),
    ],
)
def test_several_runs_are_judged_by_their_median_or_by_the_worst(way: Way, of: Of, reading: float) -> None:
    assert Target("x", "calls", "x", way, 5, of=of).reading([3, 9, 1]) == reading


def test_a_target_without_a_reading_is_missed() -> None:
    verdicts = judge({}, ["idle"])
    assert [(verdict.target.name, verdict.value, verdict.met) for verdict in verdicts] == [("idle", None, False)]


def test_what_never_came_misses_a_target_however_often_it_came_otherwise() -> None:
    verdicts = {verdict.target.name: verdict for verdict in judge({"lost": [0, 0, 1], "twice": [0, 0, 0]}, ["crash"])}
    assert (verdicts["lost"].met, verdicts["twice"].met, verdicts["over"].met) == (False, True, False)
    assert not judge({"due_first_dials": [math.inf]}, ["due"])[0].met


def test_only_the_figures_that_were_measured_are_judged() -> None:
    assert {verdict.target.figure for verdict in judge({}, ["idle", "work"])} == {"idle", "work"}


def test_the_small_run_judges_by_its_own_bounds() -> None:
    bounds = {target.name: target.small for target in TARGETS if target.figure == "reading"}
    assert {verdict.target.name: verdict.bound for verdict in judge({}, ["reading"], small=True)} == {
        name: bound for name, bound in bounds.items() if bound is not None
    }
