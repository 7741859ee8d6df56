"""Who was called by a campaign's job that a restored database does not have is called by none of its later jobs."""

from datetime import timedelta

from domain.calls.models import CallReport, CallState, Ending, PlacedCall
from store.calls.found_calls import FoundCallsStore
from store.campaigns.found_calls import CalledCampaignContacts
from store.campaigns.jobs import CampaignJobs
from store.organizations.phone_numbers import TWILIO
from store.tables import campaign_contacts, campaigns, contacts
from tests.builders import Given, a_number
from tests.builders import contacts as some
from tests.store.calling import Calling
from tests.store.campaigning import BY, a_campaign


async def a_call(calling: Calling, given: Given, id: str, to: str | None, key: str | None = None) -> PlacedCall:
    report = CallReport(call_id=id, key=key, state=CallState.ENDED, ending=Ending.BUSY)
    from_ = None if to is None else given.number.number
    return PlacedCall(to=to, from_=from_, asked_at=await calling.now(), report=report)


async def test_who_waits_in_a_campaign_and_was_called_is_left_out_though_a_whole_job_was(
    shared: Calling, given: Given
) -> None:
    campaign = await a_campaign(shared.engine, given, some(4), contacts_per_job=2, jobs_at_once=1)
    calls = [await a_call(shared, given, f"CA-{campaign}-{n}", a_number(n)) for n in (0, 1, 2)]
    called = CalledCampaignContacts(shared.engine)

    await called.leave_out(await called.find(TWILIO, calls))
    await called.leave_out(await called.find(TWILIO, calls))

    row = await shared.one(campaigns, campaigns.c.id == campaign)
    assert (row.accepted, row.moved, row.left_out) == (4, 3, 3)
    jobs = CampaignJobs(shared.engine)
    await shared.change(campaigns, campaigns.c.id == campaign, status="running")
    await jobs.advance(given.id, campaign)
    entered = await shared.all(contacts, contacts.c.organization_id == given.id)
    assert [contact.number for contact in entered] == [a_number(3)]
    row = await shared.one(campaigns, campaigns.c.id == campaign)
    assert (row.moved, row.left_out) == (4, 3)


async def test_who_is_in_a_job_by_now_stays_there_and_the_call_is_found_to_be_theirs(
    shared: Calling, given: Given
) -> None:
    """The job is younger than the call, its campaign is not."""
    campaign = await a_campaign(shared.engine, given, some(2))
    call = await a_call(shared, given, f"CA-{campaign}", a_number(0))
    called = CalledCampaignContacts(shared.engine)
    found = await called.find(TWILIO, [call])
    await CampaignJobs(shared.engine).start(given.id, campaign, by=BY)
    await shared.change(campaigns, campaigns.c.id == campaign, created_at=call.asked_at - timedelta(hours=1))
    late = call.model_copy(update={"asked_at": call.asked_at - timedelta(minutes=30)})

    await called.leave_out(found)

    row = await shared.one(campaigns, campaigns.c.id == campaign)
    assert (row.moved, row.left_out) == (2, 0)
    calls = FoundCallsStore(shared.engine)
    matching = await calls.read_matching(TWILIO, late.asked_at, [late])
    [dial] = matching.sort([late]).dials
    assert await calls.add(TWILIO, dial)
    contact = await shared.one(contacts, contacts.c.id == dial.contact_id)
    assert (contact.number, contact.dials) == (a_number(0), 1)


async def test_by_its_key_a_call_is_that_of_the_contact_who_will_have_this_id(shared: Calling, given: Given) -> None:
    campaign = await a_campaign(shared.engine, given, some(2))
    [first, _] = sorted(
        await shared.all(campaign_contacts, campaign_contacts.c.campaign_id == campaign), key=lambda each: each.row
    )
    call = await a_call(shared, given, f"CA-{campaign}", None, key=f"{first.id}:1")

    [found] = await CalledCampaignContacts(shared.engine).find(TWILIO, [call])

    assert (found.id, found.to, found.from_) == (first.id, a_number(0), given.number.number)
