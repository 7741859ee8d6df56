"""One call to try a job with, before anybody else hears its agent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from api.auth import KEYS, AdminDep
from api.contacts.reader import ContactReader, ReadContacts, pack
from api.dependencies import BodyBudgetDep, JobRerunDep, OrganizationsDep
from api.http.bodies import Form, JsonBody, read_body, read_small
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.responses import errors
from api.jobs.create import JobCreator, JobCreatorDep, number_to_call_from
from api.jobs.lookup import JobId
from api.jobs.openapi import TEST_BODY, TEST_NEW_BODY
from api.jobs.rerun_schemas import Tested
from api.jobs.schemas import Created
from domain.calling_rules.window import CallingWindow, find_opening
from domain.calls.agent_parameters import replace_number
from domain.contacts.report import Intake, IntakeReport
from domain.errors import InvalidRequest
from domain.jobs.create_request import ParsedCreate
from domain.jobs.models import Caller, JobRequest, NewContact
from domain.jobs.test_target import PHONE, read_target
from domain.json_model import format_timestamp
from domain.phone.location import locate_number
from domain.requests.reading import list_unknown, require_object
from domain.requests.strict_json import parse_json
from domain.statuses import OnOverlap
from store.jobs.rerun import JobRerun
from store.organizations.organizations import Organizations

TRIED_FOR = timedelta(minutes=10)  # a test that cannot be placed by then is none any more
FIRST_OF_ALL = 9  # its weight among the organization's jobs
MAX_NAME_LENGTH = 200

router = APIRouter(prefix="/batch", tags=["batch jobs"], dependencies=KEYS)


@router.post(
    "/test",
    operation_id="testNewBatchJob",
    responses=errors(400, 401, 403, 404, 409, 429, 503) | REPLAYABLE,
    openapi_extra=TEST_NEW_BODY,
)
async def try_before_it_is_created(
    caller: AdminDep,
    request: Request,
    organizations: OrganizationsDep,
    creator: JobCreatorDep,
    idempotent: IdempotentDep,
    budget: BodyBudgetDep,
) -> Created:
    """Try a job before it is created: the same request as `POST /batch/create`, and `phone`, the number to call.

    It is called with the fields of the first contact. All else is as in `POST /batch/jobs/{id}/test`, but for `testOf`,
    which is null: the job that is tried is not stored.

    Error codes: those of `POST /batch/create`; `invalid_phone_format` for `phone` too; `invalid_request` also while the
    calling window is closed at that number.
    """
    with budget.share(caller.organization_id) as share:
        body = await read_body(request, share)
        return await idempotent.answer(Created, body, partial(_test_new, body, caller, organizations, creator))


async def _test_new(
    body: Form | JsonBody,
    caller: Caller,
    organizations: Organizations,
    creator: JobCreator,
    context: CreateContext,
) -> Created:
    read = await ContactReader(creator.pool, caller.organization_id).read_test(body, context.now)
    wanted = read.fields.request
    await number_to_call_from(creator.phone_numbers, caller, wanted.from_phone_number_id)
    contact = _in_place_of(read.first(), read.number)
    await _refuse_while_closed(organizations, caller, wanted, contact, context.now)
    fields = ParsedCreate(request=_request(wanted, None, context.now), warnings=read.fields.warnings)
    return await creator.create(fields, _only(contact), caller, context)


@router.post(
    "/jobs/{id}/test",
    operation_id="testBatchJob",
    responses=errors(400, 401, 403, 404, 409, 429, 503) | REPLAYABLE,
    openapi_extra=TEST_BODY,
)
async def try_out(
    caller: AdminDep,
    request: Request,
    id: JobId,
    reruns: JobRerunDep,
    organizations: OrganizationsDep,
    creator: JobCreatorDep,
    idempotent: IdempotentDep,
) -> Tested:
    """Call one number with the fields of the job's first contact, to hear what its agent makes of them.

    The call is a job of its own, of one contact and one attempt: a `test`, linked by `testOf`, and left out of the list
    of jobs and of analytics. It costs what a call costs and keeps every rule: limits on concurrent calls with the
    reserved lines, credits, the do-not-call list, countries, calling windows, caps on calls to a number. Where it
    cannot be placed within 10 minutes it is cancelled. Look at `GET /batch/jobs/{batchJobId}` or its events for what
    came of it; webhooks are told too, with `test` and `testOf`, which tell them from the job's own calls. The job
    itself does not change, whatever its status.

    Error codes: `job_not_found`; `invalid_phone_format`; `invalid_request`, also while the calling window is closed at
    that number; `no_valid_contacts` for a number that must not be called; `phone_number_not_found`,
    `no_outbound_agent`, `insufficient_credits`.
    """
    body = await read_small(request)
    return await idempotent.answer(Tested, body, partial(_test, body, id, caller, reruns, organizations, creator))


async def _test(
    body: bytes,
    id: str,
    caller: Caller,
    reruns: JobRerun,
    organizations: Organizations,
    creator: JobCreator,
    context: CreateContext,
) -> Tested:
    number, warnings = _phone(parse_json(body))
    tried = await reruns.read_request(caller.organization_id, id, ended=False)
    first = await reruns.read_first_contact(caller.organization_id, id)
    contact = _in_place_of(first, number)
    await _refuse_while_closed(organizations, caller, tried, contact, context.now)
    fields = ParsedCreate(request=_request(tried, id, context.now), warnings=warnings)
    created = await creator.create(fields, _only(contact), caller, context)
    return Tested(**{name: getattr(created, name) for name in type(created).model_fields}, test_of=id)


def _phone(body: Any) -> tuple[str, list[str]]:
    """Raises InvalidRequest, InvalidPhoneFormat."""
    fields = require_object(body)
    return read_target(fields), list_unknown(fields, {PHONE})


def _in_place_of(first: NewContact, number: str) -> NewContact:
    place = locate_number(number)
    return NewContact(
        row=first.row,
        number=number,
        data=replace_number(first.data, first.number, number),
        country=place.country,
        zones=place.zones,
    )


async def _refuse_while_closed(
    organizations: Organizations, caller: Caller, tried: JobRequest, contact: NewContact, now: datetime
) -> None:
    """Raises InvalidRequest: nobody waits for hours for a test."""
    organization = await organizations.get(caller.organization_id)
    window: CallingWindow | None = tried.calling_window or organization.calling_window
    if window is None:
        return
    opens = find_opening(window, contact.zones, now) if contact.zones else None
    if opens is None or opens >= now + TRIED_FOR:
        when = "at no time" if opens is None else f"at {format_timestamp(opens)}"
        reason = f"cannot be called now: the calling window opens there {when}"
        raise InvalidRequest(f"phone {reason}.", [{"field": "phone", "reason": reason}])


def _request(tried: JobRequest, id: str | None, now: datetime) -> JobRequest:
    return tried.model_copy(
        update={
            "name": f"Test of {tried.name}"[:MAX_NAME_LENGTH],
            "concurrent_call_limit": 1,
            "max_attempts": 1,
            "priority": FIRST_OF_ALL,
            "on_overlap": OnOverlap.WARN,
            "scheduled_start_time": None,
            "end_time": now + TRIED_FOR,
            "test": True,
            "test_of": id,
        }
    )


def _only(contact: NewContact) -> Callable[[], ReadContacts]:
    return lambda: pack(Intake(contacts=[contact], report=IntakeReport(rows=1, valid=1)))
