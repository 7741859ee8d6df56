"""Who is who: organizations, their keys, agents and phone numbers, in one place for whoever asks."""

from sqlalchemy.ext.asyncio import AsyncEngine

from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys, IssuedKey, Key
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import TWILIO, PhoneNumbers

__all__ = ["TWILIO", "Directory", "IssuedKey", "Key"]


class Directory(Organizations, ApiKeys, Agents, PhoneNumbers):
    """Every public method is one transaction; what belongs to another organization does not exist."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
