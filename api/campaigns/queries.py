"""The queries of the list of campaigns, and of a file that is sent."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from api.auth import require_admin
from api.http.errors import InvalidStatus
from api.http.pagination import NUMBER, OneOf, PageQuery, Query, query, refuse
from domain.campaigns.models import MAX_CAMPAIGN_BYTES, CampaignStatus
from domain.errors import InvalidRequest


class CampaignQuery(PageQuery):
    status: Annotated[CampaignStatus | None, OneOf(CampaignStatus, InvalidStatus)] = Field(
        default=None, description="Only campaigns that stand there."
    )


def _read_offset(text: str, info: ValidationInfo) -> int:
    offset = int(text) if NUMBER.fullmatch(text) else -1
    if not 0 <= offset <= MAX_CAMPAIGN_BYTES:
        raise refuse(InvalidRequest, info, f"must be a whole number from 0 to {MAX_CAMPAIGN_BYTES}")
    return offset


class UploadQuery(Query):
    offset: Annotated[
        int | None,
        BeforeValidator(_read_offset),
        WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_CAMPAIGN_BYTES}),
    ] = Field(default=None, description="Where in the file the body begins. Without it the body is the whole file.")


CampaignQueryDep = Annotated[CampaignQuery, query(CampaignQuery)]
UploadQueryDep = Annotated[UploadQuery, query(UploadQuery, require_admin)]
