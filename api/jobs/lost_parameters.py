"""What of new contacts' columns the carrier of their number cannot pass on to the agent."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends

from api.dependencies import CarriersDep, ForkPoolDep, SettingsDep
from api.http.fork_pool import ForkPool
from carriers import Foretelling
from carriers.accounts import CarrierAccounts
from domain.contacts.lost_parameters import AgentRoute, may_lose, warn_of_losses, warn_of_reserved
from domain.jobs.models import Agent, NewContact, PhoneNumber


class LostParameters:
    """Asks the carrier of a number, in a forked process: writing 10,000 addresses takes a second."""

    def __init__(self, pool: ForkPool, carriers: CarrierAccounts, public_url: str) -> None:
        self._pool = pool
        self._carriers = carriers
        self._public_url = public_url

    async def warn(
        self, organization_id: str, number: PhoneNumber, agent: Agent, contacts: Sequence[NewContact]
    ) -> list[str]:
        """Warnings for the report: which columns, in which rows."""
        reserved = warn_of_reserved(contacts)
        route = AgentRoute(
            account=number.carrier_account_id,
            from_=number.number,
            audio=agent.audio,
            audio_url=agent.audio_url,
            public_url=self._public_url,
        )
        large = [contact for contact in contacts if may_lose(route, contact)]
        carrier = await self._carriers.resolve(number.carrier_account_id) if large else None
        if not isinstance(carrier, Foretelling):
            return reserved
        return reserved + await self._pool.run(organization_id, warn_of_losses, carrier.find_losses, route, large)


async def lost_parameters(pool: ForkPoolDep, carriers: CarriersDep, settings: SettingsDep) -> LostParameters:
    return LostParameters(pool, carriers, settings.public_url.rstrip("/"))


LostParametersDep = Annotated[LostParameters, Depends(lost_parameters)]
