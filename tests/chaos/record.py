"""Collects what is judged: the carrier's record, the jobs as the API tells of them, the ledger, histories and logs."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import httpx
import psycopg

from tests.chaos.population import LINES, Created, Population
from tests.end_to_end import histories, judge
from tests.end_to_end.batch import RATE
from tests.end_to_end.live_stack import LiveStack
from tests.invariants import FINAL, Job, Order, Organization, Run, read_carrier_record

FINALS = list(FINAL)
_TEMPORALS_METRICS = re.compile(r"Temporal Metrics:\s+(http://\S+)")


def collect(
    stack: LiveStack,
    population: Population,
    orders: Iterable[Order],
    finals: Iterable[tuple[str, str, str]],
) -> Run:
    """Once nobody is on the phone any more."""
    return Run(
        dials=read_carrier_record(stack.data_dir / "carrier.db"),
        jobs=tuple(_job(stack, population, job) for job in population.jobs),
        organizations=tuple(_organization(stack, name, id) for name, id in population.organizations.items()),
        orders=tuple(orders),
        finals=tuple(finals),
        texts=_texts(stack),
    )


class Finals:
    """Each final status of a contact that was ever seen, with its reason."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str]] = set()
        self._counted = 0

    def look(self, database_url: str) -> int:
        """See what is final now; how many contacts are."""
        query = "SELECT id, status, coalesce(failure_reason, '') FROM contacts WHERE status = ANY(%s)"
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            connection.execute("SET statement_timeout = '5s'")
            rows = connection.execute(query, (FINALS,)).fetchall()
        self.seen |= {(str(id), str(status), str(reason)) for id, status, reason in rows}
        return len(rows)


def _job(stack: LiveStack, population: Population, job: Created) -> Job:
    with stack.http(population.keys[job.sort.organization]) as client:
        detail: dict[str, Any] = client.get(f"/batch/jobs/{job.id}").raise_for_status().json()
        contacts = judge.contacts_of(client, job.id)
    return Job(
        id=job.id,
        organization=population.organizations[job.sort.organization],
        lines=job.sort.lines,
        rate=RATE,
        detail=detail,
        contacts=tuple(contacts),
        window=job.window,
        calls_per_day=job.sort.fields.get("contactFrequency", {}).get("callsPer24Hours"),
    )


def _organization(stack: LiveStack, name: str, id: str) -> Organization:
    url = stack.ready["database"]["url"]
    return Organization(id, LINES[name], judge.captured(url, id), tuple(judge.ledger_complaints(url, id)))


def _texts(stack: LiveStack) -> dict[str, str]:
    """What may tell nobody's number, by its name."""
    runs = asyncio.run(histories.runs(stack))
    texts = {f"history {run.workflow_id} {run.run_id}": run.text for run in runs}
    for log in sorted(stack.data_dir.glob("logs/*")):
        texts[f"log {log.name}"] = log.read_text(errors="replace")
    addresses = [f"{stack.ready['api']['url']}/metrics", *_TEMPORALS_METRICS.findall(stack.log("temporal"))[-1:]]
    for address in addresses:
        metrics = httpx.get(address, trust_env=False, timeout=30)
        if metrics.status_code == 200:
            texts[f"metrics {address}"] = metrics.text
    return texts
