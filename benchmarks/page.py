"""`docs/performance.md` and its charts, made of what one run of the suite measured."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.charts import Chart
from benchmarks.quantiles import digits_for, spread
from benchmarks.suite import Figure, Round
from benchmarks.targets import Of, Verdict

CHARTS = "images/performance"  # beside the page; a chart's name follows
INTRODUCTION = """\
# Performance

Come here when you want to know what a call costs, how fast calls are placed, and what else there is to choose from.

`make bench` made this page: it measured Outdial, the limit (an activity that does nothing for each contact, on the same
Temporal) and the peers in turn on one machine, and fails where a target is missed. What each case is, and how it is
run alone: the README of `benchmarks/`. Figures are medians, with the least and the most in parentheses. Read them as
ratios: everything, the carrier and the client included, shares the machine.

In the tables below times are in seconds, `/healthz` and answers in ms, rates a second, CPU in ms a contact without
the carrier's. `lines` is the least possible time by the time it took; `others` the share of the machine that other
work had.
"""
PEERS = """\
The peers are written as their own documentation shows, and do less: no limits across jobs, no ledger, no calling
windows, no audit.
"""


@dataclass(frozen=True)
class Measured:
    """One run of the suite."""

    figures: Sequence[Figure]
    rounds: Sequence[Round]
    verdicts: Sequence[Verdict]
    machine: Mapping[str, str]
    peers: Mapping[str, str]
    seed: int
    when: str


def write(measured: Measured, page: Path) -> None:
    """The page, and its charts in the folder beside it; charts of before are removed."""
    folder = page.parent / Path(CHARTS).parent
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{Path(CHARTS).name}-*.svg"):
        old.unlink()
    drawn = charts(measured)
    for name, chart in drawn.items():
        (page.parent / f"{CHARTS}-{name}.svg").write_text(chart.svg())
    page.write_text(text(measured, drawn))


def text(measured: Measured, drawn: Mapping[str, Chart]) -> str:
    missed = [verdict for verdict in measured.verdicts if not verdict.met]
    parts = [
        INTRODUCTION,
        f"{len(measured.verdicts) - len(missed)} of {len(measured.verdicts)} targets are met.\n",
        "## Targets\n",
        _targets(measured),
        PEERS,
        *(f"![{chart.title}]({CHARTS}-{name}.svg)\n" for name, chart in drawn.items()),
        *_details(measured),
        "## How it was measured\n",
        _how(measured),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _targets(measured: Measured) -> str:
    lines = ["| figure | measured | target | |", "|---|---|---|---|"]
    for verdict in measured.verdicts:
        target = verdict.target
        worst = ", worst run" if target.of is Of.WORST and "no run" not in target.title else ""
        bound = f"{target.way.value} {verdict.bound:,g} {target.unit}".strip()
        lines.append(f"| {target.title}{worst} | {_values(verdict)} | {bound} | {_word(verdict)} |")
    return "\n".join(lines) + "\n"


def _values(verdict: Verdict) -> str:
    if verdict.value is None:
        return "not measured"
    digits = max(digits_for(verdict.bound), digits_for(verdict.value)) if verdict.value else 0
    return f"{spread(verdict.values, digits)} {verdict.target.unit}".strip()


def _word(verdict: Verdict) -> str:
    return "met" if verdict.met else "**missed**"


def _details(measured: Measured) -> Iterator[str]:
    """A table for each figure: its cases, and every number that they came to."""
    shown: set[str] = set()
    for figure in measured.figures:
        rows = {
            case.name: found
            for case in figure.cases
            if case.name not in shown and (found := _results(measured.rounds, case.name))
        }
        shown |= rows.keys()
        if rows:
            yield f"## {figure.title}\n"
            yield f"`python -m benchmarks {figure.name}`\n"
            yield _table(rows)


def _results(rounds: Sequence[Round], case: str) -> list[dict[str, float]]:
    return [flatten(one[case]) for one in rounds if case in one]


def flatten(result: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """All numbers of a result, those in mappings by both names; what has no name is left out."""
    found: dict[str, float] = {}
    for name, value in result.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{name} · ")
        elif isinstance(value, int | float):
            found[f"{prefix}{name}"] = float(value)
    return found


def _table(rows: Mapping[str, list[dict[str, float]]]) -> str:
    names = list(dict.fromkeys(name for runs in rows.values() for run in runs for name in run))
    lines = [f"| | {' | '.join(rows)} |", f"|---|{'---|' * len(rows)}"]
    for name in names:
        cells = [_cell([run[name] for run in runs if name in run]) for runs in rows.values()]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float]) -> str:
    whole = not values or all(value == round(value) for value in values if math.isfinite(value))
    return spread(values, 0 if whole else digits_for(statistics.median(values)))


def _how(measured: Measured) -> str:
    others = [result["others"] for one in measured.rounds for result in one.values() if "others" in result]
    busy = f"{100 * statistics.median(others):.0f} % ({100 * max(others):.0f} % at most)" if others else "not known"
    rows = {
        **{"when": measured.when, "rounds": str(len(measured.rounds)), "seed of the order": str(measured.seed)},
        "taken by other work meanwhile": f"{busy} of the machine",
        **measured.machine,
        **{f"{name}, for the peers": version for name, version in measured.peers.items()},
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join(lines) + "\n"


def charts(measured: Measured) -> dict[str, Chart]:
    """Those for which there is more than one bar, by the name of their file."""
    limit = _median(measured.rounds, "Outdial, no length", "limit · rate")
    rates = _bars(measured.rounds, ", no length", "rate")
    if limit is not None:
        rates = {"limit: no-op activities": limit, **rates}
    found = {
        "rate": Chart("Contacts a second, calls of no length", rates, "/s"),
        "cpu": Chart("CPU a contact, calls of no length", _bars(measured.rounds, ", no length", "cpu"), "ms"),
        "lines": Chart("Lines in use, calls of 2 s", _bars(measured.rounds, ", 2 s", "lines")),
        "twice": Chart("Called twice after `kill -9`", _bars(measured.rounds, ", 2 s, killed", "twice"), "of 500"),
        "gap": Chart(
            "Longest time without a dial after `kill -9`", _bars(measured.rounds, ", 2 s, killed", "longest_gap"), "s"
        ),
    }
    return {name: chart for name, chart in found.items() if len(chart.bars) > 1}


def _bars(rounds: Sequence[Round], suffix: str, name: str) -> dict[str, float]:
    """Of all cases whose name ends so, largest subject name kept: Outdial first."""
    cases = dict.fromkeys(case for one in rounds for case in one if case.endswith(suffix))
    values = {case.removesuffix(suffix): _median(rounds, case, name) for case in sorted(cases, key=_outdial_first)}
    return {subject: value for subject, value in values.items() if value is not None and value < float("inf")}


def _outdial_first(case: str) -> tuple[bool, str]:
    return not case.startswith("Outdial"), case


def _median(rounds: Sequence[Round], case: str, name: str) -> float | None:
    values = [run[name] for run in _results(rounds, case) if name in run]
    return statistics.median(values) if values else None
