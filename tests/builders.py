"""What tests begin with: organizations, numbers, contacts and jobs, what does not matter filled in."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import Any

from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.jobs.models import JobRequest, NewContact, Organization, PhoneNumber
from domain.model import Model
from domain.phone.location import ANYWHERE, locate_number
from domain.statuses import Architecture, Role
from store.contacts.packed import pack_contacts
from store.db.engine import Database
from store.jobs.repository import CreatedJob, Jobs
from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys, IssuedKey
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers

CREDITS = Decimal(1000)  # dollars
_caller_ids = count(40_000)
AUDIO_URL = "wss://agent.example/audio"


class Given(Model):
    """An organization that can call: its keys and a number with an agent."""

    organization: Organization
    owner: IssuedKey
    member: IssuedKey
    number: PhoneNumber

    @property
    def id(self) -> str:
        return self.organization.id


async def an_organization(
    engine: Database,
    *,
    name: str = "Acme",
    limit: int = 50,
    credits: Decimal | None = CREDITS,
    architecture: Architecture = Architecture.PIPELINE,
    caller_id: str | None = None,
    calls_per_second: Decimal = Decimal(1000),
) -> Given:
    """`credits` in dollars, None: unlimited; `limit`: calls at once. Its caller id is nobody else's."""
    api_keys = ApiKeys(engine)
    organization = await Organizations(engine).create(name, limit, credits, allowed_countries=(ANYWHERE,))
    agent = await Agents(engine).create(organization.id, "Ada", architecture, Audio.WEBSOCKET, AUDIO_URL)
    return Given(
        organization=organization,
        owner=await api_keys.create(organization.id, Role.OWNER, "owner"),
        member=await api_keys.create(organization.id, Role.MEMBER, "member"),
        number=await PhoneNumbers(engine).create(
            organization.id,
            caller_id or a_caller_id(),
            agent_id=agent.id,
            calls_per_second=calls_per_second,
            granted_by=OPERATOR,
        ),
    )


def a_caller_id() -> str:
    """A number that nobody else was given: a number belongs to one organization at a carrier."""
    return a_number(next(_caller_ids))


def a_number(n: int) -> str:
    """The n-th of a million numbers set aside for fiction, E.164: +1 NXX 555 01xx."""
    area, line = divmod(n, 100)
    return f"+1{200 + area // 100 % 8 * 100 + area % 100}55501{line:02}"


def contacts(count: int, *, start: int = 0, first_row: int = 2) -> list[NewContact]:
    """Contacts with numbers of their own, as if read from a file."""
    return [a_contact(first_row + i, a_number(start + i)) for i in range(count)]


def a_contact(row: int, number: str, **data: Any) -> NewContact:
    place = locate_number(number)
    return NewContact(
        row=row,
        number=number,
        data={"phone": number, "name": f"Person {row}", **data},
        country=place.country,
        zones=place.zones,
    )


def a_request(given: Given, **fields: Any) -> JobRequest:
    return JobRequest(**{"name": "Reminders", "from_phone_number_id": given.number.id, **fields})


async def a_job(engine: Database, given: Given, called: Iterable[NewContact] | int = 3, **fields: Any) -> CreatedJob:
    """A stored job of `called` contacts (or so many of them), as the API would have stored it."""
    entered = contacts(called) if isinstance(called, int) else list(called)
    return await Jobs(engine).create(
        given.id, a_request(given, **fields), given.number, pack_contacts(entered), a_report(entered)
    )


def a_report(entered: list[NewContact]) -> dict[str, Any]:
    """The validation report of a request in which nothing was wrong."""
    return {
        "rows": len(entered),
        "valid": len(entered),
        "blank": 0,
        "invalidTotal": 0,
        "invalid": [],
        "duplicatesTotal": 0,
        "duplicates": [],
        "warnings": [],
    }
