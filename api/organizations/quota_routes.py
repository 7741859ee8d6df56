"""How much an organization has of each thing, and may have."""

from fastapi import APIRouter

from api.auth import KEYS, MemberDep
from api.dependencies import QuotasDep
from api.http.responses import errors
from api.organizations.schemas import QuotaList, QuotaView

router = APIRouter(prefix="/organization/quotas", tags=["organization"], dependencies=KEYS)


@router.get("", operation_id="listQuotas", responses=errors(401, 503))
async def list_quotas(caller: MemberDep, quotas: QuotasDep) -> QuotaList:
    """List the organization's quotas and what is used of each. Beyond one, what adds to it is `quota_exceeded`."""
    found = await quotas.list_all(caller.organization_id)
    return QuotaList(quotas=[QuotaView(**use.model_dump()) for use in found])
