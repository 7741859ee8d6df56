"""No query of the store reads a large table whole: each is planned as on a million contacts and dials."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus

from domain.calls.agent_report import ConversationReport
from store.calls.agent_reports import AgentReports
from store.contacts.do_not_call import DoNotCall
from store.db.engine import Database, conninfo, create_engine
from store.jobs.delete import JobDeletion
from store.jobs.export import Results
from store.jobs.rerun import JobRerun
from store.jobs.statistics import Statistics
from tests.databases import Databases
from tests.statements import heard
from tests.store.calling import Calling
from tests.store.every_method import METHODS, World, a_world, archived, read_whole

ROWS = 100_000  # that are really there, so that what PostgreSQL knows of the columns is true
SCALE = 10  # times as many are what it plans for
LARGE = frozenset({"contacts", "dials", "carrier_events"})
ARCHIVE = ("old_dials", "old_carrier_events")
MONTHS = 2  # that are in the archive, with a tenth of the rows each
MOST_TOUCHED = 5_000  # rows of a large table that one question looks at
OF_EACH_CALL = ("Claims.claim", "Dials.get", "Dials.get_many", "Dials.record", "Dials.record_placed")
BY_KEY = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "ModifyTable"})
PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")

GENERATE = (
    "SET session_replication_role = replica",  # no triggers, no keys to other tables
    """
    INSERT INTO organizations (id, name, concurrent_call_limit, credits_unlimited)
    SELECT 'org_' || n, 'o', 50, true FROM generate_series(0, 19) n""",
    "INSERT INTO carrier_accounts (id) VALUES ('twilio') ON CONFLICT DO NOTHING",
    """
    INSERT INTO phone_numbers (id, organization_id, number, carrier_account_id)
    SELECT 'phone_' || n, 'org_' || n, '+1202555' || lpad(n::text, 4, '0'), 'twilio' FROM generate_series(0, 19) n""",
    """
    INSERT INTO batch_jobs (id, organization_id, name, status, dialling, agent_id, audio, audio_url, rate_per_minute,
        phone_number_id, from_number, total_contacts, concurrent_call_limit, max_attempts, ring_seconds,
        max_call_seconds, timezone, validation, workflow_started_at, completed_at, created_at)
    SELECT 'batch_' || n, 'org_' || n % 20, 'j', CASE WHEN n % 50 = 0 THEN 'running' ELSE 'completed' END, n % 50 = 0,
        'agent', 'websocket', 'wss://x', 0.0175, 'phone_' || n % 20, '+1202555' || lpad((n % 20)::text, 4, '0'), 100,
        5, 3, 45, 900, 'UTC', '{}', now(), now() - n * interval '1 minute', now() - n * interval '10 minutes'
    FROM generate_series(1, 1000) n""",
    f"""
    INSERT INTO contacts (id, job_id, organization_id, row, number, zones, data, status, dials, due_at)
    SELECT 'contact_' || n, 'batch_' || n % 1000, 'org_' || n % 1000 % 20, n / 1000, '+1303' || lpad(n::text, 7, '0'),
        '["America/Denver"]', '{{"a": 1}}', CASE WHEN n % 50 = 0 THEN 'pending' ELSE 'completed' END, 2,
        now() - interval '2 hours'
    FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
        to_number, state, call_id, asked_at, ended_at, outcome)
    SELECT 'call_' || n, 'contact_' || n, 1, 'batch_' || n % 1000, 'org_' || n % 1000 % 20, 'twilio',
        '+1202555' || lpad((n % 20)::text, 4, '0'), '+1303' || lpad(n::text, 7, '0'), 'ended', md5(n::text),
        now() - n * interval '1 minute', now() - n * interval '1 minute', 'answered'
    FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO carrier_events (dial_id, call_id, state) SELECT 'call_' || n, md5(n::text), 'ended'
    FROM generate_series(1, {ROWS}) n""",
    *(
        f"""
        CREATE TABLE {table}_2026_0{month} PARTITION OF {table}
        FOR VALUES FROM ('2026-0{month}-01 00:00Z') TO ('2026-0{month + 1}-01 00:00Z')"""
        for table in ARCHIVE
        for month in range(1, MONTHS + 1)
    ),
    *(
        f"""
        INSERT INTO old_dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
            to_number, state, call_id, asked_at, ended_at, outcome, reserved_from_hold, reserved_from_free)
        SELECT 'old_{month}_' || n, 'old_contact_' || n, 1, 'old_batch_' || n % 100, 'org_' || n % 20, 'twilio',
            '+12025550100', '+1303' || lpad(n::text, 7, '0'), 'ended', md5('{month}' || n),
            '2026-0{month}-02Z', '2026-0{month}-02Z', 'answered', 0, 0
        FROM generate_series(1, {ROWS // 10}) n"""
        for month in range(1, MONTHS + 1)
    ),
    """
    INSERT INTO old_carrier_events (dial_id, call_id, state, ending, received_at, asked_at)
    SELECT id, call_id, 'ended', '', asked_at, asked_at FROM old_dials""",
    "SET session_replication_role = origin",
    "ANALYZE",
    f"UPDATE pg_class SET reltuples = reltuples * {SCALE} WHERE relname = ANY('{{{','.join(LARGE)}}}')"
    " OR relname ~ '^old_.*_20'",
)


@pytest.fixture(scope="module")
def large_url(databases: Databases) -> Iterator[str]:
    """The address of a database with many rows of other organizations."""
    with databases.lend() as url:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            for table in LARGE:
                connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)".encode())
            for statement in GENERATE:
                connection.execute(statement.encode())
        yield url


