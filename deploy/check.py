"""Whether a deployment can place calls: its parts, Temporal's namespace, and one call through the simulator.

Runs with the environment of the services (`deploy/check` starts it in a container of theirs) and `OUTDIAL_URL`, the
API's address. Exit code 0: all is well. `--no-call` leaves the call out.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from composition import open_engine
from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.statuses import Architecture, Role
from settings import Settings
from startup import CannotStart, lacks_attributes, load_settings
from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from workflows.client import JobWorkflows, connect
from workflows.process_end import run_to_end

CALLER = "+12025550198"  # numbers set aside for fiction
CALLED = "+12125550100"  # the simulator answers, and talks for two seconds
NAME = "Deployment check"
NO_AGENT = "ws://127.0.0.1:9/"  # the simulator takes this port for an example agent that is there
READY_SECONDS = 120.0
CALL_SECONDS = 120.0
Check = Callable[[], Awaitable[str]]


class Unwell(Exception):
    """What is wrong, for the operator."""


async def check_temporal(settings: Settings) -> str:
    workflows = JobWorkflows(await connect(settings.payload_keys.get_secret_value()))
    await workflows.ping()
    namespace = await workflows.namespace()
    missing = await workflows.find_missing_attributes()
    if missing:
        raise Unwell(lacks_attributes(namespace.name, missing))
    return f"namespace {namespace.name}, with its search attributes"


async def check_api(url: str) -> str:
    """Ask until it is ready: processes that were just started may still be starting."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        while True:
            found = await _readiness(client)
            if found.get("ready"):
                return ", ".join(found["parts"])
            if asyncio.get_running_loop().time() > deadline:
                parts = found.get("parts", {})
                wrong = [f"{name}: {part['detail']}" for name, part in parts.items() if not part["ok"]]
                raise Unwell("; ".join(wrong) or f"{url} does not answer")
            await asyncio.sleep(1)


async def _readiness(client: httpx.AsyncClient) -> dict[str, dict[str, dict[str, str]]]:
    try:
        answer: dict[str, dict[str, dict[str, str]]] = (await client.get("/readyz")).json()
        return answer
    except (httpx.HTTPError, ValueError):
        return {}


async def check_call(settings: Settings, url: str) -> str:
    key, number = await _caller(settings)
    job = {"name": NAME, "fromPhoneNumberId": number, "contacts": [{"phone": CALLED, "name": "Nobody"}]}
    async with httpx.AsyncClient(base_url=url, headers={"x-api-key": key}, timeout=30) as client:
        created = await client.post("/batch/create", json=job)
        if created.is_error:
            raise Unwell(f"a job is refused: {created.text}")
        path = f"/batch/jobs/{created.json()['batchJobId']}"
        status, deadline = "", asyncio.get_running_loop().time() + CALL_SECONDS
        while status not in {"completed", "failed", "cancelled"}:
            if asyncio.get_running_loop().time() > deadline:
                raise Unwell(f"the call did not end within {CALL_SECONDS:.0f} s; the job is {status}")
            await asyncio.sleep(0.5)
            status = (await client.get(path)).raise_for_status().json()["status"]
        contacts = (await client.get(path)).raise_for_status().json()["contacts"]
    outcome, reason = contacts[0]["status"], contacts[0]["failureReason"]
    if (status, outcome) != ("completed", "completed"):
        raise Unwell(f"the job is {status}, its contact {outcome}: {reason}")
    return "a job called one contact through the simulator"


async def _caller(settings: Settings) -> tuple[str, str]:
    """A key, valid for an hour, and the number of the organization that only checks."""
    async with open_engine(settings, pool_size=1) as engine:
        organizations, numbers = Organizations(engine), PhoneNumbers(engine)
        found = [one for one in await organizations.list_all() if one.name == NAME]
        organization = found[0] if found else await organizations.create(NAME, 1, Decimal(1), allowed_countries=("*",))
        owned = await numbers.list_all(organization.id)
        if not owned:
            agents = Agents(engine)
            agent = await agents.create(organization.id, NAME, Architecture.PIPELINE, Audio.WEBSOCKET, NO_AGENT)
            owned = [await numbers.create(organization.id, CALLER, agent_id=agent.id, granted_by=OPERATOR)]
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        key = await ApiKeys(engine).create(organization.id, Role.OWNER, NAME, expires_at=expires_at)
        return key.key, owned[0].id


async def _uses_simulator(settings: Settings) -> bool:
    """Only the simulator has a record that anybody may read."""
    if settings.twilio_base_url is None:
        return False
    try:
        async with httpx.AsyncClient(base_url=settings.twilio_base_url, timeout=5) as client:
            return (await client.get("/simulator/report")).status_code == 200
    except httpx.HTTPError:
        return False


async def main(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    url = os.environ.get("OUTDIAL_URL", "http://127.0.0.1:8000")
    checks: dict[str, Check] = {
        "API and its parts": lambda: check_api(url),
        "Temporal": lambda: check_temporal(settings),
    }
    if arguments.no_call or not await _uses_simulator(settings):
        say("-", "a call", "left out: no call is placed to check a real carrier (`outdial carrier check NAME`)")
    else:
        checks["a call"] = lambda: check_call(settings, url)
    wrong = 0
    for name, check in checks.items():
        try:
            say("ok", name, await check())
        except Exception as error:
            wrong += 1
            say("NO", name, str(error) or type(error).__name__)
    return 1 if wrong else 0


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-call", action="store_true", help="place no call")
    try:
        sys.exit(asyncio.run(main(parser.parse_args())))
    except CannotStart as reasons:
        sys.exit("\n".join(reasons.sentences))


def say(verdict: str, name: str, detail: str) -> None:
    sys.stdout.write(f"{verdict:<3} {name}: {detail}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_to_end(run)
