"""The organization: its limits, what is stopped, credits, numbers, agents, keys, webhooks, who did what."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse

from api.analytics.queries import AnswerRateQuery
from api.analytics.routes import answer_rates
from api.analytics.schemas import AnswerRate, AnswerRates
from api.billing.routes import get_credits
from api.billing.schemas import CreditsView
from api.dependencies import CallStatisticsDep, JobsDep
from api.jobs.queries import JobQuery
from api.jobs.rendered import read_job_page
from api.jobs.schemas import JobPage
from api.organizations.agent_routes import list_agents
from api.organizations.api_key_routes import list_keys
from api.organizations.audit_routes import organization_activity
from api.organizations.gate_routes import list_closed_gates
from api.organizations.phone_number_routes import list_phone_numbers
from api.organizations.quota_routes import list_quotas
from api.organizations.schemas import ActivityPage, AgentPage, ClosedGates, KeyPage, PhoneNumberPage, QuotaList
from api.webhooks.routes import DeliveryQueryDep, get_webhook, list_deliveries, list_webhooks
from api.webhooks.schemas import DeliveryPage, Webhook, WebhookList
from console.listings import AllAgentsDep, KeyNamesDep
from console.pages import FrameDep, PageRoute, page
from domain.calls.models import Audio
from domain.statuses import Architecture, JobStatus, Role
from domain.webhooks.events import SUBSCRIBABLE, DeliveryStatus

RUNNING = JobQuery.model_validate({"status": JobStatus.RUNNING.value, "pageSize": "100"})
BY_NUMBER = AnswerRateQuery.model_validate({"by": "number"})

router = APIRouter(route_class=PageRoute)

NumbersDep = Annotated[PhoneNumberPage, Depends(list_phone_numbers)]
AgentsDep = Annotated[AgentPage, Depends(list_agents)]
KeysDep = Annotated[KeyPage, Depends(list_keys)]
GatesDep = Annotated[ClosedGates, Depends(list_closed_gates)]


@router.get("/organization")
async def overview(
    frame: FrameDep,
    gates: GatesDep,
    jobs: JobsDep,
    quotas: Annotated[QuotaList, Depends(list_quotas)],
    credits: Annotated[CreditsView, Depends(get_credits)],
) -> HTMLResponse:
    """Limits and rules, lines by job, what is stopped and why."""
    running: JobPage = await read_job_page(frame.caller, RUNNING, jobs)
    return page(frame, "organization.html", gates=gates, running=running, quotas=quotas, credits=credits)


@router.get("/numbers")
async def numbers(
    frame: FrameDep, numbers: NumbersDep, agents: AllAgentsDep, gates: GatesDep, statistics: CallStatisticsDep
) -> HTMLResponse:
    """Numbers to call from, with how often calls from them were answered in the last four weeks."""
    counted = await answer_rates(frame.caller, BY_NUMBER, statistics)
    rates: dict[str | None, AnswerRate] = {}
    if isinstance(counted, AnswerRates):
        rates = {entry.key: entry for entry in counted.entries}
    closed = {gate.phone_number_id: gate for gate in gates.gates if gate.phone_number_id}
    names = {agent.id: agent.name for agent in agents}
    return page(
        frame, "numbers.html", numbers=numbers, agents=agents, names=names, closed=closed, rates=rates, counted=counted
    )


@router.get("/agents")
async def agents(frame: FrameDep, agents: AgentsDep) -> HTMLResponse:
    """Who holds the conversations."""
    return page(frame, "agents.html", agents=agents, architectures=list(Architecture), audios=list(Audio))


@router.get("/keys")
async def keys(frame: FrameDep, keys: KeysDep) -> HTMLResponse:
    """API keys, never what they are."""
    roles = [role for role in Role if not role.outranks(frame.caller.role)]
    return page(frame, "keys.html", keys=keys, roles=roles)


@router.get("/credits")
async def credits(frame: FrameDep, credits: Annotated[CreditsView, Depends(get_credits)]) -> HTMLResponse:
    """The sums, what is held for which job, the ledger."""
    return page(frame, "credits.html", credits=credits)


@router.get("/webhooks")
async def webhooks(frame: FrameDep, webhooks: Annotated[WebhookList, Depends(list_webhooks)]) -> HTMLResponse:
    """Where events go."""
    return page(frame, "webhooks.html", webhooks=webhooks, events=SUBSCRIBABLE)


@router.get("/webhooks/{id}")
async def webhook(
    frame: FrameDep,
    webhook: Annotated[Webhook, Depends(get_webhook)],
    deliveries: Annotated[DeliveryPage, Depends(list_deliveries)],
    query: DeliveryQueryDep,
) -> HTMLResponse:
    """One of them with its delivery log. Raises WebhookNotFound."""
    return page(
        frame,
        "webhook.html",
        webhook=webhook,
        deliveries=deliveries,
        query=query,
        statuses=list(DeliveryStatus),
        events=SUBSCRIBABLE,
    )


@router.get("/activity")
async def activity(
    frame: FrameDep, activity: Annotated[ActivityPage, Depends(organization_activity)], names: KeyNamesDep
) -> HTMLResponse:
    """Who did what, in all of the organization."""
    return page(frame, "activity.html", activity=activity, names=names)
