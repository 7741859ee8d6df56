"""Callbacks of carriers. Late, doubled, reordered, forged or lost: the store applies each once."""

import logging
import re

from fastapi import APIRouter, BackgroundTasks, Request, Response
from starlette.background import BackgroundTask
from starlette.types import ASGIApp, Receive, Scope, Send

from api.calls.confirmation import EndConfirmations
from api.dependencies import CarriersDep, OrdersDep, SettingsDep, VaultDep
from api.http.bodies import read_small
from api.http.errors import Forbidden, NotFound
from api.jobs.nudge import Nudges
from carriers import BadSignature, Carrier, CarrierError, EventRequest, Instructing
from carriers.accounts import CarrierAccounts
from composition import Services
from domain.calls.agent_report import ConversationReport
from domain.calls.models import CallReport, CallState, Recorded
from domain.calls.order import build_call_order, parse_dial_key
from domain.errors import InvalidRequest
from domain.phone.masking import mask_number
from settings import Settings
from store.calls.agent_reports import AgentReports
from store.calls.dials import Dials
from store.calls.lookup import OrderLookup
from telemetry.metrics import observe_callback
from workflows.client import JobWorkflows

log = logging.getLogger("api.carrier_events")
EVENTS = re.compile("(?:/v1)?/carriers/(?P<account>[^/]+)/events")
router = APIRouter(prefix="/carriers", include_in_schema=False)


class CarrierDoor:
    """Lets carriers' events in before the router, which looks through all routes for each of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = EVENTS.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = _EVENT_ROUTE  # by which requests are counted
        answer = await carrier_event(found["account"], Request(scope, receive))
        await answer(scope, receive, send)


@router.post("/{account}/events")  # so that another method is refused as such: POST comes in by the door
async def carrier_event(account: str, request: Request) -> Response:
    """Record an event. Only when the database is away is it an error, so that the carrier sends it again."""
    services: Services = request.app.state.services
    carriers, dials = services[CarrierAccounts], services[Dials]
    carrier = await carriers.resolve(account)
    if carrier is None:
        raise NotFound("There is no such carrier account.")
    key = request.query_params.get("dial")
    report = _read(carrier, await _as_it_arrived(request, services[Settings].public_url))
    if "\0" in report.call_id + (key or report.key or ""):  # PostgreSQL stores no such character
        raise InvalidRequest("The event cannot be read.")
    if report.state is CallState.ENDED and carriers.is_own(account):
        await dials.silence.note_event(report, account, key)
        confirm = BackgroundTask(services[EndConfirmations].confirm, carrier, report, account, key)
        return Response(status_code=204, background=confirm)
    recorded = await dials.record(report, account, key, by_callback=True)
    observe_callback(recorded)
    return await _conclude(services, carrier, report, account, key, recorded)


_EVENT_ROUTE = router.routes[-1]


async def _conclude(
    services: Services, carrier: Carrier, report: CallReport, account: str, key: str | None, recorded: Recorded
) -> Response:
    """What follows from an event that was recorded, and the answer to it."""
    afterwards, known_as = BackgroundTasks(), key or report.key or ""
    if recorded is Recorded.CORRECTED:
        await _nudge(services[Dials], Nudges(afterwards, services[JobWorkflows]), known_as)
    if report.recording_url is not None and recorded in {Recorded.MOVED, Recorded.CORRECTED, Recorded.NOTHING}:
        await _keep_recording(services[OrderLookup], services[AgentReports], account, known_as, report.recording_url)
    if recorded is Recorded.NO_SUCH_DIAL:
        log.warning("An event of call %s belongs to no dial", mask_number(report.call_id))
    if recorded is Recorded.SECOND_CALL:
        log.critical("ALARM second call: dial %s was placed twice; %s is hung up", key, report.call_id)
        afterwards.add_task(_hang_up, carrier, report)
    return Response(status_code=204, background=afterwards)


@router.post("/{account}/instructions")
async def carrier_instructions(
    account: str,
    request: Request,
    carriers: CarriersDep,
    settings: SettingsDep,
    orders: OrdersDep,
    vault: VaultDep,
    dial: str = "",
) -> Response:
    """Tell a carrier what an answered call is connected to, where that was too long for the request."""
    carrier = await carriers.resolve(account)
    if not isinstance(carrier, Instructing):
        raise NotFound("There is no such carrier account.")
    ordered = await orders.find(account, dial)
    if ordered is None:
        raise NotFound("There is no such call.")
    public_url = settings.public_url.rstrip("/")
    order = build_call_order(ordered, dial, vault.call_token(ordered.dial_id), public_url)
    try:
        found = carrier.instruct(await _as_it_arrived(request, public_url), order)
    except BadSignature:
        log.warning("A carrier's question was refused: its signature does not fit")
        raise Forbidden("The signature does not fit.") from None
    return Response(found.body, media_type=found.content_type)


async def _nudge(dials: Dials, nudges: Nudges, key: str) -> None:
    """A contact may be due again: its job looks now, not when it would have looked by itself."""
    dial = parse_dial_key(key)
    found = None if dial is None else await dials.get(*dial)
    if found is not None:
        nudges.jobs([found.job_id])


async def _keep_recording(orders: OrderLookup, reports: AgentReports, account: str, key: str, url: str) -> None:
    """A recording is kept with what the agent reports of the call; an agent's own later word replaces it."""
    ordered = await orders.find(account, key)
    organization = None if ordered is None else await reports.find_organization(ordered.dial_id)
    if ordered is not None and organization is not None:
        await reports.record(organization, ordered.dial_id, ConversationReport(recording_url=url))


async def _as_it_arrived(request: Request, public_url: str) -> EventRequest:
    """Under the address that the carrier used, not as it reached us: the signature covers it."""
    path = request.scope["raw_path"].decode("ascii")
    query = request.scope["query_string"].decode("ascii")
    return EventRequest(
        url=public_url.rstrip("/") + path + (f"?{query}" if query else ""),
        headers=dict(request.headers),
        body=await read_small(request),
    )


def _read(carrier: Carrier, event: EventRequest) -> CallReport:
    try:
        return carrier.read_event(event)
    except BadSignature:
        observe_callback("refused")
        log.warning("An event was refused: its signature does not fit")
        raise Forbidden("The signature does not fit.") from None
    except ValueError:
        observe_callback("unreadable")
        log.warning("An event could not be read")
        raise InvalidRequest("The event cannot be read.") from None


async def _hang_up(carrier: Carrier, report: CallReport) -> None:
    try:
        await carrier.hang_up(report.call_id)
    except CarrierError as error:
        log.critical("ALARM second call %s could not be hung up: %s", report.call_id, error)
