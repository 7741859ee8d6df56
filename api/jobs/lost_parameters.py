"""What of new contacts' columns the carrier of their number cannot pass on to the agent."""

from typing import Annotated

from fastapi import Depends

from api.dependencies import CarriersDep, ForkPoolDep, SettingsDep
from api.http.fork_pool import ForkPool
from carriers import Foretelling
from carriers.accounts import CarrierAccounts
from domain.contacts.lost_parameters import AgentRoute, Finder, find_safe_size, warn_of_losses
from domain.jobs.models import Agent, PhoneNumber
from store.contacts.packed import PackedContacts


class LostParameters:
    """Asks the carrier of a number, in a forked process: writing 10,000 addresses takes a second."""

    def __init__(self, pool: ForkPool, carriers: CarrierAccounts, public_url: str) -> None:
        self._pool = pool
        self._carriers = carriers
        self._public_url = public_url

    async def warn(
        self, organization_id: str, number: PhoneNumber, agent: Agent, contacts: PackedContacts
    ) -> list[str]:
        """Warnings for the report: which columns, in which rows."""
        route = AgentRoute(
            account=number.carrier_account_id,
            from_=number.number,
            audio=agent.audio,
            audio_url=agent.audio_url,
            public_url=self._public_url,
        )
        safe = find_safe_size(route)
        large = [at for at, size in enumerate(contacts.sizes) if size > safe]
        carrier = await self._carriers.resolve(number.carrier_account_id) if large else None
        if not isinstance(carrier, Foretelling):
            return []
        asked = contacts if len(large) == len(contacts) else contacts.keep(large)
        return await self._pool.run(organization_id, _warn, carrier.find_losses, route, asked)


def _warn(find: Finder, route: AgentRoute, contacts: PackedContacts) -> list[str]:
    return warn_of_losses(find, route, list(contacts.unpack()))


async def lost_parameters(pool: ForkPoolDep, carriers: CarriersDep, settings: SettingsDep) -> LostParameters:
    return LostParameters(pool, carriers, settings.public_url.rstrip("/"))


LostParametersDep = Annotated[LostParameters, Depends(lost_parameters)]
