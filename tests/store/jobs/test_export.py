"""Files of results: of one instant, in order, and not too many at once."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from store.errors import Busy, NotFound
from store.jobs import export as results
from store.jobs.export import BATCH_SIZE, MAX_FILES, Results
from store.tables import contacts
from tests.builders import Given
from tests.store.calling import Calling, a_caller


async def test_a_file_is_of_one_instant(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, BATCH_SIZE * 2 + 20)

    async with Results(shared.engine).open_results(given.id, job.id) as file:
        rows = [await anext(file.batches)]
        await shared.change(contacts, contacts.c.job_id == job.id, status="cancelled")
        rows += [batch async for batch in file.batches]

    found = [result.contact for batch in rows for result in batch]
    assert [contact.id for contact in found] == job.contact_ids
    assert {contact.status for contact in found} == {"pending"}
    assert file.columns == ["phone", "name"]


async def test_costs_are_those_of_all_calls(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(61)

    async with Results(shared.engine).open_results(given.id, job.id) as file:
        [[called, waiting]] = [batch async for batch in file.batches]

    assert (str(called.cost), waiting.cost) == ("0.017792", None)


async def test_no_more_files_than_may_be_are_read_at_once(
    shared: Calling, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(results, "MAX_FILES_OF_AN_ORGANIZATION", MAX_FILES)
    job = await shared.a_job(given, 1)
    reader = Results(shared.engine)

    async with AsyncExitStack() as opened:
        for _ in range(MAX_FILES):
            await opened.enter_async_context(reader.open_results(given.id, job.id))
        with pytest.raises(Busy):
            await opened.enter_async_context(reader.open_rejects(given.id, job.id))

    async with reader.open_rejects(given.id, job.id) as file:
        assert file.file is None


async def test_a_job_of_others_takes_no_place(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, 1)
    other = await a_caller(shared.engine)
    reader = Results(shared.engine)

    for _ in range(MAX_FILES + 1):
        with pytest.raises(NotFound):
            async with reader.open_results(other.id, job.id):
                pass


async def test_no_organization_takes_all_places(shared: Calling, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "WAIT_SECONDS", 0.3)
    job = await shared.a_job(given, 1)
    other = await a_caller(shared.engine)
    theirs = await shared.a_job(other, 1)
    reader = Results(shared.engine)

    async with AsyncExitStack() as opened:
        for _ in range(results.MAX_FILES_OF_AN_ORGANIZATION):
            await opened.enter_async_context(reader.open_results(given.id, job.id))
        waiting = [asyncio.ensure_future(_opens(reader, given.id, job.id)) for _ in range(5)]
        await asyncio.sleep(0)
        async with reader.open_results(other.id, theirs.id) as file:
            assert file.columns
        assert await asyncio.gather(*waiting) == [False] * 5


async def _opens(reader: Results, organization_id: str, job_id: str) -> bool:
    try:
        async with reader.open_results(organization_id, job_id):
            return True
    except Busy:
        return False
