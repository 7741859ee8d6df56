"""A campaign in the database, without the API: its file is a block that was read already."""

from hashlib import sha256

from domain.campaigns.models import CampaignRequest
from domain.contacts.read_stream import StreamState
from domain.contacts.rejects import Rejects
from domain.contacts.report import IntakeReport
from domain.jobs.models import JobRequest, NewContact
from domain.requests.limits import MAX_CONTACTS
from store.campaigns.intake import CampaignIntake, NewBlock, SentBlock
from store.campaigns.repository import Campaigns
from store.contacts.packed import pack_contacts, pack_rejects
from store.db.engine import Database
from store.db.ids import new_id
from tests.builders import Given

BY = "key_1"
HEADER = ("phone", "name")


async def a_draft(
    engine: Database, given: Given, *, contacts_per_job: int = MAX_CONTACTS, jobs_at_once: int = 2, **settings: object
) -> str:
    id = new_id("campaign")
    job = JobRequest(name="May", from_phone_number_id=given.number.id, **settings)  # type: ignore[arg-type]
    request = CampaignRequest(settings=job, jobs_at_once=jobs_at_once)
    await Campaigns(engine, contacts_per_job=contacts_per_job).create(given.id, request, by=BY, id=id)
    return id


def a_block(contacts: list[NewContact], *, begin: int = 0, final: bool = True) -> NewBlock:
    """Of a hundred bytes for each contact."""
    end = begin + 100 * len(contacts)
    return NewBlock(
        sent=SentBlock(begin=begin, end=end, digest=sha256(b"%d" % end).hexdigest()),
        state=StreamState(header=HEADER, rows=1 + len(contacts)),
        contacts=pack_contacts(contacts),
        rejects=pack_rejects(Rejects(header=HEADER)),
        report=IntakeReport(rows=len(contacts), valid=len(contacts)),
        final=final,
    )


async def a_campaign(
    engine: Database, given: Given, contacts: list[NewContact], *, contacts_per_job: int = MAX_CONTACTS, **more: object
) -> str:
    """Whose file is in."""
    id = await a_draft(engine, given, contacts_per_job=contacts_per_job, **more)  # type: ignore[arg-type]
    await CampaignIntake(engine).add(given.id, id, a_block(contacts))
    return id
