"""What is created under an id that is there already: the same again, and nothing twice."""

from decimal import Decimal

from domain.statuses import JobStatus
from store.billing.ledger import Ledger
from store.contacts.packed import pack_contacts
from store.db.engine import Database
from store.jobs.repository import Jobs
from store.jobs.update import JobUpdates
from tests.builders import a_job, a_report, a_request, an_organization, contacts


async def test_a_job_is_stored_and_its_estimate_held_once(engine: Database) -> None:
    given, jobs = await an_organization(engine), Jobs(engine)
    entered, report = pack_contacts(contacts(3)), a_report(contacts(3))

    first, second = [
        await jobs.create(given.id, a_request(given), given.number, entered, report, id="batch_given") for _ in range(2)
    ]

    assert first == second
    assert (first.id, first.status, first.estimated_cost) == ("batch_given", JobStatus.PENDING, Decimal("0.105"))
    assert (await jobs.list_page(given.id, None, None, 1, 10)).total == 1
    assert (await Ledger(engine).audit(given.id)).held == Decimal("0.105")


async def test_contacts_are_added_once_also_after_the_job_ended(engine: Database) -> None:
    given, changes = await an_organization(engine), JobUpdates(engine)
    job = await a_job(engine, given, 1)
    new, report = pack_contacts(contacts(2, start=10)), a_report(contacts(2))

    first = await changes.append(given.id, job.id, new, report, by="key_1", id="activity_given")
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE batch_jobs SET status = 'completed'")
    second = await changes.append(given.id, job.id, new, report, by="key_1", id="activity_given")

    assert (first.added, first.total, first.cost) == (2, 3, Decimal("0.07"))
    assert second == first.model_copy(update={"status": JobStatus.COMPLETED})


async def test_a_top_up_is_booked_once(engine: Database) -> None:
    given, ledger = await an_organization(engine, credits=Decimal(1)), Ledger(engine)

    balances = [(await ledger.top_up(given.id, Decimal(5), id="entry_given")).balance for _ in range(2)]

    assert balances == [Decimal(6), Decimal(6)]
    assert (await ledger.audit(given.id)).exact
