"""Rounds, their order, and what a case that fails leaves behind."""

import dataclasses
from collections.abc import Sequence

import pytest

from benchmarks import suite
from benchmarks.figures import FIGURES
from benchmarks.scale import SMALL
from benchmarks.suite import Bench, Case, Figure, Result, Round

ONE_STACK = dataclasses.replace(SMALL, rounds=3)  # waits for no quiet machine


def measure(*figures: Figure, rounds: int = 3) -> list[Round]:
    kept: list[Sequence[Round]] = []
    suite.run(figures, dataclasses.replace(ONE_STACK, rounds=rounds), 1, kept.append)
    return list(kept[-1])


def a_figure(*cases: Case) -> Figure:
    return Figure("figure", "A figure", cases, lambda one: {name: result["value"] for name, result in one.items()})


def a_case(name: str, value: float = 1.0, rounds: int = 99) -> Case:
    return Case(name, lambda _: {"value": value}, rounds)


def test_a_case_of_two_figures_runs_once_a_round() -> None:
    ran: list[str] = []

    def run(_: Bench) -> Result:
        ran.append("shared")
        return {"value": 1}

    shared = Case("shared", run)
    rounds = measure(a_figure(shared, a_case("other")), a_figure(shared))
    assert len(ran) == 3
    assert [set(one) for one in rounds] == [{"shared", "other"}] * 3


def test_what_takes_long_is_not_in_every_round() -> None:
    assert [set(one) for one in measure(a_figure(a_case("each"), a_case("once", rounds=1)))] == [
        {"each", "once"},
        {"each"},
        {"each"},
    ]


def test_a_case_that_fails_is_left_out_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Bench) -> Result:
        raise RuntimeError("the server is gone")

    figure = a_figure(Case("fails", fail), a_case("works", 5))
    rounds = measure(figure, rounds=1)
    assert [set(one) for one in rounds] == [{"works"}]
    assert suite.readings([figure], rounds) == {"works": [5]}
    assert "the server is gone" in caplog.text


def test_what_was_measured_is_kept_at_once() -> None:
    seen: list[int] = []
    figure = a_figure(a_case("first"), a_case("second"))
    suite.run([figure], dataclasses.replace(ONE_STACK, rounds=1), 1, lambda rounds: seen.append(len(rounds[-1])))
    assert seen == [1, 2]


def test_a_reading_without_its_comparison_is_left_out() -> None:
    """Of nothing, nothing is read; and nothing of one side alone."""
    assert {name: figure.read({}) for name, figure in FIGURES.items()} == {name: {} for name in FIGURES}
    ours = {"Outdial, no length": {"rate": 40, "cpu": 40, "limit": {"rate": 400, "cpu": 5}}}
    assert FIGURES["peers"].read(ours) == {}
    assert FIGURES["no-length"].read(ours) == {"rate": 0.1, "cpu_0": 40, "cpu_ratio": 8}


def test_the_makespan_is_compared_with_the_best_of_all_peers() -> None:
    result = {"cpu": 20.0, "lines": 0.9, "makespan": 22.0}
    peers = {"ARQ, 2 s": 21.0, "Celery, 2 s": 20.0, "DBOS, 2 s": 25.0}
    one = {"Outdial, 2 s": result} | {name: {**result, "makespan": value} for name, value in peers.items()}
    assert "makespan" not in FIGURES["two-seconds"].read(one)
    one["Temporal, naive, 2 s"] = {**result, "makespan": 24.0}
    assert FIGURES["two-seconds"].read(one)["makespan"] == 1.1
