"""The facts that are shown as metrics: sums over all organizations, read together, within a bound of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.silence import SILENT_CALLS
from domain.model import Model
from domain.money import ASSUMED_MINUTES
from store.db.engine import Database

STATEMENT_TIMEOUT = "5s"  # for each: what takes longer is not worth what it costs
MAX_COUNTED = 100_000  # deliveries that wait: beyond it the number says enough

_BOUND = text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
_CALLS = text("""
    SELECT split_part(carrier_account_id, '_', 1) AS carrier, state, count(*) AS calls
    FROM dials WHERE ended_at IS NULL GROUP BY 1, 2
""")
_LINES = text("""
    SELECT coalesce(sum(concurrent_call_limit), 0) FROM organizations
    WHERE id IN (SELECT organization_id FROM batch_jobs WHERE status = 'running')
""")
_JOBS = text("""
    SELECT status, count(*) AS jobs FROM batch_jobs
    WHERE status NOT IN ('completed', 'failed', 'cancelled') GROUP BY status
""")
_OVERDUE = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(scheduled_start_time)), 0)::float FROM batch_jobs
    WHERE status = 'scheduled' AND scheduled_start_time < statement_timestamp()
""")
_DELIVERIES = text(f"""
    SELECT count(*) AS waiting,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest_seconds
    FROM (SELECT created_at FROM webhook_deliveries WHERE status = 'pending' LIMIT {MAX_COUNTED}) pending
""")  # noqa: S608 — our own constant
_ENDPOINTS = text("SELECT count(*) FROM webhook_endpoints WHERE disabled_at IS NOT NULL")
# As a claim judges it: what is left may be too little for one call more.
_CREDITS = text(f"""
    SELECT coalesce(sum(held), 0)::float AS held,
           coalesce(sum(balance) FILTER (WHERE NOT credits_unlimited), 0)::float AS balance,
           count(*) FILTER (WHERE NOT credits_unlimited AND EXISTS (
             SELECT 1 FROM batch_jobs j WHERE j.organization_id = o.id AND j.status = 'running'
               AND greatest(j.hold, j.hold + o.balance - o.held) < {ASSUMED_MINUTES} * j.rate_per_minute
               AND EXISTS (SELECT 1 FROM contacts c WHERE c.job_id = j.id AND c.status IN ('pending', 'queued'))
           )) AS without,
           count(*) FILTER (WHERE stopped_at IS NOT NULL) AS stopped
    FROM organizations o
""")  # noqa: S608 — our own constant
# When its time is over a gate is still closed, until the one call that goes first has come through.
_GATES = text("""
    SELECT 'account' AS kind,
           count(*) FILTER (WHERE stopped_at IS NOT NULL OR unreconciled_since IS NOT NULL) AS by_people,
           count(*) FILTER (WHERE stopped_at IS NULL AND unreconciled_since IS NULL
             AND (closed_until > clock_timestamp() OR EXISTS (
             SELECT 1 FROM batch_jobs j JOIN phone_numbers p ON p.id = j.phone_number_id
             WHERE p.carrier_account_id = a.id AND j.status = 'running'))) AS by_rules
    FROM carrier_accounts a
    WHERE stopped_at IS NOT NULL OR closed_until IS NOT NULL OR unreconciled_since IS NOT NULL
    UNION ALL
    SELECT 'number', count(*) FILTER (WHERE stopped_at IS NOT NULL),
           count(*) FILTER (WHERE stopped_at IS NULL AND (closed_until > clock_timestamp() OR EXISTS (
             SELECT 1 FROM batch_jobs j WHERE j.phone_number_id = n.id AND j.status = 'running')))
    FROM phone_numbers n WHERE removed_at IS NULL AND (stopped_at IS NOT NULL OR closed_until IS NOT NULL)
""")
_SILENT = text("SELECT count(*) FROM carrier_accounts WHERE silent_calls >= :enough")
_SERVER = text("""
    SELECT pg_database_size(current_database())::float AS bytes,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS allowed,
           (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float
            FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()
              AND pid <> pg_backend_pid()) AS longest_transaction
""")


class Observation(Model):
    """All of it at one moment. `live_calls`: by carrier and state; `gates_closed`: by what is closed, and by whom."""

    live_calls: dict[tuple[str, str], int]
    lines_allowed: int
    open_jobs: dict[str, int]
    start_overdue_seconds: float
    deliveries_waiting: int
    oldest_delivery_seconds: float
    endpoints_disabled: int
    credits_held: float
    credits_balance: float
    organizations_without_credits: int
    organizations_stopped: int
    gates_closed: dict[tuple[str, str], int]
    silent_accounts: int
    database_bytes: float
    connections: int
    connections_allowed: int
    longest_transaction_seconds: float


class Observations:
    """Read only. `engine` is best one of its own with one connection: what is observed must not wait for us."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def read(self) -> Observation:
        async with self._engine.begin() as connection:
            await connection.execute(_BOUND)
            deliveries = await _row(connection, _DELIVERIES)
            credit = await _row(connection, _CREDITS)
            server = await _row(connection, _SERVER)
            return Observation(
                live_calls={(row["carrier"], row["state"]): row["calls"] for row in await _rows(connection, _CALLS)},
                lines_allowed=await _number(connection, _LINES),
                open_jobs={row["status"]: row["jobs"] for row in await _rows(connection, _JOBS)},
                start_overdue_seconds=await _number(connection, _OVERDUE),
                deliveries_waiting=deliveries["waiting"],
                oldest_delivery_seconds=deliveries["oldest_seconds"],
                endpoints_disabled=await _number(connection, _ENDPOINTS),
                credits_held=credit["held"],
                credits_balance=credit["balance"],
                organizations_without_credits=credit["without"],
                organizations_stopped=credit["stopped"],
                gates_closed={
                    (row["kind"], by): row[f"by_{by}"]
                    for row in await _rows(connection, _GATES)
                    for by in ("people", "rules")
                },
                silent_accounts=await _number(connection, _SILENT, {"enough": SILENT_CALLS}),
                database_bytes=server["bytes"],
                connections=server["connections"],
                connections_allowed=server["allowed"],
                longest_transaction_seconds=server["longest_transaction"],
            )


async def _rows(connection: AsyncConnection, query: TextClause) -> Sequence[RowMapping]:
    return (await connection.execute(query)).mappings().all()


async def _row(connection: AsyncConnection, query: TextClause) -> RowMapping:
    return (await connection.execute(query)).mappings().one()


async def _number(connection: AsyncConnection, query: TextClause, values: Mapping[str, Any] | None = None) -> Any:
    return (await connection.execute(query, values)).scalar_one()
