"""The operator's way to Temporal: its namespace made fit for jobs."""

import asyncio

from rich.console import Console

from cli.errors import ExitCode, Failure
from cli.render import text


def prepare_namespace() -> None:
    """Prepare the namespace that Temporal's settings name. Raises Failure."""
    from temporalio.service import RPCError  # noqa: PLC0415 - no other command talks to Temporal

    from stack.namespace import prepare_configured  # noqa: PLC0415

    try:
        name = asyncio.run(prepare_configured())
    except (RuntimeError, RPCError, TimeoutError):
        message = "Temporal does not answer, or refuses. Is its address right? (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)"
        raise Failure(message, ExitCode.AWAY) from None
    Console().print(f"The namespace {text(name)} has the search attributes.")
