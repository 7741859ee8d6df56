"""Composition root of the API process: `uvicorn --factory api.app:app`, or `python -m api`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from api import health, root
from api.analytics import routes as analytics_routes
from api.billing import routes as credit_routes
from api.calls import carrier_callbacks, outcome_routes
from api.calls import routes as call_routes
from api.calls.confirmation import EndConfirmations
from api.campaigns import control_routes as campaign_control_routes
from api.campaigns import export_routes as campaign_export_routes
from api.campaigns import routes as campaign_routes
from api.contacts import do_not_call_routes
from api.contacts import routes as contact_routes
from api.contacts.reader import WARM_UP
from api.health import LastReadiness
from api.http.admission import AdmissionRules
from api.http.body_budget import BodyBudget
from api.http.cors import CrossOrigin
from api.http.errors import MethodNotAllowed, render_error
from api.http.exception_handlers import to_api_error
from api.http.fork_pool import open_fork_pool
from api.http.methods import HeadRequests, refuse_method
from api.http.middleware import Admission, DrainBodies, RequestIds
from api.http.openapi import DESCRIPTION, TITLE, remove_validation_errors
from api.http.server import ADMISSION, ORIGINS
from api.http.tracing import RequestSpans
from api.http.unknown_parameters import WARN_OF_UNKNOWN
from api.jobs import (
    control_routes,
    event_routes,
    export_routes,
    preview_routes,
    rerun_routes,
    statistics_routes,
    test_call,
    update_routes,
)
from api.jobs import routes as job_routes
from api.jobs.feed import JobFeed
from api.jobs.rendered import RenderedJobs
from api.jobs.waiting import WaitingJobs
from api.metrics import observed
from api.organizations import (
    agent_routes,
    api_key_routes,
    audit_routes,
    gate_routes,
    grant_routes,
    organization_routes,
    phone_number_routes,
    platform_routes,
    quota_routes,
    stop_routes,
)
from api.organizations.agent_addresses import AgentAddresses
from api.privacy import routes as privacy_routes
from api.unknown_keys import UnknownKeys
from api.webhooks import routes as webhook_routes
from api.webhooks.destinations import WebhookDestinations
from api.webhooks.openapi import describe_messages
from carriers import Carrier
from composition import open_services
from console.live import LiveJobs
from console.router import router as console_routes
from console.sessions import ConsoleSessions
from domain.calls.agent_address import parse_hosts
from domain.requests.origins import parse_origins
from domain.webhooks.destinations import parse_allowed_destinations
from settings import VERSION, Settings
from startup import CannotStart, exit_with, load_settings, set_up_telemetry
from store.calls.dials import Dials
from store.jobs.change_feed import ChangeFeed
from store.jobs.repository import Jobs
from store.organizations.api_keys import ApiKeys
from telemetry.logging import configure_logging
from telemetry.tracing import interceptors, is_tracing
from workflows.client import JobWorkflows, connect

PARTS = (
    job_routes,
    control_routes,
    update_routes,
    contact_routes,
    campaign_routes,
    campaign_control_routes,
    campaign_export_routes,
    stop_routes,
    audit_routes,
    do_not_call_routes,
    privacy_routes,
    call_routes,
    outcome_routes,
    export_routes,
    statistics_routes,
    event_routes,
    rerun_routes,
    test_call,
    preview_routes,
    organization_routes,
    quota_routes,
    platform_routes,
    grant_routes,
    analytics_routes,
    credit_routes,
    agent_routes,
    phone_number_routes,
    gate_routes,
    api_key_routes,
    webhook_routes,
    carrier_callbacks,
    health,
)

NO_TELEMETRY: TelemetryConfig = {  # FastAPI's own: its spans and logs hold whole addresses, and so telephone numbers
    **{"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]


def app() -> FastAPI:
    """The factory for a server's command line: settings and logging from the environment.

    Ends the process with a sentence and code 2 where it must not start.
    """
    try:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        set_up_telemetry(settings, "api")
    except CannotStart as reasons:
        exit_with(reasons)
    return create_app(settings)


def create_app(settings: Settings, carriers: Mapping[str, Carrier] | None = None) -> FastAPI:
    """Put the API together. `carriers` (by account) replaces the real ones."""
    unknown = UnknownKeys(settings.platform_key.get_secret_value())
    rules = AdmissionRules(unknown.seconds_to_wait)
    application = FastAPIOffline(
        redoc_url=None,
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_lifespan(settings, carriers, unknown, rules),
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    for found in (RequestValidationError, HTTPException):
        application.add_exception_handler(found, _fail)
    describe_messages(application)
    remove_validation_errors(application)
    routes = _routes()
    application.include_router(routes)
    application.include_router(routes, prefix="/v1", include_in_schema=False)
    application.include_router(root.router)
    application.include_router(console_routes)
    application.add_middleware(carrier_callbacks.CarrierDoor)  # innermost: all that surrounds requests surrounds it
    application.add_middleware(HeadRequests)  # within what follows: what is logged and counted is what was asked
    application.add_middleware(Admission, rules=rules)
    application.add_middleware(ConsoleSessions)  # outside: then admission knows whose a page's request is
    application.add_middleware(RequestIds)  # outside: also what Admission refuses has an id
    application.add_middleware(DrainBodies)  # outside: also what RequestIds answers comes after the drain
    if is_tracing():
        application.add_middleware(RequestSpans)  # outside: a trace begins before anything is looked up
    if origins := parse_origins(settings.cors_origins):
        application.add_middleware(CrossOrigin, origins=origins)  # outermost: pages read refusals too
    return application


def _routes() -> APIRouter:
    routes = APIRouter()
    for part in PARTS:
        ours = part is not carrier_callbacks  # whose parameters are the carriers'
        routes.include_router(part.router, dependencies=[WARN_OF_UNKNOWN] if ours else [])
    return routes


async def _fail(request: Request, error: Exception) -> Response:
    failure = to_api_error(error)
    if isinstance(failure, MethodNotAllowed):
        return refuse_method(request, failure, await to_thread.run_sync(request.app.openapi))
    return render_error(failure)


def _lifespan(
    settings: Settings, carriers: Mapping[str, Carrier] | None, unknown: UnknownKeys, rules: AdmissionRules
) -> Lifespan:
    """Nothing is connected at the start: the API starts while others are down. It yields what the protocol reads."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[dict[str, Any]]:
        client = await connect(settings.payload_keys.get_secret_value(), lazy=True, interceptors=interceptors())
        async with (
            open_services(settings, client, carriers) as services,
            aclosing(JobFeed(services[ChangeFeed], services[ApiKeys])) as feed,
            open_fork_pool(WARM_UP) as pool,
        ):
            allowed = parse_allowed_destinations(settings.webhook_allow_private)
            services.add(
                feed,
                unknown,
                pool,
                BodyBudget(),
                LastReadiness(),
                LiveJobs(),
                WaitingJobs(services[JobWorkflows]),
                RenderedJobs(services[Jobs]),
                EndConfirmations(services[Dials]),
                WebhookDestinations(allowed),
                AgentAddresses(
                    parse_allowed_destinations(settings.agent_allow_private), parse_hosts(settings.agent_sip_hosts)
                ),
            )
            application.state.services = services
            async with observed(settings, services):
                origins = parse_origins(settings.cors_origins)
                yield {ADMISSION: rules} | ({ORIGINS: origins} if origins else {})

    return lifespan
