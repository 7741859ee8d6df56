"""Whether the process is up, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import EngineDep, ReconciliationDep, WorkflowsDep
from domain.json_model import JsonModel
from store.db.engine import ping
from store.reconcile import Reconciliation
from workflows.client import TemporalUnavailable

ANSWER_LIMIT = 3.0  # seconds for each part
AWAY = (TimeoutError, OSError, SQLAlchemyError, TemporalUnavailable, RuntimeError)  # the last: never connected

router = APIRouter(tags=["health"])


class PartHealth(JsonModel):
    ok: bool
    detail: str = Field(examples=["reachable"])


class Readiness(JsonModel):
    """Whether this process can do its work, part by part."""

    ready: bool
    parts: dict[str, PartHealth]


NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "A part is missing."}}


@router.get("/healthz", operation_id="isAlive")
async def healthz() -> dict[str, str]:
    """The process is up. Nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="isReady", responses=NOT_READY)
async def readyz(
    engine: EngineDep, workflows: WorkflowsDep, reconciliation: ReconciliationDep, response: Response
) -> Readiness:
    """Whether the database and Temporal can be reached; 503 where one cannot.

    `jobs` tells of running jobs that make no progress. They leave the answer at 200: whoever takes this process out
    of service for them takes away the means to cancel them.
    """
    database, temporal, stuck = await asyncio.gather(
        _asked(ping(engine)), _asked(workflows.ping()), _asked(_progress(reconciliation))
    )
    ready = database.ok and temporal.ok
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts={"database": database, "temporal": temporal, "jobs": stuck})


async def _asked(question: Awaitable[PartHealth | None]) -> PartHealth:
    try:
        async with asyncio.timeout(ANSWER_LIMIT):
            return await question or PartHealth(ok=True, detail="reachable")
    except AWAY:
        return PartHealth(ok=False, detail="cannot be reached")


async def _progress(reconciliation: Reconciliation) -> PartHealth:
    stuck = len(await reconciliation.list_stuck_jobs())
    if stuck:
        return PartHealth(ok=False, detail=f"running, with contacts due, and without progress: {stuck}")
    return PartHealth(ok=True, detail="all make progress")
