"""Whether the process is up, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from api.deps import PartsDep
from api.models import PartHealth, Readiness
from store.database import ping
from workflows.handles import TemporalAway

ANSWER_LIMIT = 3.0  # seconds for each part

router = APIRouter(tags=["health"])
NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "A part is missing."}}


@router.get("/healthz", operation_id="isAlive")
async def healthz() -> dict[str, str]:
    """The process is up. Nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="isReady", responses=NOT_READY)
async def readyz(parts: PartsDep, response: Response) -> Readiness:
    """Whether the database and Temporal can be reached; 503 where one cannot."""
    database, temporal = await asyncio.gather(_asked(ping(parts.engine)), _asked(parts.workflows.ping()))
    health = {"database": database, "temporal": temporal}
    ready = all(part.ok for part in health.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=health)


async def _asked(question: Awaitable[None]) -> PartHealth:
    try:
        async with asyncio.timeout(ANSWER_LIMIT):
            await question
    except (TimeoutError, OSError, SQLAlchemyError, TemporalAway, RuntimeError):
        return PartHealth(ok=False, detail="cannot be reached")
    return PartHealth(ok=True, detail="reachable")
