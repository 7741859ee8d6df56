"""What was done, and by whom."""

from domain.audit import Action
from store.audit_log import AuditLog, record_action
from store.db.engine import Database
from tests.builders import Given
from tests.store.calling import Calling, Job, a_caller


async def _record(engine: Database, given: Given, action: Action, job: Job | None = None, **details: object) -> None:
    async with engine.begin() as connection:
        job_id = None if job is None else job.id
        await record_action(connection, given.id, action, "key_1", details, job_id=job_id)


async def test_what_was_done_is_read_newest_first_and_page_by_page(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    before = (await AuditLog(shared.engine).list_page(given.id, None, 1, 1)).total
    for action in (Action.PAUSED, Action.RESUMED, Action.STOPPED):
        await _record(shared.engine, given, action)
    activity = AuditLog(shared.engine)
    first = await activity.list_page(given.id, None, 1, 2)
    second = await activity.list_page(given.id, None, 2, 2)
    assert [entry.action for entry in first.entries] == [Action.STOPPED, Action.RESUMED]
    assert second.entries[0].action == Action.PAUSED
    assert first.total == second.total == before + 3
    assert (await activity.list_page(given.id, None, before + 3, 2)).entries == []


async def test_an_entry_has_when_who_what_and_of_which_job_and_a_job_has_its_own(shared: Calling) -> None:
    given, other = await a_caller(shared.engine), await a_caller(shared.engine)
    one, two = await shared.a_waiting_job(given), await shared.a_waiting_job(given)
    await _record(shared.engine, given, Action.CHANGED, one, concurrentCallLimit=7)
    await _record(shared.engine, given, Action.CONTACT_REMOVED, two)
    log = AuditLog(shared.engine)

    entry = (await log.list_page(given.id, one.id, 1, 20)).entries[0]

    assert entry.id.startswith("activity_")
    assert entry.at.tzinfo is not None
    assert (entry.actor, entry.action, entry.job_id) == ("key_1", Action.CHANGED, one.id)
    assert entry.details == {"concurrentCallLimit": 7}
    of_two = [each.action for each in (await log.list_page(given.id, two.id, 1, 20)).entries]
    assert of_two == [Action.CONTACT_REMOVED, Action.CREATED]
    assert (await log.list_page(other.id, one.id, 1, 20)).total == 0
    assert (await log.list_page(given.id, "batch_\0", 1, 20)).total == 0


async def test_what_is_rolled_back_leaves_no_record(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    before = (await AuditLog(shared.engine).list_page(given.id, None, 1, 1)).total
    async with shared.engine.connect() as connection:
        await record_action(connection, given.id, Action.STOPPED, "key_1")
        await connection.rollback()
    assert (await AuditLog(shared.engine).list_page(given.id, None, 1, 20)).total == before
