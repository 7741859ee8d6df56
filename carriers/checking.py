"""Whether a carrier is set up as it must be, checked from outside and without a call."""

import asyncio
from urllib.parse import urlsplit

import httpx

from carriers import Carrier, Finding, Push, Streaming
from carriers.shared_stream import SharedStreaming
from domain.calls.models import CallReport

TIMEOUT_SECONDS = 10.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UNSIGNED_EVENT_STATUSES = frozenset({400, 403})  # what our API answers to an unsigned event


async def check(carrier: Carrier, public_url: str) -> list[Finding]:
    """Check the account and what else the carrier finds out itself, its stream, its callback address."""
    health = await carrier.health()
    findings = list(health.findings) or [Finding(what="account", ok=health.ok, detail=health.detail)]
    if isinstance(carrier, Streaming) and not isinstance(carrier, SharedStreaming):
        findings.append(await _check_stream(carrier))
    if carrier.traits.push is Push.CALLBACK:
        findings.append(await _check_callback(carrier.name, public_url.rstrip("/")))
    return findings


async def _check_stream(carrier: Streaming) -> Finding:
    connected = asyncio.Event()

    async def ignore(_: CallReport) -> None:
        """Reports are for the workers."""

    async def on_connected() -> None:
        connected.set()

    listening = asyncio.create_task(carrier.stream(ignore, on_connected))
    waiting = asyncio.create_task(connected.wait())
    await asyncio.wait({listening, waiting}, timeout=TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for task in (listening, waiting):
        task.cancel()
    await asyncio.gather(listening, waiting, return_exceptions=True)
    ok = connected.is_set()
    return Finding(what="stream", ok=ok, detail="It can be listened to." if ok else "No connection came about.")


async def _check_callback(name: str, public_url: str) -> Finding:
    """An unsigned event must reach our API there, and be refused by it."""
    url = f"{public_url}/carriers/{name}/events"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            status = (await client.post(url)).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _callback_finding(ok=False, detail=f"{url} cannot be reached ({type(error).__name__}).")
    if status == 404:
        return _callback_finding(ok=False, detail=f"What answers at {url} is no Outdial with this carrier set up.")
    if status not in UNSIGNED_EVENT_STATUSES:
        return _callback_finding(ok=False, detail=f"{url} answers {status}, not as Outdial does.")
    return _callback_finding(
        ok=True, detail=f"{url} is our API, as far as can be seen from here.{_warning(public_url)}"
    )


def _warning(public_url: str) -> str:
    parts = urlsplit(public_url)
    if parts.hostname in LOOPBACK:
        return " A carrier elsewhere does not reach it: OUTDIAL_PUBLIC_URL is this machine's own."
    return " It is not encrypted: use https." if parts.scheme != "https" else ""


def _callback_finding(*, ok: bool, detail: str) -> Finding:
    return Finding(what="callback address", ok=ok, detail=detail)
