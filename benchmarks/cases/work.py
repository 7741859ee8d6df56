"""What a dial asks of PostgreSQL and of Temporal, counted."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from benchmarks.cases.calls import APPLICATION, Calls, measure
from benchmarks.outdial import Outdial
from benchmarks.suite import Bench, Case
from workflows.names import job_workflow_id

END_SECONDS = 60
TELL_SECONDS = 1.0  # a setting takes that long to reach all backends, and a line of the log to be written
PREFIX = "%n|%p|%a|"
LINE = re.compile(r"^([\d.]+)\|(\d+)\|(.*?)\|LOG:  duration: ([\d.]+) ms  (statement|execute)[^:]*: (.*)$")
COMMITS = """
    SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"""
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def run(bench: Bench) -> dict[str, Any]:
    """On a stack of its own: its connections are ended, so that they tell all their transactions."""
    with bench.outdial(0, environment={}) as outdial:
        with (
            StatementLog(outdial) as log,
            psycopg.connect(outdial.database, autocommit=True, application_name=APPLICATION) as connection,
        ):
            before = _commits(connection)
            result = measure(outdial, Calls(bench.scale.work, 0))
            outdial.wait_until_completed(END_SECONDS)
            connection.execute(END_OTHERS)
            time.sleep(TELL_SECONDS)
            commits = _commits(connection) - before - log.count(own=True).total()
        statements, dials = log.count(), max(1, result["dials"])
        events = asyncio.run(history(outdial))
    return {
        "dials": result["dials"],
        "statements": sum(statements.values()) / dials,
        "commits": commits / dials,
        "events": sum(events.values()) / dials,
        "workflow_tasks": events["WORKFLOW_TASK_SCHEDULED"] / dials,
        "runs": events["WORKFLOW_EXECUTION_STARTED"],
        "most_frequent": {text: count / dials for text, count in statements.most_common(12)},
    }


def _commits(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(COMMITS).fetchone()
    assert row is not None
    return int(row[0])


class StatementLog:
    """Every statement of the stack while the block runs. A benchmark's own connections say their name."""

    def __init__(self, outdial: Outdial) -> None:
        self._database = outdial.database
        self._log = Path(outdial.stack.data_dir / "logs" / "postgres.log")

    def __enter__(self) -> "StatementLog":
        self._set({"log_min_duration_statement": "0", "log_line_prefix": PREFIX})
        self._skip = self._log.stat().st_size
        return self

    def __exit__(self, *_: object) -> None:
        self._set({"log_min_duration_statement": "-1"})

    def lines(self, *, own: bool = False) -> list[tuple[str, float]]:
        """Statements, blanks and lengths cut, with the ms that the server took for each."""
        text = self._log.read_bytes()[self._skip :].decode(errors="replace")
        matches = map(LINE.match, re.sub(r"\n\s+", " ", text).splitlines())
        return [
            (re.sub(r"\s+", " ", match[6])[:100], float(match[4]))
            for match in matches
            if match and (match[3] == APPLICATION) is own
        ]

    def count(self, *, own: bool = False) -> Counter[str]:
        return Counter(text for text, _ in self.lines(own=own))

    def _set(self, values: dict[str, str]) -> None:
        with psycopg.connect(self._database, autocommit=True, application_name=APPLICATION) as connection:
            for name, value in values.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(TELL_SECONDS)


async def history(outdial: Outdial) -> Counter[str]:
    """The events of the job's workflow, all its runs, by type."""
    temporal = outdial.stack.ready["temporal"]
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    found: Counter[str] = Counter()
    async for execution in client.list_workflows(f"WorkflowId = '{job_workflow_id(outdial.job)}'"):
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        async for event in handle.fetch_history_events():
            found[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
    return found


WORK = Case("Outdial, counted", run)
