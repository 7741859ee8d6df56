"""A request to create a campaign: the settings of its jobs, and what is its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from domain.campaigns.models import MAX_JOBS_AT_ONCE, CampaignRequest
from domain.jobs.create_request import ORDER, WHOLE_FIELDS, read_settings
from domain.model import Model
from domain.requests.field_types import Integer
from domain.requests.reading import Problems, drop_nulls, read_model, require_object
from domain.requests.request_model import RequestModel, aliases
from domain.statuses import OnOverlap

SENT_LATER = "cannot be sent here: send the file to PUT /campaigns/{id}/contacts"
NO_REJECT = "must be warn or skip: the contacts of a campaign are not all known when it starts"


class CampaignOptions(RequestModel):
    """What a campaign has beside the settings of its jobs."""

    jobs_at_once: Annotated[int, Integer(1, MAX_JOBS_AT_ONCE)] = Field(
        default=2,
        description="How many of its jobs have people to call at the same time; each of them has"
        " `concurrentCallLimit` lines at most. Jobs whose contacts all wait for their next attempt do not count.",
    )


class ParsedCampaign(Model):
    """A valid request, what clock changes did to its start and end, and what was ignored."""

    request: CampaignRequest
    start_note: str | None
    warnings: Sequence[str]


def read_campaign(body: Any, now: datetime) -> ParsedCampaign:
    """Read a JSON body, where null is not given. Raises as `create_request.read_json`."""
    fields, own = require_object(body), aliases(CampaignOptions)
    problems = Problems([*ORDER, *own])
    options = read_model(CampaignOptions, drop_nulls(fields), problems)
    for name in sorted(WHOLE_FIELDS & fields.keys()):
        problems.note(name, SENT_LATER)
    if fields.get("onOverlap") == OnOverlap.REJECT:
        problems.note("onOverlap", NO_REJECT)
    settings = {name: value for name, value in fields.items() if name not in own and name not in WHOLE_FIELDS}
    parsed = read_settings(settings, problems, now)
    request = CampaignRequest(
        settings=parsed.request, columns=parsed.columns, numbers=parsed.numbers, jobs_at_once=options.jobs_at_once
    )
    return ParsedCampaign(request=request, start_note=parsed.start_note, warnings=parsed.warnings)
