"""`outdial webhook`: who is told of events, the log of what was sent, and sending it again."""

from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Api
from cli.command import command
from cli.confirm import Yes, ask
from cli.options import Page, PageSize, given
from cli.output import Output
from cli.render import Answer, count, pairs, text
from domain.webhooks.events import SUBSCRIBABLE, EventType

COLUMNS = {"id": "Webhook", "url": "URL", "enabled": "Enabled", "events": "Events", "disabledReason": "Reason"}
DELIVERY_COLUMNS = {
    "id": "Delivery",
    "type": "Event",
    "status": "Status",
    "attempts": "Tries",
    "responseCode": "Code",
    "lastError": "Error",
    "createdAt": "Since",
}

app = typer.Typer(name="webhook", help="Webhooks: who is told of events.", no_args_is_help=True)
WebhookId = Annotated[str, typer.Argument(metavar="ID", help="webhook_…", show_default=False)]
Events = Annotated[
    list[EventType] | None, typer.Option("--event", help="Which events; can be repeated.", show_default=False)
]


@command(app, "list")
def list_webhooks(api: Api, output: Output) -> None:
    """List the webhooks."""
    output.show(api.client.list_webhooks(), lambda console, answer: _show_list(console, answer["webhooks"]))


def _show_list(console: Console, webhooks: list[Answer]) -> None:
    for one in webhooks:
        console.print(pairs({heading: _cell(one[name]) for name, heading in COLUMNS.items()}))
        console.print()
    console.print(count(len(webhooks), "webhook"))


@command(app, examples=["outdial webhook create https://crm.example.com/outdial --event batch.completed"])
def create(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted.", show_default=False)],
    api: Api,
    events: Events = None,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    *,
    output: Output,
) -> None:
    """Add a webhook, of all events unless some are named. Its secret, which verifies signatures, is shown this once."""
    body = {"url": address, "events": list(events or SUBSCRIBABLE), "description": description}
    output.show(api.client.create_webhook(given(body)), _show)


@command(app)
def show(webhook_id: WebhookId, api: Api, output: Output) -> None:
    """Show a webhook."""
    output.show(api.client.get_webhook(webhook_id), _show)


@command(app)
def change(
    webhook_id: WebhookId,
    api: Api,
    address: Annotated[str | None, typer.Option(help="Another URL.")] = None,
    events: Events = None,
    description: Annotated[str | None, typer.Option()] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is sent anything.")] = None,
    *,
    output: Output,
) -> None:
    """Change what is named."""
    body = {"url": address, "events": events and list(events), "description": description, "enabled": enabled}
    output.show(api.client.change_webhook(webhook_id, given(body)), _show)


@command(app)
def remove(webhook_id: WebhookId, api: Api, yes: Yes = False, *, output: Output) -> None:
    """Remove a webhook, and what was not delivered to it."""
    ask(f"Remove {webhook_id}, with what was not delivered to it?", yes=yes)
    output.show(api.client.delete_webhook(webhook_id), lambda console, _: console.print(f"{webhook_id} is removed."))


@command(app, "rotate-secret")
def rotate_secret(webhook_id: WebhookId, api: Api, output: Output) -> None:
    """Make a new secret; the old one signs beside it for a day."""
    output.show(api.client.rotate_webhook_secret(webhook_id), _show)


@command(app)
def test(webhook_id: WebhookId, api: Api, output: Output) -> None:
    """Send a test event; what came of it is in `deliveries`."""
    output.show(api.client.test_webhook(webhook_id), _show)


@command(app)
def deliveries(
    webhook_id: WebhookId,
    api: Api,
    status: Annotated[str | None, typer.Option(help="Only of this status: failed.")] = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    output: Output,
) -> None:
    """Show what was sent, the newest first."""
    answer = api.client.list_webhook_deliveries(webhook_id, status=status, page=page, page_size=page_size)
    output.page(answer, "deliveries", DELIVERY_COLUMNS, "delivery")


@command(app)
def replay(
    webhook_id: WebhookId,
    api: Api,
    delivery_id: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="msg_…; else all that failed.", show_default=False)
    ] = None,
    *,
    output: Output,
) -> None:
    """Send again what failed, or one delivery."""
    if delivery_id is None:
        output.show(api.client.replay_failed_webhook_deliveries(webhook_id), _show)
    else:
        output.show(api.client.replay_webhook_delivery(webhook_id, delivery_id), _show)


def _show(console: Console, answer: Answer) -> None:
    console.print(pairs({name: _cell(value) for name, value in answer.items() if name != "success"}), soft_wrap=True)


def _cell(value: Any) -> str:
    return text(", ".join(map(str, value)) if isinstance(value, list) else value)
