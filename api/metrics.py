"""What this process adds to its metrics besides what it counts: facts of the database, and what /readyz knows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.health import LastReadiness
from composition import Services, open_engine
from settings import Settings
from store.db.engine import Database, ping
from store.db.listen import in_background
from store.observation import Observation, Observations
from telemetry.exposition import EXPOSITION, FACTS
from telemetry.facts import Fact, keep_reading
from telemetry.metrics import start_at_zero
from telemetry.probes import watch_database, watch_loop


@asynccontextmanager
async def observed(settings: Settings, services: Services) -> AsyncIterator[None]:
    """Read what is shown while the block runs, on one connection more; nothing where no metrics are served."""
    if EXPOSITION.port is None:
        yield
        return
    start_at_zero(())
    async with (
        open_engine(settings, pool_size=1) as engine,
        in_background(
            keep_reading(FACTS, "the database", lambda: _read_facts(Observations(engine)), settings.metrics_seconds),
            keep_reading(FACTS, "what /readyz knows", lambda: _read_parts(services), settings.metrics_seconds),
            watch_loop(),
            watch_database(lambda: ping(services[Database])),
        ),
    ):
        yield


async def _read_parts(services: Services) -> list[Fact]:
    readiness, _ = await services[LastReadiness].get(services)
    parts = {(name,): float(part.ok) for name, part in readiness.parts.items()}
    return [Fact("outdial_part_ok", "Whether a part that calls need is well: as /readyz has it.", ("part",), parts)]


async def _read_facts(observations: Observations) -> list[Fact]:
    found = await observations.read()
    return [*_call_facts(found), *_money_and_gate_facts(found), *_delivery_facts(found), *_database_facts(found)]


def _call_facts(found: Observation) -> list[Fact]:
    live = {labels: float(calls) for labels, calls in found.live_calls.items()}
    jobs = {(status,): float(number) for status, number in found.open_jobs.items()}
    return [
        Fact("outdial_live_calls", "Calls that are placed or talk, by the database.", ("carrier", "state"), live),
        Fact.single("outdial_lines_used", "Lines in use: live calls of all organizations.", sum(live.values())),
        Fact.single("outdial_lines_allowed", "Of the organizations with a running job.", found.lines_allowed),
        Fact("outdial_open_jobs", "Jobs that have not ended.", ("status",), jobs),
        Fact.single(
            "outdial_job_start_overdue_seconds",
            "For how long the longest scheduled job should have begun; 0: none is late.",
            found.start_overdue_seconds,
        ),
    ]


def _money_and_gate_facts(found: Observation) -> list[Fact]:
    gates = {labels: float(number) for labels, number in found.gates_closed.items()}
    return [
        Fact.single("outdial_credits_held_dollars", "Held for calls, of all organizations.", found.credits_held),
        Fact.single("outdial_credits_balance_dollars", "Of organizations with a limit.", found.credits_balance),
        Fact.single(
            "outdial_organizations_without_credits",
            "Organizations with a running job whose next call their credits do not cover.",
            found.organizations_without_credits,
        ),
        Fact.single("outdial_organizations_stopped", "By a person.", found.organizations_stopped),
        Fact(
            "outdial_gates_closed",
            "Carrier accounts and numbers from which no call starts, but one that goes first.",
            ("kind", "by"),
            gates,
        ),
        Fact.single(
            "outdial_silent_accounts",
            "Carrier accounts of which no event reaches this API.",
            found.silent_accounts,
        ),
    ]


def _delivery_facts(found: Observation) -> list[Fact]:
    return [
        Fact.single("outdial_webhook_deliveries_waiting", "Not delivered yet.", found.deliveries_waiting),
        Fact.single(
            "outdial_webhook_oldest_seconds", "For how long the oldest of them waits.", found.oldest_delivery_seconds
        ),
        Fact.single("outdial_webhook_endpoints_disabled", "Given up.", found.endpoints_disabled),
    ]


def _database_facts(found: Observation) -> list[Fact]:
    return [
        Fact.single("outdial_database_bytes", "The database's size.", found.database_bytes),
        Fact.single("outdial_database_connections", "Of all clients of the server.", found.connections),
        Fact.single("outdial_database_connections_allowed", "max_connections.", found.connections_allowed),
        Fact.single(
            "outdial_database_longest_transaction_seconds", "Of those that are open.", found.longest_transaction_seconds
        ),
    ]
