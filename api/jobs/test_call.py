"""One call to try a job with, before anybody else hears its agent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request

from api.auth import KEYS, AdminDep
from api.contacts.reader import ReadContacts, pack
from api.dependencies import JobRerunDep, OrganizationsDep
from api.http.bodies import read_small
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.responses import errors
from api.jobs.create import JobCreator, JobCreatorDep
from api.jobs.lookup import JobId
from api.jobs.rerun_schemas import Tested
from domain.calling_rules.window import CallingWindow, find_opening
from domain.calls.agent_parameters import replace_number
from domain.contacts.report import Intake, IntakeReport
from domain.errors import InvalidPhoneFormat, InvalidRequest
from domain.jobs.create_request import ParsedCreate
from domain.jobs.models import Caller, JobRequest, NewContact
from domain.json_model import format_timestamp
from domain.phone.location import locate_number
from domain.phone.numbers import PhoneProblem, read_phone
from domain.requests.field_types import Text
from domain.requests.reading import Problems, drop_nulls, list_unknown, read_model, require_object
from domain.requests.request_model import RequestModel
from domain.requests.strict_json import parse_json
from domain.statuses import OnOverlap
from store.jobs.rerun import JobRerun
from store.organizations.organizations import Organizations

TRIED_FOR = timedelta(minutes=10)  # a test that cannot be placed by then is none any more
FIRST_OF_ALL = 9  # its weight among the organization's jobs
MAX_NAME_LENGTH = 200

router = APIRouter(prefix="/batch/jobs/{id}", tags=["batch jobs"], dependencies=KEYS)


class TestTarget(RequestModel):
    phone: Annotated[str, Text(required=True)]


TEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["phone"],
                    "properties": {
                        "phone": {
                            "type": "string",
                            "pattern": r"^\+[1-9][0-9]{6,14}$",
                            "description": "E.164: whom to call instead.",
                        }
                    },
                },
                "example": {"phone": "+12025550101"},
            }
        },
    }
}


@router.post(
    "/test",
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

    The call is a job of its own, of one contact and one attempt, linked by `testOf` and left out of the list of jobs.
    It costs what a call costs and keeps every rule: limits on concurrent calls with the reserved lines, credits, the
    do-not-call list, countries, calling windows, caps on calls to a number. Where it cannot be placed within 10
    minutes it is cancelled. Look at `GET /batch/jobs/{batchJobId}` or its events for what came of it; webhooks are told
    too, with `testOf`, by which they are told from the job's own calls. The job itself does not change, whatever its
    status.

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
    contact = _in_locate_number(first, number)
    await _refuse_while_closed(organizations, caller, tried, contact, context.now)
    fields = ParsedCreate(request=_request(tried, id, context.now), warnings=warnings)
    created = await creator.create(fields, _only(contact), caller, context)
    return Tested(**{name: getattr(created, name) for name in type(created).model_fields}, test_of=id)


def _phone(body: Any) -> tuple[str, list[str]]:
    """Raises InvalidRequest, InvalidPhoneFormat."""
    fields, problems = require_object(body), Problems()
    sent = read_model(TestTarget, drop_nulls(fields), problems)
    problems.raise_if_any()
    number = read_phone(sent.phone)
    if isinstance(number, PhoneProblem):
        raise InvalidPhoneFormat(f"phone {number.reason}.", [{"field": "phone", "reason": number.reason}])
    return number, list_unknown(fields, {"phone"})


def _in_locate_number(first: NewContact, number: str) -> NewContact:
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


def _request(tried: JobRequest, id: str, now: datetime) -> JobRequest:
    return tried.model_copy(
        update={
            "name": f"Test of {tried.name}"[:MAX_NAME_LENGTH],
            "concurrent_call_limit": 1,
            "max_attempts": 1,
            "priority": FIRST_OF_ALL,
            "on_overlap": OnOverlap.WARN,
            "end_time": now + TRIED_FOR,
            "test_of": id,
        }
    )


def _only(contact: NewContact) -> Callable[[], ReadContacts]:
    return lambda: pack(Intake(contacts=[contact], report=IntakeReport(rows=1, valid=1)))
