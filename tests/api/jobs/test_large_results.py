"""Results of large jobs: constant memory, and no part that looks like the whole."""

import asyncio
import csv

import httpx
import psutil
import pytest
import sqlalchemy as sa

from api.http import middleware
from store.db.engine import Database, reading
from store.jobs import export
from tests.api.client import Api
from tests.api.test_process import Process, process
from tests.memory import anonymous

CONTACTS = 10_000
MAX_GROWTH = 20 * 1024 * 1024  # bytes

_MANY = sa.text("""
    INSERT INTO contacts (id, job_id, organization_id, row, number, country, zones, data)
    SELECT 'contact_' || :job || n, :job, organization_id, n + 10, '+12025550101', 'US', '[]',
           json_build_object('phone', '+12025550101', 'name', 'Person ' || n, 'note', repeat(CAST(:text AS text), 100))
    FROM batch_jobs, generate_series(1, :count) AS n WHERE id = :job
""")
_KILL = sa.text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE state = 'idle in transaction' AND query LIKE 'SELECT%contacts.external_id%' AND pid <> pg_backend_pid()
""")
__all__ = ["process"]


async def a_large_job(api: Api, records: Database, count: int, text: str) -> str:
    job = await api.new_job()
    async with records.begin() as connection:
        await connection.execute(_MANY, {"job": job, "count": count, "text": text})
    return job


async def test_ten_thousand_results_need_no_memory_of_their_own(api: Api, records: Database, process: Process) -> None:
    small = await api.new_job()
    many = await a_large_job(api, records, CONTACTS - 1, "=1+1;")
    fat = await a_large_job(api, records, 500, "=1+1;" * 120)  # 60 KB each: as large as a contact may be
    memory = psutil.Process(process.popen.pid)
    async with httpx.AsyncClient(base_url=process.url, timeout=60, headers=api.key) as client:
        assert await _lines(client, small, "csv") == 2  # imports what stays
        before = anonymous(memory)
        assert await _lines(client, many, "csv") == CONTACTS + 1
        assert await _lines(client, many, "jsonl") == CONTACTS
        assert await _lines(client, fat, "csv") == 502
        assert await _lines(client, fat, "jsonl") == 501

    assert anonymous(memory) - before < MAX_GROWTH


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
async def test_a_download_that_breaks_off_looks_like_none_that_is_complete(
    api: Api, records: Database, kind: str
) -> None:
    job = await a_large_job(api, records, 800, "x" * 200)  # 16 MB: more than any buffer on the way holds

    async with api.http.stream("GET", f"/batch/jobs/{job}/results?format={kind}", headers=api.key) as answer:
        assert answer.status_code == 200
        parts = answer.aiter_bytes()
        await anext(parts)
        await _end_its_connection(records)
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            async for _ in parts:
                pass

    assert (await api.get(f"/batch/jobs/{job}")).status_code == 200


async def test_a_client_that_leaves_gives_its_place_back(api: Api, records: Database) -> None:
    job = await a_large_job(api, records, 800, "x" * 200)

    for _ in range(5):  # more than may be read at once
        async with api.http.stream("GET", f"/batch/jobs/{job}/results", headers=api.key) as answer:
            await anext(answer.aiter_bytes())

    assert (await api.get(f"/batch/jobs/{await api.new_job()}/results")).status_code == 200


async def test_a_client_that_hardly_reads_loses_its_place(
    api: Api, records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it, each of its kind held a place and a connection of the database for a quarter of an hour."""
    monkeypatch.setattr(middleware, "SEND_IDLE_SECONDS", 0.5)
    monkeypatch.setattr(export, "MAX_FILES_OF_AN_ORGANIZATION", 1)
    job = await a_large_job(api, records, 800, "x" * 200)

    async with api.http.stream("GET", f"/batch/jobs/{job}/results", headers=api.key) as slow:
        parts = slow.aiter_bytes()
        await anext(parts)
        waited = await api.get(f"/batch/jobs/{await api.new_job()}/results")
        assert waited.status_code == 200
        with pytest.raises(httpx.TransportError):
            async for _ in parts:
                pass


async def _end_its_connection(records: Database) -> None:
    """As soon as the download waits for its client."""
    async with reading(records) as connection:
        for _ in range(200):
            if await connection.scalar(_KILL):
                return
            await asyncio.sleep(0.05)
    raise AssertionError("the download never waited")


async def _lines(client: httpx.AsyncClient, job: str, kind: str) -> int:
    """Count the lines, without holding them."""
    count = 0
    async with client.stream("GET", f"/batch/jobs/{job}/results?format={kind}") as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            count += 1
            if kind == "csv" and count == 3:
                row = next(csv.reader([line]))
                assert row[2].startswith("'=1+1;=1+1;")
    return count
