"""Who is called again by a retry, and what the new job is like."""

from datetime import time
from typing import Any

import pytest
import sqlalchemy as sa

from domain.calling_rules.window import CallingWindow
from domain.calls.models import OnMachine
from domain.jobs.rerun import LeftOut
from domain.statuses import JobStatus, OnOverlap
from store.errors import NotFound, WrongStatus
from store.jobs.rerun import JobRerun, Unreached
from store.tables import contacts
from tests.builders import Given
from tests.store.calling import Calling, Job, a_caller


async def _with_statuses(shared: Calling, given: Given, *statuses: str) -> Job:
    job = await shared.a_job(given, len(statuses))
    for contact_id, status in zip(job.contact_ids, statuses, strict=True):
        await shared.change(contacts, contacts.c.id == contact_id, status=status)
    await job.change(status="completed", dialling=False)
    return job


async def test_everybody_who_was_not_reached_is_called_again(shared: Calling, given: Given) -> None:
    statuses = "completed no_answer busy timeout blocked invalid_number carrier_error failed cancelled"
    job = await _with_statuses(shared, given, *statuses.split())

    found = await _unreached(shared, job)

    assert [contact.row for contact in found.contacts] == [3, 4, 5, 6, 8, 9, 10]
    assert found.reached == 1
    assert found.left_out == {LeftOut.NO_NUMBER: 1}


async def test_contacts_keep_everything_that_was_given(shared: Calling, given: Given) -> None:
    job = await _with_statuses(shared, given, "busy")
    kept = {"external_id": "patient-1", "country": "US", "zones": ["America/New_York"]}
    await shared.change(contacts, contacts.c.job_id == job.id, **kept, data={"phone": "x", "z": 1, "a": None})

    [contact] = (await _unreached(shared, job)).contacts

    assert (contact.external_id, contact.zones) == ("patient-1", ("America/New_York",))
    assert list(contact.data.items()) == [("phone", "x"), ("z", 1), ("a", None)]


async def test_an_unknown_outcome_is_called_again_only_when_asked_for(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, 1)
    await (await job.call()).is_given_up()
    await job.cancel()

    without = await _unreached(shared, job)
    including = await _unreached(shared, job, include_unknown=True)

    assert (without.contacts, without.left_out) == ([], {LeftOut.UNKNOWN: 1})
    assert len(including.contacts) == 1


async def test_who_was_removed_or_is_on_the_phone_is_left_out(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, 3)
    await job.call(0)
    await job.cancel()
    await shared.change(contacts, contacts.c.id == job.contact_ids[1], removed_at=sa.func.now())

    found = await _unreached(shared, job, include_unknown=True)

    assert [contact.row for contact in found.contacts] == [4]
    assert found.left_out == {LeftOut.LIVE: 1, LeftOut.REMOVED: 1}


async def test_a_contact_that_ended_before_places_were_kept_gets_its_place(shared: Calling, given: Given) -> None:
    job = await _with_statuses(shared, given, "busy")
    await shared.change(contacts, contacts.c.job_id == job.id, number="+12025550101", country=None, zones=sa.null())

    [contact] = (await _unreached(shared, job)).contacts

    assert (contact.country, contact.zones) == ("US", ("America/New_York",))


async def test_the_request_is_that_of_the_old_job(shared: Calling, given: Given) -> None:
    fields: dict[str, Any] = {
        "name": "Recall",
        "max_attempts": 7,
        "priority": 8,
        "timezone": "Europe/Berlin",
        "calling_window": CallingWindow(from_=time(9), to=time(20)),
        "on_machine": OnMachine.HANG_UP,
    }
    job = await shared.a_waiting_job(given, 1, **fields)
    await job.cancel()

    request = await JobRerun(shared.engine).read_request(given.id, job.id)

    assert {name: getattr(request, name) for name in fields} == fields
    assert request.on_overlap is OnOverlap.SKIP
    assert (request.end_time, request.scheduled_start_time, request.retry_of) == (None, None, None)


async def test_a_job_must_have_ended_and_belong_to_the_organization(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given, 1)
    other, rerun = await a_caller(shared.engine), JobRerun(shared.engine)

    with pytest.raises(WrongStatus) as refused:
        await _unreached(shared, job)
    assert refused.value.status is JobStatus.RUNNING
    with pytest.raises(NotFound):
        await rerun.find_unreached(other.id, job.id, include_unknown=False)
    with pytest.raises(NotFound):
        await rerun.read_first_contact(other.id, job.id)


async def _unreached(shared: Calling, job: Job, *, include_unknown: bool = False) -> Unreached:
    return await JobRerun(shared.engine).find_unreached(job.given.id, job.id, include_unknown=include_unknown)
