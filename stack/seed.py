"""What a local stack has from its first start: two organizations, their keys, agents and numbers."""

import re
import secrets
from decimal import Decimal
from pathlib import Path

from api.http.examples import A_NUMBER
from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.phone.location import ANYWHERE
from domain.statuses import Architecture, Role
from stack import ready_file
from stack.ready_file import CarrierAccount, Keys, Organization, OtherOrganization, PhoneNumbers
from store.db.engine import Database, create_engine
from store.errors import NotFound
from store.organizations.agents import AgentChange, Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.console_sessions import ConsoleSessions
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers as StoredNumbers

# Port 9 stands for no agent: the simulator connects to none there.
AGENT_URL = "ws://127.0.0.1:{port}/{architecture}"
NO_AGENT = 9
OF_THE_EXAMPLE = re.compile(AGENT_URL.format(port=r"\d+", architecture="pipeline"))
CALLS_PER_SECOND = Decimal(10)  # before scaling by the speed
POOL_SIZE = 2
NUMBERS = {
    Architecture.PIPELINE: "+12025550171",
    Architecture.REALTIME: "+12025550172",
    Architecture.TEXT: "+12025550173",
}
NUMBER_WITHOUT_AGENT = "+12025550174"
NUMBER_OF_THE_OTHER = "+12025550181"


async def seed(url: str, file: Path) -> Keys:
    """The keys of the first start; created, with what they open, unless the database has them."""
    engine = create_engine(url, POOL_SIZE)
    try:
        keys = _read(file)
        if keys is not None and await _has(engine, keys):
            return keys
        keys = await _create(engine)
        ready_file.write(keys, file)
        return keys
    finally:
        await engine.dispose()


async def point_example_agents(url: str, keys: Keys, port: int | None) -> None:
    """Give the demo's pipeline agent the address of the example that runs; None: of none.

    An agent with an address of another form is somebody's own, and left alone.
    """
    engine = create_engine(url, POOL_SIZE)
    organization = keys.organization.organization_id
    address = AGENT_URL.format(port=port or NO_AGENT, architecture=Architecture.PIPELINE.value)
    try:
        for agent in await Agents(engine).list_all(organization):
            if OF_THE_EXAMPLE.fullmatch(agent.audio_url) and agent.audio_url != address:
                await Agents(engine).change(organization, agent.id, AgentChange(audio_url=address))
    finally:
        await engine.dispose()


async def create_sign_in_link(url: str, key: str) -> str:
    """A token that signs a browser in to the console with this key, once; empty where the key is not valid any more."""
    engine = create_engine(url, POOL_SIZE)
    try:
        caller = await ApiKeys(engine).find_caller(key)
        return "" if caller is None else await ConsoleSessions(engine).create_link(caller.key_id) or ""
    finally:
        await engine.dispose()


def _read(file: Path) -> Keys | None:
    return Keys.model_validate_json(file.read_text()) if file.exists() else None


async def _has(engine: Database, keys: Keys) -> bool:
    try:
        await Organizations(engine).get(keys.organization.organization_id)
    except NotFound:
        return False
    return True


async def _create(engine: Database) -> Keys:
    organizations, api_keys = Organizations(engine), ApiKeys(engine)
    demo = (await organizations.create("Demo", 50, Decimal(1000), allowed_countries=(ANYWHERE,))).id
    other = (await organizations.create("Other", 5, Decimal(100), allowed_countries=(ANYWHERE,))).id
    ids = {Architecture.PIPELINE: A_NUMBER}  # of the API's examples, which work as the page fills them in
    numbers = {
        kind: await _create_number(engine, demo, number, kind, ids.get(kind)) for kind, number in NUMBERS.items()
    }
    return Keys(
        organization=Organization(
            organization_id=demo,
            owner_key=(await api_keys.create(demo, Role.OWNER, "demo owner")).key,
            member_key=(await api_keys.create(demo, Role.MEMBER, "demo member")).key,
        ),
        other_organization=OtherOrganization(
            organization_id=other,
            owner_key=(await api_keys.create(other, Role.OWNER, "other owner")).key,
            phone_number_id=await _create_number(engine, other, NUMBER_OF_THE_OTHER, Architecture.PIPELINE),
        ),
        phone_numbers=PhoneNumbers(
            pipeline=numbers[Architecture.PIPELINE],
            realtime=numbers[Architecture.REALTIME],
            text=numbers[Architecture.TEXT],
            no_agent=await _create_number(engine, demo, NUMBER_WITHOUT_AGENT, None),
        ),
        carrier=CarrierAccount(account_sid=f"AC{secrets.token_hex(16)}", auth_token=secrets.token_hex(16)),
    )


async def _create_number(
    engine: Database, owner: str, number: str, kind: Architecture | None, id: str | None = None
) -> str:
    """A caller id and, where a kind is given, the agent that holds its calls; the number's id."""
    agent_id = None
    if kind is not None:
        address = AGENT_URL.format(port=NO_AGENT, architecture=kind.value)
        agent = await Agents(engine).create(owner, f"{kind.value.capitalize()} agent", kind, Audio.WEBSOCKET, address)
        agent_id = agent.id
    created = await StoredNumbers(engine).create(
        owner,
        number,
        agent_id=agent_id,
        label=f"Demo, {kind.value if kind else 'no agent'}",
        calls_per_second=CALLS_PER_SECOND,
        granted_by=OPERATOR,
        id=id,
    )
    return created.id
