"""What creating a job would come to, without storing anything."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.tables import batch_jobs, contacts, organizations
from tests.api.client import Api, Tenant, new_tenant, numbers, refused


async def validate(api: Api, people: Any, key: str | None = None, **fields: Any) -> httpx.Response:
    body = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Test", "contacts": people} | fields
    headers = api.key if key is None else {"Authorization": f"Bearer {key}"}
    return await api.http.post("/batch/validate", json=body, headers=headers)


async def said(api: Api, people: Any, **fields: Any) -> dict[str, Any]:
    answer = await validate(api, people, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def set_organization(records: Database, tenant: Tenant, **values: Any) -> None:
    async with records.begin() as connection:
        await connection.execute(sa.update(organizations).where(organizations.c.id == tenant.id).values(values))


async def test_the_whole_report_and_nothing_stored(api: Api, records: Database) -> None:
    await set_organization(records, api.tenant, allowed_countries=["US"])
    file = b"phone,name\n+12025550101,Ada\n+13105550102,Bob\n+1202,Cy\n+12025550101,Ada\n+493012345678,De\n\n"
    form = {"fromPhoneNumberId": (None, api.tenant.pipeline), "name": (None, "Test"), "file": ("c.csv", file)}

    answer = await api.http.post("/batch/validate", files=form, headers=api.key)

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["wouldBeCreated"] is True
    assert found["obstacles"] == []
    assert (found["totalContacts"], found["blockedContacts"]) == (3, 1)
    assert (found["estimatedCost"], found["estimatedDuration"]) == ("$0.07", "2 minutes")
    assert found["validation"]["invalidTotal"] == 1
    assert found["validation"]["duplicatesTotal"] == 1
    assert found["countries"] == [
        {"country": "US", "contacts": 2, "allowed": True},
        {"country": "DE", "contacts": 1, "allowed": False},
    ]
    assert found["timezones"] == [
        {"zones": ["America/Los_Angeles"], "contacts": 1},
        {"zones": ["America/New_York"], "contacts": 1},
        {"zones": ["Europe/Berlin"], "contacts": 1},
    ]
    assert found["credits"] == {"needed": "0.070000", "free": "100.000000", "enough": True}
    assert (await api.get("/batch/jobs")).json()["total"] == 0
    async with records.connect() as connection:
        for table in (batch_jobs, contacts):
            where = table.c.organization_id == api.tenant.id
            assert await connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) == 0


async def test_a_member_may_ask(api: Api) -> None:
    answer = await validate(api, [{"phone": "+12025550101"}], key=api.tenant.member)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("limit", "binding", "usable"), [(3, "job", 3), (5, "job", 5), (9, "organization", 5)])
async def test_the_smaller_limit_on_lines_binds(api: Api, limit: int, binding: str, usable: int) -> None:
    people = [{"phone": number} for number in numbers(20)]

    found = await said(api, people, concurrentCallLimit=limit)

    assert found["bindingLimit"] == binding
    assert found["lines"] == {"job": limit, "organization": 5, "usable": usable}


async def test_credits_bind_where_they_do_not_cover_the_estimate(http: httpx.AsyncClient, records: Database) -> None:
    poor = Api(http, await new_tenant(records, credits=Decimal("0.05")))

    found = await said(poor, [{"phone": number} for number in numbers(2)])

    assert found["bindingLimit"] == "credits"
    assert found["wouldBeCreated"] is False
    assert [obstacle["code"] for obstacle in found["obstacles"]] == ["insufficient_credits"]
    assert found["credits"] == {"needed": "0.070000", "free": "0.050000", "enough": False}


async def test_unlimited_credits_never_bind(http: httpx.AsyncClient, records: Database) -> None:
    rich = Api(http, await new_tenant(records, credits=None))

    found = await said(rich, [{"phone": "+12025550101"}])

    assert found["credits"] == {"needed": "0.035000", "free": None, "enough": True}


async def test_the_window_binds_where_it_makes_the_job_longer(api: Api) -> None:
    people = [{"phone": number} for number in numbers(100)]
    window = {"from": "09:00", "to": "09:02", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}

    found = await said(api, people, callingWindow=window, scheduledStartTime="2027-01-04T05:00Z")

    assert found["bindingLimit"] == "window"
    assert found["estimatedFinish"] > "2027-01-05"


async def test_an_earliest_time_of_ones_own_makes_the_job_longer(api: Api) -> None:
    people = [{"phone": "+12025550101"}, {"phone": "+12025550102", "after": "2027-01-09T10:00Z"}]

    found = await said(api, people, notBeforeColumn="after", scheduledStartTime="2027-01-04T05:00Z")

    assert found["estimatedFinish"].startswith("2027-01-09T10:0")
    assert found["bindingLimit"] == "window"
    assert any("the contacts' earliest times and 5 lines" in warning for warning in found["validation"]["warnings"])


async def test_an_end_that_comes_too_early_leaves_people_out(api: Api) -> None:
    people = [{"phone": number} for number in numbers(100)]

    found = await said(
        api, people, scheduledStartTime="2027-01-04T05:00Z", endTime="2027-01-04T05:04Z", concurrentCallLimit=5
    )

    assert found["estimatedFinish"] is None
    assert found["bindingLimit"] == "window"
    assert any("not reached" in warning for warning in found["validation"]["warnings"])


async def test_overlapping_contacts_are_an_obstacle_where_the_job_refuses_them(api: Api) -> None:
    await api.new_job()
    people = [{"phone": "+12025550101"}, {"phone": "+12025550102"}]

    found = await said(api, people, onOverlap="reject")

    assert [obstacle["code"] for obstacle in found["obstacles"]] == ["overlapping_contacts"]
    assert found["totalContacts"] == 2
    assert (await said(api, people, onOverlap="skip"))["totalContacts"] == 1


async def test_nobody_left_is_an_obstacle(api: Api) -> None:
    await api.new_job()

    found = await said(api, [{"phone": "+12025550101"}], onOverlap="skip")

    assert [obstacle["code"] for obstacle in found["obstacles"]] == ["no_valid_contacts"]
    assert (found["totalContacts"], found["estimatedCost"]) == (0, "$0.00")


@pytest.mark.parametrize(
    ("people", "fields", "status", "code"),
    [
        ([], {}, 400, "no_valid_contacts"),
        ([{"phone": "1"}], {}, 400, "invalid_phone_format"),
        ([{"phone": "+12025550101"}], {"name": ""}, 400, "invalid_request"),
        ([{"phone": "+12025550101"}], {"timezone": "x"}, 400, "invalid_timezone"),
        ([{"phone": "+12025550101"}], {"fromPhoneNumberId": "phone_0"}, 404, "phone_number_not_found"),
    ],
)
async def test_what_is_wrong_with_the_request_is_an_error(
    api: Api, people: Any, fields: dict[str, Any], status: int, code: str
) -> None:
    refused(await validate(api, people, **fields), status, code)


async def test_without_a_key_nothing_is_said(api: Api) -> None:
    refused(await validate(api, [], key="nonsense"), 401, "unauthorized")
