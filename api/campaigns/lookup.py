"""The campaign that a path names."""

from typing import Annotated

from fastapi import Depends, Path

from api.campaigns.schemas import A_CAMPAIGN
from api.http.errors import CampaignNotFound
from api.jobs.lookup import ID


async def campaign_id(id: Annotated[str, Path(description="A campaign's id.", examples=[A_CAMPAIGN])]) -> str:
    """The id in the path; what cannot be one names no campaign. Raises CampaignNotFound."""
    if not ID.fullmatch(id):
        raise CampaignNotFound
    return id


CampaignId = Annotated[str, Depends(campaign_id)]
