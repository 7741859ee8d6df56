"""The organization of a key: its limits and the rules for all of its jobs."""

from typing import Any

from fastapi import APIRouter, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import OrganizationsDep
from api.http.bodies import read_small
from api.http.examples import A_WINDOW
from api.http.json_body import describe_change, parse_body
from api.http.responses import errors
from api.jobs.nudge import NudgesDep
from api.organizations.bodies import ChangedOrganization
from api.organizations.schemas import OrganizationView
from api.organizations.views import render_organization
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.errors import InvalidRequest
from store.organizations.organizations import RULES_OF_TIME, OrganizationChange

OF_LINES = frozenset({"concurrent_call_limit", "reserved_lines"})
EXAMPLE = {"concurrentCallLimit": 20, "reservedLines": 2, "callingWindow": A_WINDOW, "allowedCountries": ["US", "CA"]}

router = APIRouter(prefix="/organization", tags=["organization"], dependencies=KEYS)


@router.get("", operation_id="getOrganization", responses=errors(401, 503))
async def get_organization(caller: MemberDep, organizations: OrganizationsDep) -> OrganizationView:
    """Look at the organization of the key."""
    return render_organization(await organizations.get(caller.organization_id))


@router.patch(
    "",
    operation_id="changeOrganization",
    responses=errors(400, 401, 403, 503),
    openapi_extra=describe_change(ChangedOrganization, EXAMPLE),
)
async def change_organization(
    caller: AdminDep, request: Request, organizations: OrganizationsDep, nudges: NudgesDep
) -> OrganizationView:
    """Change the organization; what is not sent stays, `null` takes a rule away.

    It holds for every call that is dialed after the answer, of jobs that run as well. A lowered
    `concurrentCallLimit` ends no call: nothing new is dialed until the calls fit. Error codes: `invalid_request`.
    """
    change = _change(parse_body(ChangedOrganization, await read_small(request)))
    try:
        changed = await organizations.change(caller.organization_id, change, by=caller.key_id)
    except ValueError:
        reason = "must be less than concurrentCallLimit, or no line is left for jobs"
        raise InvalidRequest(f"reservedLines {reason}.", [{"field": "reservedLines", "reason": reason}]) from None
    if OF_LINES & change.model_fields_set:
        nudges.lines(caller.organization_id)
    if change.model_fields_set.intersection(RULES_OF_TIME):
        nudges.jobs(await organizations.list_running_jobs(caller.organization_id))
    return render_organization(changed)


def _change(sent: ChangedOrganization) -> OrganizationChange:
    given: dict[str, Any] = {name: getattr(sent, name) for name in sent.model_fields_set}
    if given.get("contact_frequency") is not None:
        given["contact_frequency"] = ContactFrequency(**given["contact_frequency"].model_dump())
    return OrganizationChange(**given)