@pytest.fixture(scope="module")
async def large(large_url: str) -> AsyncIterator[Calling]:
    engine = create_engine(large_url, pool_size=4)
    yield Calling(engine)
    await engine.dispose()


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_reads_no_large_table_whole(large: Calling, large_url: str, method: str) -> None:
    engine = create_engine(large_url, pool_size=2)
    world: World = await a_world(large, engine, large_url)
    plans = await _plans(METHODS[method], world, large_url)
    await engine.dispose()
    await _end(large, world)
    _none_reads_whole(plans)


async def test_questions_about_a_job_in_the_archive_read_no_month_whole(large: Calling, large_url: str) -> None:
    engine = create_engine(large_url, pool_size=2)
    world: World = await a_world(large, engine, large_url)
    await archived(world)
    plans = await _plans(_ask_for_an_old_job, world, large_url)
    await engine.dispose()
    await _end(large, world)
    asked = [plan for plan in plans.values() if _reads_archive(plan)]
    assert len(asked) >= 9
    _none_reads_whole(plans)


async def _ask_for_an_old_job(world: World) -> None:
    engine, organization_id, job_id = world.engine, world.id, world.running.id
    await Statistics(engine).read(organization_id, job_id)
    await Results(engine).find_contact(organization_id, job_id, world.call.contact_id)
    await read_whole(Results(engine).open_results(organization_id, job_id))
    await JobRerun(engine).find_unreached(organization_id, job_id, include_unknown=False)
    await AgentReports(engine).record(organization_id, world.dial, ConversationReport(disposition="x"))
    await DoNotCall(engine).opt_out(organization_id, world.dial, by="key_1")
    await JobDeletion(engine).delete(organization_id, job_id, by="key_1")


def _none_reads_whole(plans: Mapping[str, Mapping[str, Any]]) -> None:
    for statement, plan in plans.items():
        assert not set(_read_whole(plan)), f"{statement}\n{json.dumps(plan, indent=1)}"


@pytest.mark.parametrize("method", OF_EACH_CALL)
async def test_a_call_is_found_by_its_key_without_statistics(engine: Database, database_url: str, method: str) -> None:
    """As on the first day, and in the minute in which 10,000 contacts came: no plan waits for a table's statistics."""
    world: World = await a_world(Calling(engine), engine, database_url)
    for statement, plan in (await _plans(METHODS[method], world, database_url)).items():
        found = {part["Node Type"] for part in _parts(plan) if part.get("Relation Name") in LARGE}
        assert found <= BY_KEY, f"{statement}\n{json.dumps(plan, indent=1)}"


async def _plans(ask: Callable[[World], Awaitable[Any]], world: World, url: str) -> dict[str, Mapping[str, Any]]:
    """Of every statement that a method sends."""
    with heard() as statements:
        await ask(world)
    asked = {each: values for each, values in statements if each.lstrip(" (\n").upper().startswith(PLANNED)}
    with psycopg.connect(conninfo(url)) as connection:
        return {statement: _plan(connection, statement, values) for statement, values in asked.items()}


async def _end(calling: Calling, world: World) -> None:
    """Its work is over: hundreds of running jobs with open calls are no usual world for those that come after it."""
    ended = {"id": world.id}
    async with calling.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE dials SET ended_at = now() WHERE organization_id = :id"), ended)
        jobs = "UPDATE batch_jobs SET status = 'completed', dialling = false WHERE organization_id = :id"
        await connection.execute(sa.text(jobs), ended)


def _plan(connection: psycopg.Connection, statement: str, values: Any) -> Mapping[str, Any]:
    """As prepared. Questions are asked once more, to see how many rows they touch; what writes is only planned."""
    analyze = "ANALYZE, " if statement.lstrip(" (\n").upper().startswith("SELECT") else ""
    query = PostgresQuery(Transformer(connection))
    query.convert(statement, values)
    connection.execute("SELECT 1")  # a transaction, to be rolled back
    prepared = connection.pgconn.prepare(b"asked", query.query, query.types)
    assert prepared.status == ExecStatus.COMMAND_OK, prepared.error_message.decode()
    given = query.validate_and_reorder_params(query._parts, values, query._order) if values else ()
    literals = ", ".join(sql.Literal(each).as_string(connection) for each in given)
    asked = f"EXECUTE asked ({literals})" if given else "EXECUTE asked"
    row = connection.execute(f"EXPLAIN ({analyze}FORMAT JSON) {asked}".encode()).fetchone()
    connection.rollback()
    connection.execute("DEALLOCATE asked")
    assert row is not None
    plan: Mapping[str, Any] = row[0][0]["Plan"]
    return plan


def _read_whole(plan: Mapping[str, Any]) -> Iterator[str]:
    touched = plan.get("Actual Loops", 0) * (plan.get("Actual Rows", 0) + plan.get("Rows Removed by Filter", 0))
    if _is_large(plan) and (plan["Node Type"] == "Seq Scan" or touched > MOST_TOUCHED):
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _read_whole(part)


def _is_large(plan: Mapping[str, Any]) -> bool:
    return plan.get("Relation Name") in LARGE or _is_of_archive(plan)


def _is_of_archive(plan: Mapping[str, Any]) -> bool:
    return str(plan.get("Relation Name")).startswith(ARCHIVE)


def _reads_archive(plan: Mapping[str, Any]) -> bool:
    return any(_is_of_archive(part) for part in _parts(plan))


def _parts(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _parts(part)
