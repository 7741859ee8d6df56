"""`python -m benchmarks [NAME …]` measures all figures, or those named; `… profile PROCESS`: see benchmarks.profiling.

It ends with 1 where a target is missed.
"""

import argparse
import dataclasses
import json
import logging
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, profiling, suite
from benchmarks.figures import FIGURES
from benchmarks.page import Measured, write
from benchmarks.peers.environment import PINS
from benchmarks.quantiles import digits_for, spread
from benchmarks.scale import FULL, SMALL
from benchmarks.targets import TARGETS, Verdict, judge

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / ".benchmarks" / "results.json"  # the last run, round by round, also where it was cut off


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # and all that was started ends too
    if arguments[:1] == ["profile"]:
        return profiling.main(arguments[1:])
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    for talkative in ("httpx", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    kept = json.loads(RESULTS.read_text()) if options.again else _measure(options)
    verdicts = _judge(kept)
    print(report(verdicts))
    if options.page:
        write(_measured(kept, verdicts), PAGE)
    return 0 if all(verdict.met for verdict in verdicts) else 1


def report(verdicts: Sequence[Verdict]) -> str:
    """A line for each target, the missed ones set off."""
    lines = []
    for verdict in verdicts:
        target, value = verdict.target, verdict.value
        shown = "not measured" if value is None else spread(verdict.values, max(digits_for(value), 1))
        bound = f"{target.way.value} {verdict.bound:g} {target.unit}".strip()
        lines.append(f"{'ok    ' if verdict.met else 'MISSED'} {target.title}: {shown} (target {bound})")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Outdial beside its limit and its peers."
    )
    parser.add_argument(
        "figure", nargs="*", choices=[*FIGURES, []], help=f"one of {', '.join(FIGURES)}; all where none is named"
    )
    parser.add_argument("--rounds", type=int, help="how often each is measured (3)")
    parser.add_argument("--seed", type=int, default=1, help="of the order within a round (1)")
    parser.add_argument("--small", action="store_true", help="two minutes, judged by ratios that noise cannot reach")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md")
    parser.add_argument("--again", action="store_true", help="judge the last run once more, measure nothing")
    return parser


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    scale = SMALL if options.small else FULL
    names = options.figure or [name for name in FIGURES if not options.small or name in _small_figures()]
    kept = {
        "figures": names,
        "small": options.small,
        "seed": options.seed,
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine.describe(),
        "peers": machine.peer_versions(PINS.read_text()),
    }
    RESULTS.parent.mkdir(exist_ok=True)

    def keep(rounds: Sequence[suite.Round]) -> None:
        kept["rounds"] = rounds
        RESULTS.write_text(json.dumps(kept))

    rounds = options.rounds or scale.rounds
    suite.run([FIGURES[name] for name in names], dataclasses.replace(scale, rounds=rounds), options.seed, keep)
    return kept


def _small_figures() -> set[str]:
    return {target.figure for target in TARGETS if target.small is not None}


def _judge(kept: dict[str, Any]) -> list[Verdict]:
    read = suite.readings([FIGURES[name] for name in kept["figures"]], kept["rounds"])
    return judge(read, kept["figures"], small=kept["small"])


def _measured(kept: dict[str, Any], verdicts: Sequence[Verdict]) -> Measured:
    figures = [FIGURES[name] for name in kept["figures"]]
    about = {name: kept[name] for name in ("rounds", "machine", "peers", "seed", "when")}
    return Measured(figures=figures, verdicts=verdicts, **about)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
