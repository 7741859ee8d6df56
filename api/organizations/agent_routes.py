"""The voice agents of an organization."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import AgentsDep
from api.http.bodies import read_small
from api.http.examples import AN_AGENT
from api.http.field_types import SCHEMES
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.json_body import describe_body, describe_change, parse_body
from api.http.pagination import SearchQueryDep
from api.http.responses import Removed, errors
from api.organizations.agent_addresses import AgentAddressesDep
from api.organizations.bodies import ChangedAgent, NewAgent
from api.organizations.schemas import AgentPage, AgentView
from api.organizations.views import render_agent
from domain.calls.models import Audio
from domain.errors import InvalidRequest
from store.organizations.agents import AgentChange

EXAMPLE = {
    "name": "Ava",
    "architecture": "pipeline",
    "audio": "websocket",
    "audioUrl": "wss://agent.example.com/calls",
}

router = APIRouter(prefix="/agents", tags=["agents"], dependencies=KEYS)
AgentId = Annotated[str, Path(description="An agent's id.", examples=[AN_AGENT])]


@router.get("", operation_id="listAgents", responses=errors(400, 401, 503))
async def list_agents(caller: MemberDep, query: SearchQueryDep, agents: AgentsDep) -> AgentPage:
    """List the organization's agents, oldest first; `search` in their names.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await agents.list_page(caller.organization_id, query.search, query.page, query.page_size)
    return AgentPage(
        agents=[render_agent(agent) for agent in found.agents],
        **query.of(found.total),
    )


@router.post(
    "",
    operation_id="createAgent",
    responses=errors(400, 401, 403, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(NewAgent, EXAMPLE),
)
async def create_agent(
    caller: AdminDep, request: Request, agents: AgentsDep, addresses: AgentAddressesDep, idempotent: IdempotentDep
) -> AgentView:
    """Add a voice agent that lives elsewhere: where the audio of its calls goes, and how it talks.

    It must not be in a private network, nor, over SIP, a telephone number.

    Error codes: `invalid_request`, `idempotency_conflict`.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> AgentView:
        sent = parse_body(NewAgent, content)
        _require_fitting_url(sent.audio, sent.audio_url)
        await addresses.check(sent.audio, sent.audio_url)
        id, fields = context.new_id("agent"), (sent.name, sent.architecture, sent.audio, sent.audio_url)
        return render_agent(await agents.create(caller.organization_id, *fields, by=caller.key_id, id=id))

    return await idempotent.answer(AgentView, content, create)


@router.get("/{id}", operation_id="getAgent", responses=errors(401, 404, 503))
async def get_agent(caller: MemberDep, id: AgentId, agents: AgentsDep) -> AgentView:
    """Look at one agent. Error codes: `agent_not_found`."""
    return render_agent(await agents.get(caller.organization_id, id))


@router.patch(
    "/{id}",
    operation_id="changeAgent",
    responses=errors(400, 401, 403, 404, 503),
    openapi_extra=describe_change(ChangedAgent, {"name": "Ava 2", "audioUrl": "wss://agent.example.com/calls/2"}),
)
async def change_agent(
    caller: AdminDep, id: AgentId, request: Request, agents: AgentsDep, addresses: AgentAddressesDep
) -> AgentView:
    """Change an agent for jobs to come; what is not sent stays. A job keeps its agent as it was at creation.

    Error codes: `invalid_request`, `agent_not_found`.
    """
    sent = parse_body(ChangedAgent, await read_small(request))
    before = await agents.get(caller.organization_id, id)
    change = AgentChange(**{name: getattr(sent, name) for name in sent.model_fields_set})
    after = before.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})
    _require_fitting_url(after.audio, after.audio_url)
    if {"audio", "audio_url"} & sent.model_fields_set:
        await addresses.check(after.audio, after.audio_url)
    return render_agent(await agents.change(caller.organization_id, id, change, by=caller.key_id))


@router.delete("/{id}", operation_id="removeAgent", responses=errors(401, 403, 404, 409, 503))
async def remove_agent(caller: AdminDep, id: AgentId, agents: AgentsDep) -> Removed:
    """Remove an agent. What ended jobs tell of it stays.

    Error codes: `agent_not_found`; `in_use` while a job that has not ended has it, or a number's calls are held by it.
    """
    await agents.remove(caller.organization_id, id, by=caller.key_id)
    return Removed(id=id)


def _require_fitting_url(audio: Audio, url: str) -> None:
    if not url.startswith(SCHEMES[audio]):
        reason = f"must begin with {' or '.join(SCHEMES[audio])} where audio is {audio}"
        raise InvalidRequest(f"audioUrl {reason}.", [{"field": "audioUrl", "reason": reason}])
