"""The API as clients meet it: real uvicorn on loopback, real PostgreSQL, Temporal away unless a test says so."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from domain.calls import Audio
from domain.statuses import Architecture, Role
from settings import Settings
from store.control import Control
from store.database import create_engine
from store.directory import Directory
from store.ids import new_id
from store.jobs import Jobs

CSV = b"phone,name\n+12025550101,Ada\n"
CONTACTS = [{"phone": "+12025550101", "name": "Ada"}]
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "token-of-the-tests"
PUBLIC_URL = "https://calls.example.test"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


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
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_config=None
    )
    server = uvicorn.Server(config)
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
        **others,
    )


@pytest.fixture
def temporal_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")


@pytest.fixture(scope="session")
def shared_database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """One database for all tests here: each test has organisations of its own."""
    name = new_id("api")
    server = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {migrated_template}"))
    yield sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def served(shared_database_url: str) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = serve(create_app(settings_for(shared_database_url)))
    yield served
    served.stop()


@pytest.fixture(scope="session")
async def records(shared_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(shared_database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
def directory(records: AsyncEngine) -> Directory:
    return Directory(records)


@pytest.fixture
def jobs(records: AsyncEngine) -> Jobs:
    return Jobs(records)


@pytest.fixture
def control(records: AsyncEngine) -> Control:
    return Control(records)


@dataclass(frozen=True)
class Tenant:
    """An organisation with 100 dollars and 5 lines, its keys, and numbers with each kind of agent."""

    id: str
    owner: str
    admin: str
    member: str
    pipeline: str
    realtime: str
    text: str
    no_agent: str
    agent_id: str  # of the pipeline number


async def new_tenant(directory: Directory, credits: Decimal | None = Decimal(100), lines: int = 5) -> Tenant:
    organization = await directory.create_organization("Test", lines, credits)
    keys = {role: (await directory.create_key(organization.id, role, role)).key for role in Role}
    agents = {
        architecture: await directory.create_agent(
            organization.id, architecture, architecture, Audio.WEBSOCKET, "wss://agent.example.test"
        )
        for architecture in Architecture
    }
    numbers = {
        architecture: await directory.create_phone_number(organization.id, "+12025550199", agent_id=agent.id)
        for architecture, agent in agents.items()
    }
    bare = await directory.create_phone_number(organization.id, "+12025550198")
    return Tenant(
        id=organization.id,
        owner=keys[Role.OWNER],
        admin=keys[Role.ADMIN],
        member=keys[Role.MEMBER],
        pipeline=numbers[Architecture.PIPELINE].id,
        realtime=numbers[Architecture.REALTIME].id,
        text=numbers[Architecture.TEXT].id,
        no_agent=bare.id,
        agent_id=agents[Architecture.PIPELINE].id,
    )


@pytest.fixture
async def tenant(directory: Directory) -> Tenant:
    return await new_tenant(directory)


@pytest.fixture
async def other(directory: Directory) -> Tenant:
    return await new_tenant(directory)


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        yield client


@dataclass(frozen=True)
class Api:
    """A client of one organisation, with its owner's key."""

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


@pytest.fixture
def api(http: httpx.AsyncClient, tenant: Tenant) -> Api:
    return Api(http, tenant)


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of every error."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert body["error"].strip()
    assert set(body) <= {"success", "error", "code", "details"}
    assert answer.headers["X-Request-Id"]
    return body
