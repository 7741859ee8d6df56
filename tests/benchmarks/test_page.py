"""The page says what was measured, and what was missed."""

from pathlib import Path
from typing import Any

from benchmarks import suite
from benchmarks.figures import FIGURES
from benchmarks.page import Measured, flatten, write
from benchmarks.targets import judge

NAMES = ["no-length", "peers"]


def ours(rate: float) -> dict[str, Any]:
    return {"rate": rate, "cpu": 40.0, "others": 0.05, "limit": {"rate": 400.0, "cpu": 5.0}}


def measured(*rounds: dict[str, Any]) -> Measured:
    figures = [FIGURES[name] for name in NAMES]
    verdicts = judge(suite.readings(figures, rounds), NAMES)
    machine = {"processor": "two cores", "temporalio": "1.2.3"}
    return Measured(figures, rounds, verdicts, machine, {"dbos": "4.5.6"}, seed=7, when="2026-11-28 01:00 UTC")


def test_each_target_is_shown_with_what_was_measured(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    rounds = [{"Outdial, no length": ours(rate), "DBOS, no length": {"rate": 80.0, "cpu": 80.0}} for rate in (160, 200)]
    write(measured(*rounds), page)
    text = page.read_text()
    assert "| contacts/s of no length ÷ no-op activities/s | 0.450 (0.400–0.500) | ≥ 0.4 | met |" in text
    assert "| CPU a contact, no length | 40.0 ms | ≤ 13 ms | **missed** |" in text
    assert "3 of 5 targets are met" in text
    assert all(
        word in text for word in ("two cores", "1.2.3", "4.5.6", "| seed of the order | 7 |", "5 % (5 % at most)")
    )


def test_what_was_not_measured_is_said_to_be_missed(tmp_path: Path) -> None:
    write(measured({}), tmp_path / "performance.md")
    assert "| contacts/s ÷ DBOS | not measured | ≥ 1.8 | **missed** |" in (tmp_path / "performance.md").read_text()


def test_charts_are_drawn_anew_beside_the_page(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "performance-old.svg").write_text("of before")
    (images / "batch.png").write_text("not ours")
    write(
        measured({"Outdial, no length": ours(40), "DBOS, no length": {"rate": 80.0, "cpu": 20.0}}),
        tmp_path / "performance.md",
    )
    assert {file.name for file in images.iterdir()} == {"performance-rate.svg", "performance-cpu.svg", "batch.png"}
    assert "](images/performance-rate.svg)" in (tmp_path / "performance.md").read_text()


def test_all_numbers_of_a_result_are_shown() -> None:
    assert flatten({"rate": 2, "by": {"worker": 1.5}, "name": "x", "list": [1]}) == {"rate": 2.0, "by · worker": 1.5}
