"""`python -m benchmarks profile PROCESS`: where the time of one process goes while a job runs.

api, worker: samples of py-spy (of the peers' environment), by package and by function. postgres: every statement, how
often for each dial and how long at the server. temporal: requests to its services and to their database for each dial.
"""

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import httpx
import psutil

from benchmarks.carrier.process import Carrier
from benchmarks.cases.calls import Calls, measure
from benchmarks.cases.work import StatementLog
from benchmarks.outdial import Outdial
from benchmarks.peers.environment import PYTHON, install
from benchmarks.processes import ROOT, Processes
from benchmarks.suite import processes

RATE = 100  # samples a second
START_SECONDS = 1.5  # until a job is under way
MOST_SHOWN = 30
END_SECONDS = 60
OURS = re.compile(rf"({re.escape(str(ROOT))}/)?(activities|api|carriers|domain|store|workflows|worker|composition)\b")
WAITS = re.compile(r"select \(.*selectors\.py|_worker \(.*concurrent/futures/thread\.py|wait \(.*threading\.py")
METRIC = re.compile(r"^(service_requests|persistence_requests)\{(.*)\} ([\d.e+]+)$")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks profile", description=__doc__)
    parser.add_argument("process", choices=PROFILES)
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--call-seconds", type=float, default=0.0)
    parser.add_argument("--seconds", type=int, default=15, help="of sampling")
    options = parser.parse_args(arguments)
    with processes() as running, Outdial.running(Carrier(running, options.call_seconds)) as outdial:
        for line in PROFILES[options.process](options, outdial, running):
            print(line)
    return 0


def _sampled(options: argparse.Namespace, outdial: Outdial, running: Processes) -> Iterable[str]:
    install()
    pid, file = outdial.kinds()[options.process][0], running.folder / "samples"
    outdial.submit(outdial.take_numbers(options.contacts))
    time.sleep(START_SECONDS)
    threads = _cpu_by_thread(pid)
    argv = [PYTHON.parent / "py-spy", "record", "--pid", pid, "--duration", options.seconds, "--rate", RATE]
    argv += ["--format", "raw", "--output", file, "--nonblocking"]
    subprocess.run([str(part) for part in argv], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    spent = _cpu_by_thread(pid) - threads
    yield f"CPU by thread, % of a core: {_percents(spent, options.seconds)}"
    yield from samples_report(file.read_text())


def samples_report(raw: str) -> list[str]:
    """Of py-spy's raw format (`frame;frame;… count`): shares of the samples in which it worked,
    by package and by function.
    """
    packages, leaves, inclusive, total = Counter[str](), Counter[str](), Counter[str](), 0
    for line in raw.splitlines():
        stack, _, number = line.rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame) for frame in stack.split(";") if "(" in frame]
        if not frames or WAITS.match(frames[-1]):
            continue
        count = int(number)
        total += count
        leaves[frames[-1]] += count
        packages[package_of(frames[-1])] += count
        inclusive.update(dict.fromkeys((frame for frame in set(frames) if _is_ours(frame)), count))
    titles = {"by package": packages, "by function": leaves, "our functions with all below them": inclusive}
    return [line for title, counter in titles.items() for line in [f"-- {title}", *_shares(counter, total)]]


def package_of(frame: str) -> str:
    """Of `name (file)`: ours, the installed package or the standard library's module."""
    file = frame.rpartition("(")[2].rstrip(")")
    if _is_ours(frame):
        return "outdial"
    first = re.split(r"site-packages/|/lib/python[\d.]+/", file)[-1].partition("/")[0].removesuffix(".py")
    return f"python: {first}" if first in sys.stdlib_module_names else first


def _is_ours(frame: str) -> bool:
    return OURS.match(frame.rpartition("(")[2]) is not None


def _shares(counter: Counter[str], total: int) -> list[str]:
    return [f"{100 * count / max(1, total):6.1f} %  {name}" for name, count in counter.most_common(MOST_SHOWN)]


def _cpu_by_thread(pid: int) -> Counter[str]:
    """Seconds; Linux only."""
    spent: Counter[str] = Counter()
    for file in Path(f"/proc/{pid}/task").glob("*/stat"):
        name, _, rest = file.read_text().partition("(")[2].rpartition(")")
        times = rest.split()[11:13]
        spent[re.sub(r"[-_]?\d+$", "", name)] += sum(map(int, times)) / 100  # type: ignore[assignment]
    return spent


def _percents(spent: Counter[str], seconds: float) -> str:
    return ", ".join(f"{name} {100 * value / seconds:.1f}" for name, value in spent.most_common(8))


def _statements(options: argparse.Namespace, outdial: Outdial, _: Processes) -> Iterable[str]:
    with StatementLog(outdial) as log:
        dials = measure(outdial, Calls(options.contacts, options.call_seconds))["dials"]
        outdial.wait_until_completed(END_SECONDS)
        lines = log.lines()
    counts, spent = Counter(text for text, _ in lines), Counter[str]()
    for text, milliseconds in lines:
        spent[text] += milliseconds  # type: ignore[assignment]
    yield f"{len(lines) / dials:.1f} statements a dial, {sum(spent.values()) / dials:.2f} ms at the server"
    for text, milliseconds in spent.most_common(MOST_SHOWN):
        of_one = milliseconds / counts[text]
        yield f"{counts[text] / dials:7.2f} x {of_one:7.3f} ms = {milliseconds / dials:6.3f}  {text}"


def _requests(options: argparse.Namespace, outdial: Outdial, _: Processes) -> Iterable[str]:
    pid = outdial.kinds()["temporal"][0]
    before = _temporal_metrics(pid)
    dials = measure(outdial, Calls(options.contacts, options.call_seconds))["dials"]
    spent = _temporal_metrics(pid)
    spent.subtract(before)
    for name, count in spent.most_common(MOST_SHOWN):
        yield f"{count / dials:7.2f} a dial  {name}"


def _temporal_metrics(pid: int) -> Counter[str]:
    """Its own counters, from whichever of its ports tells them."""
    found: Counter[str] = Counter()
    for connection in psutil.Process(pid).net_connections("tcp"):
        if connection.status != "LISTEN":
            continue
        try:
            answer = httpx.get(f"http://127.0.0.1:{connection.laddr.port}/metrics", trust_env=False, timeout=2)
        except httpx.HTTPError:
            continue
        for match in map(METRIC.match, answer.text.splitlines()):
            if match:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
                found[f"{match[1]} {labels.get('service_name', '')} {labels.get('operation', '')}"] += int(
                    float(match[3])
                )
    return found


PROFILES: dict[str, Callable[[argparse.Namespace, Outdial, Processes], Iterable[str]]] = {
    **{"api": _sampled, "worker": _sampled},
    **{"postgres": _statements, "temporal": _requests},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
