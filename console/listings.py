"""What pages need whole, whatever page of their own list is shown: the names of keys, agents, numbers to call from."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends

from api.auth import MemberDep
from api.dependencies import AgentsDep, ApiKeysDep, PhoneNumbersDep
from api.http.pagination import PageQuery, SearchQuery
from api.organizations.agent_routes import list_agents
from api.organizations.api_key_routes import list_keys
from api.organizations.phone_number_routes import list_phone_numbers
from api.organizations.schemas import AgentView, KeyView, PhoneNumberView

PAGE_SIZE = 100
MAX_PAGES = 10  # what a list of choices may hold; whoever has more names what he means by its id

T = TypeVar("T")


async def all_keys(caller: MemberDep, keys: ApiKeysDep) -> list[KeyView]:
    async def read(page: dict[str, str]) -> tuple[list[KeyView], int]:
        listed = await list_keys(caller, PageQuery.model_validate(page), keys)
        return listed.api_keys, listed.total

    return await _all(read)


async def all_agents(caller: MemberDep, agents: AgentsDep) -> list[AgentView]:
    async def read(page: dict[str, str]) -> tuple[list[AgentView], int]:
        listed = await list_agents(caller, SearchQuery.model_validate(page), agents)
        return listed.agents, listed.total

    return await _all(read)


async def all_numbers(caller: MemberDep, numbers: PhoneNumbersDep) -> list[PhoneNumberView]:
    async def read(page: dict[str, str]) -> tuple[list[PhoneNumberView], int]:
        listed = await list_phone_numbers(caller, SearchQuery.model_validate(page), numbers)
        return listed.phone_numbers, listed.total

    return await _all(read)


async def key_names(keys: Annotated[list[KeyView], Depends(all_keys)]) -> dict[str, str]:
    """The names of keys by their ids."""
    return {key.id: key.name for key in keys}


KeyNamesDep = Annotated[dict[str, str], Depends(key_names)]
AllAgentsDep = Annotated[list[AgentView], Depends(all_agents)]
AllNumbersDep = Annotated[list[PhoneNumberView], Depends(all_numbers)]


async def _all(read: Callable[[dict[str, str]], Awaitable[tuple[list[T], int]]]) -> list[T]:
    """`read`: a page, and how many there are on all of them."""
    found: list[T] = []
    for page in range(1, MAX_PAGES + 1):
        entries, total = await read({"page": str(page), "pageSize": str(PAGE_SIZE)})
        found += entries
        if len(found) >= total:
            break
    return found
