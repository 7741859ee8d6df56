"""What the agent will not receive is said when contacts come in."""

from typing import Any

import pytest

from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.statuses import Architecture
from store.db.engine import Database
from store.organizations.agents import Agents
from store.organizations.phone_numbers import PhoneNumbers
from tests.api.client import Api

LONG = "x" * 1_100
CONTACTS = [
    {"phone": "+12025550101", "name": "Ada", "notes": "short"},
    {"phone": "+12025550102", "name": "Bo", "notes": LONG},
    {"phone": "+12025550103", "name": "Cy", "notes": LONG},
]
LEFT_OUT = (
    'Rows 2, 3: "notes" will not reach the agent: all columns together are longer than the carrier passes on, and it is'
    " the longest that are left out. `outdial_truncated` tells it so."
)
CUT = (
    'Rows 2, 3: "notes" is longer than the carrier passes on, and the agent will receive its beginning.'
    " `outdial_truncated` tells it so."
)


@pytest.fixture
async def sip_number(api: Api, records: Database) -> str:
    return await number_with(api, records, Audio.SIP, "sip:ava@agents.example.test")


async def number_with(api: Api, records: Database, audio: Audio, url: str) -> str:
    agent = await Agents(records).create(api.tenant.id, "Ava", Architecture.PIPELINE, audio, url)
    numbers = PhoneNumbers(records)
    created = await numbers.create(api.tenant.id, api.tenant.granted, agent_id=agent.id, granted_by=OPERATOR)
    return created.id


def warnings(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()["validation"]["warnings"]
    return found


async def test_create_validate_and_append_name_what_a_sip_agent_will_not_receive(api: Api, sip_number: str) -> None:
    body = {"fromPhoneNumberId": sip_number, "name": "Test", "contacts": CONTACTS}
    assert LEFT_OUT in warnings(await api.post("/batch/validate", json=body))
    created = await api.send_json(body)
    assert LEFT_OUT in warnings(created)
    job = created.json()["batchJobId"]
    more = [contact | {"phone": f"+1202555011{n}"} for n, contact in enumerate(CONTACTS)]
    assert LEFT_OUT in warnings(await api.post(f"/batch/jobs/{job}/contacts", json={"contacts": more}))


async def test_a_value_that_a_websocket_agent_receives_in_part_is_named(api: Api) -> None:
    assert CUT in warnings(await api.send(CONTACTS))


async def test_an_agent_behind_a_twiml_address_receives_more(api: Api, records: Database) -> None:
    number = await number_with(api, records, Audio.TWIML, "https://agent.example.test/twiml")
    assert not [one for one in warnings(await api.send(CONTACTS, fromPhoneNumberId=number)) if "notes" in one]
    longer = [{"phone": "+12025550102", "notes": "é" * 1_000}]
    assert "will not reach the agent" in str(warnings(await api.send(longer, fromPhoneNumberId=number)))


async def test_a_column_that_is_named_like_ours_is_said_not_to_reach_the_agent(api: Api) -> None:
    said = warnings(await api.send([{"phone": "+12025550101", "Outdial Plan": "pro"}]))
    assert '"Outdial Plan" does not reach the agent: names that begin with `outdial_` are the service\'s own.' in said


async def test_contacts_that_arrive_whole_bring_no_warning(api: Api, sip_number: str) -> None:
    rows = [{"phone": "+12025550101", "name": "Ada Lovelace", "city": "Größenwahnstadt", "plan": "a" * 300}]
    assert not [one for one in warnings(await api.send(rows, fromPhoneNumberId=sip_number)) if "agent" in one]
