"""What creating a job would come to: the same request, and nothing is stored."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, Request

from api.auth import KEYS, MemberDep
from api.contacts.reader import ContactReader
from api.dependencies import BodyBudgetDep, ForkPoolDep, JobPreviewDep, OrganizationsDep, PhoneNumbersDep
from api.http.bodies import read_body
from api.http.exception_handlers import too_expensive
from api.http.fork_pool import ForkPool
from api.http.openapi import REQUEST_ID
from api.http.responses import errors
from api.jobs.calling_hours import count_groups, foresee, hours_of
from api.jobs.create import number_to_call_from
from api.jobs.lost_parameters import LostParametersDep
from api.jobs.openapi import CREATE_BODY
from api.jobs.preview_schemas import Binding, CountryCount, CreditCheck, Lines, Obstacle, Validated, ZoneCount
from domain.contacts.report import IntakeReport
from domain.jobs.create_request import ParsedCreate
from domain.jobs.estimate import Estimate, estimate
from domain.jobs.forecast import ALWAYS, Forecast, forecast
from domain.jobs.models import Agent, JobRequest
from domain.json_model import format_timestamp
from domain.money import MICRO, estimate_cost
from domain.money import format_dollars as dollars
from domain.phone.location import is_country_allowed
from domain.statuses import JobStatus
from store.contacts.packed import PackedContacts
from store.errors import InsufficientCredits
from store.jobs.preview import PreviewFacts

MAX_ZONES = 100
Key = TypeVar("Key")

router = APIRouter(prefix="/batch", tags=["batch jobs"], dependencies=KEYS)


@router.post(
    "/validate",
    operation_id="validateBatchJob",
    responses=errors(400, 401, 404, 429, 503),
    openapi_extra=CREATE_BODY | REQUEST_ID,
)
async def validate(
    caller: MemberDep,
    request: Request,
    organizations: OrganizationsDep,
    phone_numbers: PhoneNumbersDep,
    preview: JobPreviewDep,
    pool: ForkPoolDep,
    budget: BodyBudgetDep,
    lost: LostParametersDep,
) -> Validated:
    """Say what creating this job would come to: the same request as `POST /batch/create`, and nothing is stored.

    A member's key may ask too. The answer holds the whole report on the contacts, whom the do-not-call list and the
    countries leave out, contacts by country and time zone, cost, duration, and which limit binds. What would make the
    job itself be refused (`insufficient_credits`, `overlapping_contacts`, `quota_exceeded`, nobody left to call) is
    among `obstacles`; what is wrong with the request is an error, as there.

    Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
    `no_outbound_agent`, `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `no_valid_contacts`,
    `invalid_phone_format`.
    """
    now = datetime.now(UTC)
    with budget.share(caller.organization_id) as share:
        read = await ContactReader(pool, caller.organization_id).read_create(await read_body(request, share), now)
    wanted = read.fields.request
    number, agent = await number_to_call_from(phone_numbers, caller, wanted.from_phone_number_id)
    intake = read.intake()
    hours = await hours_of(pool, await organizations.get(caller.organization_id), wanted, intake.contacts, now)
    losses = await lost.warn(caller.organization_id, number, agent, intake.contacts)
    report = intake.report.with_warnings([*read.fields.warnings, *hours.warnings, *losses]).to_json()
    facts = await preview.preview(caller.organization_id, wanted, intake.contacts, report)
    expected = await _forecast(pool, facts, wanted, now)
    return _answer(read.fields, agent, facts, expected, hours.sentence, now)


def _answer(
    fields: ParsedCreate, agent: Agent, facts: PreviewFacts, expected: Forecast, hours: str, now: datetime
) -> Validated:
    wanted, lines = fields.request, _lines(fields.request, facts)
    plain = estimate(len(facts.called), agent.architecture, job_limit=lines.job, organization_limit=lines.organization)
    needed = estimate_cost(facts.callable, agent.architecture)
    obstacles = [*_obstacles(facts), *_too_expensive(facts, needed)]
    start = wanted.scheduled_start_time
    return Validated(
        would_be_created=not obstacles,
        obstacles=obstacles,
        total_contacts=len(facts.called),
        blocked_contacts=len(facts.blocked),
        estimated_duration=plain.duration_text,
        estimated_cost=dollars(needed),
        estimated_finish=expected.finish,
        status=JobStatus.PENDING if start is None else JobStatus.SCHEDULED,
        scheduled_start_time=start,
        message=_message(fields, hours),
        binding_limit=_binding(lines, expected, plain, start or now, enough=not _too_expensive(facts, needed)),
        lines=lines,
        credits=_credits(facts, needed),
        countries=_countries(facts),
        timezones=_timezones(facts.called),
        validation=IntakeReport.model_validate(facts.report),
    )


def _message(fields: ParsedCreate, hours: str) -> str:
    start = fields.request.scheduled_start_time
    begins = "Calling would start now." if start is None else f"Calling would start at {format_timestamp(start)}."
    return " ".join(filter(None, [begins, fields.start_note, hours]))


def _lines(wanted: JobRequest, facts: PreviewFacts) -> Lines:
    own = max(0, facts.organization.concurrent_call_limit - facts.organization.reserved_lines)
    return Lines(job=wanted.concurrent_call_limit, organization=own, usable=min(wanted.concurrent_call_limit, own))


def _binding(lines: Lines, expected: Forecast, plain: Estimate, start: datetime, *, enough: bool) -> Binding:
    if not enough:
        return Binding.CREDITS
    if expected.finish is None or expected.finish > start + timedelta(minutes=plain.minutes):
        return Binding.WINDOW
    return Binding.ORGANIZATION if lines.organization < lines.job else Binding.JOB


def _credits(facts: PreviewFacts, needed: Decimal) -> CreditCheck:
    free = None if facts.organization.credits_unlimited else facts.organization.free
    return CreditCheck(
        needed=str(needed.quantize(MICRO)),
        free=None if free is None else str(free.quantize(MICRO)),
        enough=free is None or needed <= free,
    )


def _obstacles(facts: PreviewFacts) -> Iterator[Obstacle]:
    if facts.overlapping:
        count = f"{len(facts.overlapping):,}"
        yield Obstacle(code="overlapping_contacts", error=f"Other open jobs will call {count} of these numbers too.")
    if facts.no_room is not None:
        yield Obstacle(code="quota_exceeded", error=facts.no_room)
    if facts.nobody_left is not None:
        yield Obstacle(code="no_valid_contacts", error=f"Nobody is left to call: {facts.nobody_left}.")


def _too_expensive(facts: PreviewFacts, needed: Decimal) -> list[Obstacle]:
    organization = facts.organization
    if organization.credits_unlimited or needed <= organization.free:
        return []
    refusal = too_expensive(InsufficientCredits(needed, organization.free))
    return [Obstacle(code=refusal.code, error=refusal.message)]


def _countries(facts: PreviewFacts) -> list[CountryCount]:
    counts: Counter[str | None] = Counter()
    for place, count in facts.called.count_places().items():
        counts[place.country] += count
    allowed = facts.countries
    return [
        CountryCount(country=country, contacts=count, allowed=is_country_allowed(country, allowed))
        for country, count in _largest_first(counts)
    ]


def _timezones(called: PackedContacts) -> list[ZoneCount]:
    counts: Counter[tuple[str, ...] | None] = Counter()
    for place, count in called.count_places().items():
        counts[place.zones] += count
    return [
        ZoneCount(zones=None if zones is None else list(zones), contacts=count)
        for zones, count in _largest_first(counts)[:MAX_ZONES]
    ]


def _largest_first(counts: Mapping[Key, int]) -> list[tuple[Key, int]]:
    return sorted(counts.items(), key=lambda counted: (-counted[1], str(counted[0])))


async def _forecast(pool: ForkPool, facts: PreviewFacts, wanted: JobRequest, now: datetime) -> Forecast:
    window = wanted.calling_window or facts.organization.calling_window
    groups = count_groups(facts.called.count_places(without=facts.blocked), window, wanted.timezone)
    lines = max(1, _lines(wanted, facts).usable)
    start = wanted.scheduled_start_time or now
    play = partial(forecast, window or ALWAYS, groups, start=start, end_time=wanted.end_time, lines=lines)
    return await foresee(pool, facts.organization.id, window, groups, play)
