"""The organization of which the OpenAPI page's examples speak: what they name by id is there."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.campaigns.models import CampaignRequest
from domain.jobs.models import JobRequest
from domain.phone.location import ANYWHERE
from domain.statuses import Architecture, Role
from domain.webhooks.events import EventType
from store.campaigns.repository import Campaigns
from store.contacts.packed import pack_contacts
from store.db.engine import Database
from store.db.vault import Vault
from store.jobs.repository import Jobs
from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from store.tables import contacts as contact_rows
from store.webhooks.endpoints import EndpointRequest, Webhooks
from tests.api.client import CALLER_ID, SECRET
from tests.api.results import Rows
from tests.builders import a_report, contacts


def example(kind: str) -> str:
    """The id that stands in the page's examples."""
    return f"{kind}_0123456789abcdef01234567"


async def put_in(records: Database) -> dict[str, str]:
    """Store all of it: a scheduled job of three contacts, one of them called. Answers a key for each role."""
    api_keys, phone_numbers = ApiKeys(records), PhoneNumbers(records)
    organization = await Organizations(records).create(
        "Clinic", 5, Decimal(100), allowed_countries=(ANYWHERE,), id=example("org")
    )
    keys = {role.value: (await api_keys.create(organization.id, role, role)).key for role in Role}
    await api_keys.create(organization.id, Role.MEMBER, "Nightly import", id=example("key"))
    await Agents(records).create(
        organization.id,
        "Ava",
        Architecture.PIPELINE,
        Audio.WEBSOCKET,
        "wss://agent.example.com/calls",
        id=example("agent"),
    )
    await phone_numbers.create(
        organization.id,
        CALLER_ID,
        agent_id=example("agent"),
        label="Main",
        granted_by=OPERATOR,
        id=example("phone"),
    )
    await _job(records, phone_numbers, organization.id)
    settings = JobRequest(name="Appointments in May", from_phone_number_id=example("phone"))
    request = CampaignRequest(settings=settings)
    await Campaigns(records).create(organization.id, request, by=OPERATOR, id=example("campaign"))
    endpoint = EndpointRequest(url="https://example.com/hooks/outdial", events=(EventType.BATCH_COMPLETED,))
    await Webhooks(records, Vault.from_setting(SECRET)).create(organization.id, endpoint, id=example("webhook"))
    return keys


async def _job(records: Database, phone_numbers: PhoneNumbers, organization_id: str) -> None:
    number = await phone_numbers.find(organization_id, example("phone"))
    assert number is not None
    now = datetime.now(UTC)
    request = JobRequest(
        name="Appointments in May",
        from_phone_number_id=number.id,
        scheduled_start_time=now + timedelta(days=30),
    )
    called, report = pack_contacts(contacts(3)), a_report(contacts(3))
    await Jobs(records).create(organization_id, request, number, called, report, id=example("batch"))
    rows = Rows(records, example("batch"))
    first = (await rows.contact_ids())[0]
    async with records.begin() as connection:
        await connection.execute(
            sa.update(contact_rows)
            .where(contact_rows.c.id == first)
            .values(id=example("contact"), status="completed", attempts=1, completed_at=now)
        )
    await rows.dial(
        example("contact"),
        1,
        now,
        id=example("call"),
        ended_at=now,
        outcome="answered",
        call_seconds=60,
        cost=Decimal("0.0175"),
    )
