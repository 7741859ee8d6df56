"""The figures by their names: what each measures, and how its readings are made of what was measured."""

from collections.abc import Callable

from benchmarks.cases import batches, claims, due, growth, idle, intake, memory, reading, sizes, work
from benchmarks.suite import Case, Figure, Result, Round

Reader = Callable[[Result], dict[str, float]]


def _of_one(case: Case, reader: Reader) -> Callable[[Round], dict[str, float]]:
    return lambda one: reader(one[case.name]) if case.name in one else {}


def _no_length(result: Result) -> dict[str, float]:
    limit = result["limit"]
    return {
        "rate": result["rate"] / limit["rate"],
        "cpu_0": result["cpu"],
        "cpu_ratio": result["cpu"] / limit["cpu"],
    }


def _two_seconds(one: Round) -> dict[str, float]:
    """The makespan only beside all peers: the best of some may not be the best."""
    if batches.TWO_SECONDS.name not in one:
        return {}
    ours = one[batches.TWO_SECONDS.name]
    found = {"cpu_2": ours["cpu"], "lines_2": ours["lines"], "lines_2_worst": ours["lines"]}
    if all(case.name in one for case in batches.PEERS_TWO_SECONDS):
        found["makespan"] = ours["makespan"] / min(one[case.name]["makespan"] for case in batches.PEERS_TWO_SECONDS)
    return found


def _peers(one: Round) -> dict[str, float]:
    ours, dbos = one.get(batches.NO_LENGTH.name), one.get("DBOS, no length")
    return {"rate_dbos": ours["rate"] / dbos["rate"], "cpu_dbos": ours["cpu"] / dbos["cpu"]} if ours and dbos else {}


def _crash(one: Round) -> dict[str, float]:
    runs = {2: one.get(batches.CRASH_2.name), 20: one.get(batches.CRASH_20.name)}
    measured = {seconds: result for seconds, result in runs.items() if result}
    readings = {2: "first_dial", 20: "first_dial_when_free"}  # a line is free within 2 s of itself, not within 20
    found = {f"first_dial_{seconds}": result[readings[seconds]] for seconds, result in measured.items()}
    if measured:
        found |= {name: sum(result[name] for result in measured.values()) for name in ("lost", "twice", "over")}
    return found


def _claims(one: Round) -> dict[str, float]:
    pairs = zip(claims.ORGANIZATIONS, claims.CASES, strict=True)
    return {f"claims_{count}": one[case.name]["rate"] for count, case in pairs if case.name in one}


FIGURES = {
    figure.name: figure
    for figure in (
        Figure(
            "no-length",
            "Calls of no length: what everything but the calls costs",
            (batches.NO_LENGTH,),
            _of_one(batches.NO_LENGTH, _no_length),
        ),
        Figure(
            "peers",
            "Against DBOS, the only peer that calls nobody twice",
            (*batches.PEERS_NO_LENGTH, batches.NO_LENGTH),
            _peers,
        ),
        Figure(
            "two-seconds",
            "Calls of 2 s: whether lines are in use",
            (batches.TWO_SECONDS, *batches.PEERS_TWO_SECONDS),
            _two_seconds,
        ),
        Figure(
            "twenty-seconds",
            "Calls of 20 s",
            (batches.TWENTY_SECONDS,),
            _of_one(
                batches.TWENTY_SECONDS,
                lambda r: {"cpu_20": r["cpu"], "lines_20": r["lines"], "lines_20_worst": r["lines"]},
            ),
        ),
        Figure(
            "crash",
            "The only worker killed half-way",
            (batches.CRASH_2, batches.CRASH_20, *batches.PEERS_CRASH),
            _crash,
        ),
        Figure(
            "work",
            "What a dial asks of PostgreSQL and Temporal",
            (work.WORK,),
            _of_one(
                work.WORK, lambda r: {name: r[name] for name in ("statements", "commits", "events", "workflow_tasks")}
            ),
        ),
        Figure(
            "intake",
            "A file of 10,000 rows",
            (intake.INTAKE,),
            _of_one(
                intake.INTAKE,
                lambda r: {
                    "intake": r["ratio"],
                    "intake_cpu": r["cpu"],
                    "intake_p99": r["healthz_p99"],
                    "intake_max": r["healthz_max"],
                },
            ),
        ),
        Figure(
            "uploads",
            "Twenty such files at once",
            (intake.UPLOADS,),
            _of_one(intake.UPLOADS, lambda r: {"uploads": r["ratio"], "uploads_p99": r["healthz_p99"]}),
        ),
        Figure(
            "reading",
            "List and detail with many jobs",
            (reading.READING,),
            _of_one(reading.READING, lambda r: {"list": r["list"], "detail_p99": r["detail_p99"]}),
        ),
        Figure("claims", "Claims of one PostgreSQL", claims.CASES, _claims),
        Figure(
            "due",
            "A thousand jobs due at once",
            (due.DUE,),
            _of_one(due.DUE, lambda r: {"due_first_dials": r["first_dials"], "due_lateness": r["lateness_p99"]}),
        ),
        Figure(
            "memory",
            "Two thousand live calls on one worker",
            (memory.MEMORY,),
            _of_one(memory.MEMORY, lambda r: {"memory": r["bytes"] / 1000} if r["live"] >= memory.LIVE else {}),
        ),
        Figure(
            "idle", "A stack that has nothing to do", (idle.IDLE,), _of_one(idle.IDLE, lambda r: {"idle": r["percent"]})
        ),
        Figure(
            "growth",
            "Cost with a hundred times as much",
            (growth.GROWTH,),
            _of_one(growth.GROWTH, lambda r: {"growth_contacts": r["contacts"], "growth_jobs": r["jobs"]}),
        ),
        Figure(
            "sizes",
            "The model of docs/scaling.md, at two sizes",
            (sizes.SIZES,),
            _of_one(
                sizes.SIZES,
                lambda r: {f"size_{name}_{way}": r[name] for name in ("few", "many") for way in ("least", "most")},
            ),
        ),
    )
}
