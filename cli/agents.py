"""`outdial agent`: the voice agents of an organization, all but `list` on the database."""

from typing import Annotated

import typer
from rich.console import Console

from cli.client import Api
from cli.command import command
from cli.database import Database
from cli.options import MaybeOrgId, OrgId, Page, PageSize
from cli.output import Output
from cli.render import text
from domain.calls.models import Audio
from domain.statuses import Architecture

API_COLUMNS = {"id": "Agent", "name": "Name", "architecture": "Kind", "audio": "Audio", "audioUrl": "URL"}
COLUMNS = ["id", "name", "architecture", "audio", "audio_url"]

app = typer.Typer(name="agent", help="Voice agents of an organization.", no_args_is_help=True)


@command(app)
def create(
    organization: OrgId,
    name: str,
    audio_url: Annotated[str, typer.Argument(help="Where the call's audio goes.", show_default=False)],
    architecture: Annotated[Architecture, typer.Option(help="How it talks; decides the rate.")] = Architecture.PIPELINE,
    audio: Annotated[Audio, typer.Option(help="What kind of address AUDIO_URL is.")] = Audio.WEBSOCKET,
    *,
    database: Database,
    output: Output,
) -> None:
    """Add a voice agent that lives elsewhere."""
    output.model(database.run(lambda store: store.agents.create(organization, name, architecture, audio, audio_url)))


@command(app, "list", examples=["outdial agent list"])
def list_agents(
    api: Api,
    database: Database,
    organization: MaybeOrgId = None,
    page: Page = 1,
    page_size: PageSize = 100,
    *,
    output: Output,
) -> None:
    """List the agents: with a key those of its organization, with ORG on the database."""
    if organization is None:
        answer = api.client.list_agents(page=page, page_size=page_size)
        output.page(answer, "agents", API_COLUMNS, "agent")
        return
    output.models(database.run(lambda store: store.agents.list_all(organization)), COLUMNS)


@command(app)
def remove(
    organization: OrgId,
    agent_id: Annotated[str, typer.Argument(metavar="AGENT_ID", show_default=False)],
    database: Database,
) -> None:
    """Remove an agent; refused while an open job or a number uses it."""
    database.run(lambda store: store.agents.remove(organization, agent_id))
    Console().print(f"{text(agent_id)} is removed.")
