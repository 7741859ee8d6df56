"""What the outcomes of calls mean."""

from fastapi import APIRouter

from api.auth import KEYS, MemberDep
from api.calls.schemas import OutcomeList, render_outcomes
from api.http.responses import errors

router = APIRouter(tags=["calls"], dependencies=KEYS)


@router.get("/outcomes", operation_id="listOutcomes", responses=errors(401, 429))
async def outcomes(_: MemberDep) -> OutcomeList:
    """Look up what each outcome of a call means: whose fault it is, whether it is an attempt, whether a dial follows.

    The table is the same for every organization. New outcomes may be added.
    """
    return render_outcomes()
