"""Records of requests: who works on one, what becomes of it, and that ids stay the same."""

import asyncio

import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.idempotency import Answered, DifferentContent, Idempotency, InProgress, RecordKey, Reserved

RECORD = RecordKey(scope="org_1", route="POST /batch/create", key="order 17")


@pytest.fixture
def idempotency(engine: Database) -> Idempotency:
    return Idempotency(engine)


async def held(idempotency: Idempotency, holder: str = "first", fingerprint: str = "a") -> Reserved:
    taken = await idempotency.reserve(RECORD, fingerprint, holder)
    assert isinstance(taken, Reserved)
    return taken


async def pass_by(engine: Database, column: str, span: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(f"UPDATE idempotency_records SET {column} = {column} - interval '{span}'"))


async def test_one_of_many_holds_a_record(idempotency: Idempotency) -> None:
    taken = await asyncio.gather(*(idempotency.reserve(RECORD, "a", f"holder {n}") for n in range(10)))

    assert sorted(type(one).__name__ for one in taken) == ["InProgress"] * 9 + ["Reserved"]
    assert await idempotency.is_in_progress(RECORD)


async def test_what_was_answered_is_answered_again(idempotency: Idempotency) -> None:
    first = await held(idempotency)

    await idempotency.store_answer(RECORD, first.seed, '{"id": 1}')

    assert await idempotency.reserve(RECORD, "a", "second") == Answered(answer='{"id": 1}')
    assert await idempotency.reserve(RECORD, "b", "second") == DifferentContent()
    assert not await idempotency.is_in_progress(RECORD)


async def test_whoever_died_is_followed_after_a_few_seconds_with_the_same_seed(
    idempotency: Idempotency, engine: Database
) -> None:
    first = await held(idempotency)
    assert not first.resumed

    await pass_by(engine, "held_until", "5 seconds")
    assert await idempotency.reserve(RECORD, "a", "second") == InProgress()
    await pass_by(engine, "held_until", "2 seconds")
    assert await idempotency.reserve(RECORD, "b", "other") == DifferentContent()
    second = await held(idempotency, "second")

    assert second == Reserved(seed=first.seed, begun_at=first.begun_at, resumed=True)


async def test_whoever_works_long_extends_its_hold(idempotency: Idempotency, engine: Database) -> None:
    await held(idempotency)
    await pass_by(engine, "held_until", "5 seconds")

    await idempotency.extend(RECORD, "first")
    await pass_by(engine, "held_until", "5 seconds")

    assert await idempotency.reserve(RECORD, "a", "second") == InProgress()


async def test_what_was_released_is_taken_up_at_once(idempotency: Idempotency) -> None:
    first = await held(idempotency)

    await idempotency.release(RECORD, "first")

    assert (await held(idempotency, "second")).seed == first.seed


async def test_what_was_forgotten_may_be_used_for_something_else(idempotency: Idempotency) -> None:
    first = await held(idempotency)

    await idempotency.forget(RECORD, "first")
    second = await held(idempotency, "second", "b")

    assert second.seed != first.seed
    assert not second.resumed


async def test_only_the_holder_gives_a_record_back(idempotency: Idempotency, engine: Database) -> None:
    await held(idempotency)
    await pass_by(engine, "held_until", "7 seconds")
    second = await held(idempotency, "second")

    await idempotency.forget(RECORD, "first")
    await idempotency.release(RECORD, "first")

    assert await idempotency.reserve(RECORD, "a", "third") == InProgress()
    await idempotency.store_answer(RECORD, second.seed, "{}")
    await idempotency.forget(RECORD, "second")
    assert await idempotency.reserve(RECORD, "a", "third") == Answered(answer="{}")


async def test_after_seven_days_a_record_is_new_again(idempotency: Idempotency, engine: Database) -> None:
    first = await held(idempotency)
    await idempotency.store_answer(RECORD, first.seed, "{}")

    await pass_by(engine, "created_at", "7 days")
    second = await held(idempotency, "second", "b")

    assert second.seed != first.seed
    assert not second.resumed
    assert await idempotency.reserve(RECORD, "b", "third") == InProgress()


async def test_new_records_take_old_ones_with_them(idempotency: Idempotency, engine: Database) -> None:
    for n in range(30):
        await idempotency.reserve(RecordKey(scope="org_1", route="POST /agents", key=str(n)), "a", "first")
    await pass_by(engine, "created_at", "8 days")

    await held(idempotency)

    async with engine.connect() as connection:
        left = (await connection.execute(sa.text("SELECT count(*) FROM idempotency_records"))).scalar_one()
    assert left == 11
