"""Whether the process is up, and whether it can do its work.

A new part of the answer is one line in CHECKS and the function that asks.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from composition import Services
from domain.calls.silence import NEXT_STEP, SILENT_CALLS
from domain.json_model import JsonModel
from domain.temporal_namespace import find_mismatch
from store.calls.dials import Dials
from store.db.engine import Database, ping
from store.db.schema import find_schema_fault, read_schema_version
from store.reconcile import Reconciliation
from store.temporal_namespace import NamespaceBinding
from workflows.client import JobWorkflows, NoSuchNamespace, TemporalUnavailable

ANSWER_LIMIT = 3.0  # seconds for each part
KEPT_SECONDS = 2.0  # an answer, so that nobody loads database and Temporal by asking
AWAY = (
    TimeoutError,
    OSError,
    psycopg.Error,
    SQLAlchemyError,
    TemporalUnavailable,
    RuntimeError,
)  # the last: never connected

router = APIRouter(tags=["health"])


class PartHealth(JsonModel):
    ok: bool
    detail: str = Field(examples=["reachable"])


class Readiness(JsonModel):
    """Whether calls can be placed, part by part. `ready` is false, at a status of 200, while no worker works."""

    ready: bool
    parts: dict[str, PartHealth]


class Impact(Enum):
    """What a part that is not well means. Whoever takes this process out of service takes away cancel and pause too."""

    CANNOT_SERVE = auto()  # 503, and not ready
    NO_CALLS = auto()  # not ready
    NOTICE = auto()  # reported


@dataclass(frozen=True)
class Check:
    """`ask` returns what is wrong, None where nothing is (then `well` is the detail), or raises one of AWAY."""

    name: str
    ask: Callable[[Services], Awaitable[str | None]]
    well: str
    impact: Impact = Impact.CANNOT_SERVE

    async def judge(self, services: Services) -> PartHealth:
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                wrong = await self.ask(services)
        except AWAY:
            wrong = "cannot be reached"
        return PartHealth(ok=wrong is None, detail=wrong or self.well)


class LastReadiness:
    """The last answer, for as long as it may be given again."""

    def __init__(self) -> None:
        self._answer: tuple[Readiness, int] | None = None
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def get(self, services: Services) -> tuple[Readiness, int]:
        """The answer and its status. Of those who ask at once one looks, and the others wait for what it finds."""
        async with self._asking:
            if self._answer is None or time.monotonic() > self._until:
                self._answer = await _judge(services)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._answer


NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "A part is missing."}}


@router.get("/healthz", operation_id="isAlive")
async def healthz() -> dict[str, str]:
    """The process is up. Nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="isReady", responses=NOT_READY)
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether database and Temporal can be reached, and are those that belong together; 503 where not.

    `workers` tells whether any polls the task queues, `jobs` of running jobs that make no progress, `callbacks`
    of carriers that cannot reach this API. These leave the status at 200: whoever takes this process out of service
    for them takes away the means to cancel. The answer is at most two seconds old.
    """
    services: Services = request.app.state.services
    readiness, response.status_code = await services[LastReadiness].get(services)
    return readiness


async def _judge(services: Services) -> tuple[Readiness, int]:
    found = await asyncio.gather(*(check.judge(services) for check in CHECKS))
    missing = {check.impact for check, part in zip(CHECKS, found, strict=True) if not part.ok}
    parts = {check.name: part for check, part in zip(CHECKS, found, strict=True)}
    ready = missing <= {Impact.NOTICE}
    return Readiness(ready=ready, parts=parts), 503 if Impact.CANNOT_SERVE in missing else 200


async def _database(services: Services) -> str | None:
    await ping(services[Database])
    return None


async def _schema(services: Services) -> str | None:
    return find_schema_fault(await read_schema_version(services[Database]))


async def _temporal(services: Services) -> str | None:
    await services[JobWorkflows].ping()
    return None


async def _namespace(services: Services) -> str | None:
    binding = services[NamespaceBinding]
    try:
        mismatch = find_mismatch(await binding.get(), await services[JobWorkflows].namespace())
    except NoSuchNamespace as missing:
        return str(missing)
    return mismatch or await binding.alarm()


async def _workers(services: Services) -> str | None:
    idle = await services[JobWorkflows].find_unpolled_queues()
    return f"no worker polls {', '.join(idle)}" if idle else None


async def _jobs(services: Services) -> str | None:
    stuck = len(await services[Reconciliation].list_stuck_jobs())
    return f"running, with contacts due, and without progress: {stuck}" if stuck else None


async def _callbacks(services: Services) -> str | None:
    accounts = await services[Dials].silence.count_accounts()
    unheard = f"no event of the last {SILENT_CALLS} calls arrived, on carrier accounts: {accounts}. {NEXT_STEP}"
    return unheard if accounts else None


CHECKS = (
    Check("database", _database, "reachable"),
    Check("schema", _schema, "as this release needs it"),
    Check("temporal", _temporal, "reachable"),
    Check("namespace", _namespace, "the database's"),
    Check("workers", _workers, "poll every task queue", Impact.NO_CALLS),
    Check("jobs", _jobs, "all make progress", Impact.NOTICE),
    Check("callbacks", _callbacks, "carriers that post events reach this API", Impact.NOTICE),
)
