"""The API as its clients meet it: a server on loopback, an organization, a client with its key."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from api.http.server import server_config
from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.jobs.models import Agent
from domain.phone.location import ANYWHERE
from domain.statuses import Architecture, Role
from settings import Settings
from stack.ports import free_port
from store.db.engine import Database
from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.carrier_grants import CarrierGrants, Resource
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import TWILIO, PhoneNumbers
from tests.builders import a_caller_id

CSV = b"phone,name\n+12025550101,Ada\n"
CONTACTS = [{"phone": "+12025550101", "name": "Ada"}]
CALLER_ID = "+12025550199"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "token-of-the-tests"
SECRET = "secret-of-the-tests-long-enough-for-us"
PLATFORM_KEY = "odp_platform-of-the-tests"
NO_ORGANIZATION_LIMIT: dict[str, Any] = {"organization_rate_limit_per_minute": None}
PUBLIC_URL = "https://calls.example.test"


def numbers(count: int) -> list[str]:
    """Valid numbers: +1 NPA 555 01xx is for fiction, in as many areas as it takes."""
    areas = [area for area in (*range(201, 210), *range(212, 220), *range(301, 310), *range(312, 320))]
    areas += [*range(401, 410), *range(412, 420), *range(501, 510), *range(512, 520), *range(601, 610)]
    areas += [*range(612, 620), *range(701, 710), *range(712, 720), *range(801, 810), *range(812, 820)]
    return [f"+1{area}5550{last:03d}" for area in areas for last in range(100, 200)][:count]


@dataclass
class Served:
    """An app on a port of its own, in a thread with an event loop of its own."""

    app: FastAPI
    url: str
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


def serve(app: FastAPI) -> Served:
    port = free_port()
    server = uvicorn.Server(server_config(app, host="127.0.0.1", port=port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server ended while it started"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    return Served(app, f"http://127.0.0.1:{port}", server, thread)


def settings_for(database_url: str, **others: Any) -> Settings:
    return Settings(
        database_url=database_url,
        public_url=PUBLIC_URL,
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=AUTH_TOKEN,
        **{
            "secret": SECRET,
            "platform_key": PLATFORM_KEY,
            "rate_limit_per_minute": None,
            "organization_rate_limit_per_minute": None,
        }
        | others,
    )


@dataclass(frozen=True)
class Tenant:
    """An organization with 100 dollars and 5 lines, its keys, and numbers with each kind of agent."""

    id: str
    owner: str
    admin: str
    member: str
    pipeline: str
    realtime: str
    text: str
    no_agent: str
    agent_id: str  # of the pipeline number
    granted: str  # a number that it may add


async def new_tenant(engine: Database, credits: Decimal | None = Decimal(100), lines: int = 5) -> Tenant:
    organization = await Organizations(engine).create("Test", lines, credits, allowed_countries=(ANYWHERE,))
    keys, agents = await asyncio.gather(
        asyncio.gather(*(ApiKeys(engine).create(organization.id, role, role) for role in Role)),
        asyncio.gather(*(_new_agent(engine, organization.id, kind) for kind in Architecture)),
    )
    owner, admin, member = (issued.key for issued in keys)
    agent_ids, caller_id, granted = [*(agent.id for agent in agents), None], a_caller_id(), a_caller_id()
    pipeline, realtime, text, bare = await asyncio.gather(
        *(
            PhoneNumbers(engine).create(organization.id, caller_id, agent_id=agent, granted_by=OPERATOR)
            for agent in agent_ids
        )
    )
    await grant(engine, organization.id, granted)
    return Tenant(
        id=organization.id,
        owner=owner,
        admin=admin,
        member=member,
        pipeline=pipeline.id,
        realtime=realtime.id,
        text=text.id,
        no_agent=bare.id,
        agent_id=agents[0].id,
        granted=granted,
    )


async def grant(engine: Database, organization_id: str, number: str, carrier: str = TWILIO, *trunks: str) -> None:
    """Let an organization add a number, and use trunks, on the carrier's shared account."""
    resources = [Resource.of_number(carrier, number), *(Resource.of_trunk(carrier, trunk) for trunk in trunks)]
    for resource in resources:
        await CarrierGrants(engine).create(organization_id, resource, by=OPERATOR)


async def _new_agent(engine: Database, organization_id: str, kind: Architecture) -> Agent:
    url = "wss://agent.example.test"
    return await Agents(engine).create(organization_id, kind, kind, Audio.WEBSOCKET, url)


@dataclass(frozen=True)
class Api:
    """A client of one organization, with its owner's key."""

    http: httpx.AsyncClient
    tenant: Tenant

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tenant.owner}"}

    async def upload(self, file: bytes | None = CSV, **fields: Any) -> httpx.Response:
        """CSV mode; a field that is None is left out."""
        data = self._fields(fields)
        files = {name: (None, str(value)) for name, value in data.items()}
        if file is not None:
            files["file"] = ("contacts.csv", file)  # type: ignore[assignment]
        return await self.http.post("/batch/create", files=files, headers=self.key)

    async def send(self, contacts: Any = CONTACTS, **fields: Any) -> httpx.Response:
        """JSON mode; a field that is `...` is left out."""
        body = {"fromPhoneNumberId": self.tenant.pipeline, "name": "Test", "contacts": contacts} | fields
        return await self.send_json({name: value for name, value in body.items() if value is not ...})

    async def send_json(self, body: Any, **headers: str) -> httpx.Response:
        return await self.send_raw(json.dumps(body).encode(), "application/json", **headers)

    async def send_raw(self, content: bytes, content_type: str | None, **headers: str) -> httpx.Response:
        kind = {} if content_type is None else {"Content-Type": content_type}
        return await self.http.post("/batch/create", content=content, headers=self.key | kind | headers)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query, headers=self.key)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.post(path, headers=self.key, **more)

    async def new_job(self, **fields: Any) -> str:
        created = await self.send(**fields)
        assert created.status_code == 200, created.text
        return str(created.json()["batchJobId"])

    async def job(self, job_id: str, **query: Any) -> dict[str, Any]:
        found = await self.get(f"/batch/jobs/{job_id}", **query)
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        return answer

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        given = {"fromPhoneNumberId": self.tenant.pipeline, "name": "Test"} | fields
        return {name: value for name, value in given.items() if value is not None}


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of every error."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert body["error"].strip()
    assert set(body) <= {"success", "error", "code", "details"}
    assert answer.headers["X-Request-Id"]
    return body
