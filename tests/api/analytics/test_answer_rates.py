"""Answer rates by API: grouped, bounded, as JSON and CSV; this week against last."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from store.tables import call_statistics
from tests.api.client import Api, Tenant, refused

TODAY = datetime.now(UTC).date()
SUMS = {"attempts", "answered", "answeredByPeople", "answeredByMachines", "answerRate", "talkSeconds", "cost"}


async def counted(records: AsyncEngine, api: Api, day: date = TODAY, **fields: Any) -> None:
    """What a job's calls came to: ten attempts, four answered."""
    row = {
        "job_id": "batch_1",
        "organization_id": api.tenant.id,
        "day": day,
        "hour": 9,
        "from_number": "+12025550100",
        "country": "US",
        "attempt": 1,
        "attempts": 10,
        "answered": 4,
        "people": 3,
        "machines": 1,
        "talk_seconds": 240,
        "cost": Decimal("0.07"),
    }
    async with records.begin() as connection:
        await connection.execute(sa.insert(call_statistics).values(row | fields))


async def rates(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.get("/analytics/answer-rates", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_hours_come_in_order_with_their_rate_and_the_sum(api: Api, records: AsyncEngine) -> None:
    await counted(records, api, hour=17, answered=1)
    await counted(records, api)
    await counted(records, api, hour=9, country="CA")
    found = await rates(api)
    assert found["by"] == "hour"
    assert [(one["key"], one["attempts"], one["answerRate"]) for one in found["entries"]] == [
        ("9", 20, 0.4),
        ("17", 10, 0.1),
    ]
    assert set(found["entries"][0]) == SUMS | {"key", "name"}
    assert found["overall"] == {
        "attempts": 30,
        "answered": 9,
        "answeredByPeople": 9,
        "answeredByMachines": 3,
        "answerRate": 0.3,
        "talkSeconds": 720,
        "cost": "0.21",
    }
    assert (found["total"], found["page"], found["pageSize"]) == (2, 1, 100)
    assert date.fromisoformat(found["to"]) - date.fromisoformat(found["from"]) == timedelta(days=27)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("weekday", ["mon", "sun"]),
        ("day", ["2026-03-22", "2026-03-23"]),
        ("number", ["+12025550101", "+12025550100"]),
        ("country", ["CA", None]),
        ("attempt", ["1", "2"]),
        ("job", ["batch_2", "batch_1"]),
    ],
)
async def test_every_dimension_has_its_keys(api: Api, records: AsyncEngine, by: str, keys: list[str | None]) -> None:
    await counted(records, api, date(2026, 3, 22), country=None, attempt=2)
    more = {"from_number": "+12025550101", "job_id": "batch_2", "attempts": 20, "country": "CA"}
    await counted(records, api, date(2026, 3, 23), **more)
    found = await rates(api, by=by, **{"from": "2026-03-01", "to": "2026-03-31"})
    assert [one["key"] for one in found["entries"]] == keys


async def test_a_job_is_named_where_it_is_still_there(api: Api, records: AsyncEngine) -> None:
    job_id = await api.new_job(name="Reminders")
    await counted(records, api, job_id=job_id)
    found = await rates(api, by="job")
    assert [(one["key"], one["name"]) for one in found["entries"]] == [(job_id, "Reminders")]


async def test_one_job_or_number_is_looked_at(api: Api, records: AsyncEngine) -> None:
    await counted(records, api)
    await counted(records, api, job_id="batch_2", from_number="+12025550101", attempts=7)
    assert (await rates(api, batchJobId="batch_2"))["overall"]["attempts"] == 7
    assert (await rates(api, fromNumber="+12025550101"))["overall"]["attempts"] == 7
    assert (await rates(api, fromNumber="+1\0"))["overall"]["attempts"] == 0


async def test_nothing_is_known_of_another_organizations_calls(api: Api, other: Tenant, records: AsyncEngine) -> None:
    await counted(records, api)
    found = await rates(Api(api.http, other))
    assert (found["entries"], found["overall"]["answerRate"]) == ([], None)


async def test_a_page_has_so_many_entries(api: Api, records: AsyncEngine) -> None:
    for hour in range(5):
        await counted(records, api, hour=hour)
    found = await rates(api, page=2, pageSize=2)
    assert ([one["key"] for one in found["entries"]], found["total"]) == (["2", "3"], 5)
    assert found["overall"]["attempts"] == 50


async def test_csv_has_all_of_them_in_one_file(api: Api, records: AsyncEngine) -> None:
    for last in range(3):
        await counted(records, api, from_number=f"+1202555010{last}", attempts=10 + last)
    answer = await api.get("/analytics/answer-rates", by="number", format="csv", pageSize=1)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "answer-rates-by-number-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == ["+12025550102", "+12025550101", "+12025550100"]
    assert rows[2] | {"number": ""} == {
        "number": "",
        "name": "",
        "attempts": "10",
        "answered": "4",
        "answeredByPeople": "3",
        "answeredByMachines": "1",
        "answerRate": "0.4",
        "talkSeconds": "240",
        "cost": "0.07",
    }


async def test_a_name_in_a_file_is_no_formula(api: Api, records: AsyncEngine) -> None:
    await counted(records, api, job_id=await api.new_job(name="=1+1"))
    answer = await api.get("/analytics/answer-rates", by="job", format="csv")
    assert ",'=1+1," in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "mood"}, "by"),
        ({"format": "xlsx"}, "format"),
        ({"from": "yesterday"}, "from"),
        ({"to": "20260329"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "2026-01-01", "to": "2026-04-03"}, "from"),  # 93 days
    ],
)
async def test_what_is_out_of_bounds_is_refused(api: Api, query: dict[str, str], field: str) -> None:
    body = refused(await api.get("/analytics/answer-rates", **query), 400, "invalid_request")
    assert [detail["field"] for detail in body["details"]] == [field]


async def test_a_quarter_of_a_year_may_be_asked_for_and_the_first_day_there_is(api: Api) -> None:
    assert (await rates(api, **{"from": "2026-01-01", "to": "2026-04-02"}))["entries"] == []
    assert (await rates(api, to="0001-01-01"))["from"] == "0001-01-01"
    assert (await rates(api, **{"from": "0001-01-01"}))["to"] == "0001-04-02"
    assert (await rates(api, **{"from": "9999-12-31"}))["to"] == "9999-12-31"


async def test_this_week_is_compared_with_last(api: Api, records: AsyncEngine) -> None:
    now = datetime.now(UTC)
    await counted(records, api, now.date(), hour=now.hour)
    await counted(records, api, now.date() - timedelta(days=7), hour=now.hour, answered=2)
    answer: httpx.Response = await api.get("/analytics/weeks")
    found = answer.json()
    assert found["monday"] == (now.date() - timedelta(days=now.weekday())).isoformat()
    assert found["timezone"] == "UTC"
    assert (found["thisWeek"]["answerRate"], found["lastWeekUntilThen"]["answerRate"]) == (0.4, 0.2)
    assert (found["lastWeek"]["attempts"], found["change"]) == (10, 0.2)


async def test_a_zone_that_is_none_is_refused(api: Api) -> None:
    refused(await api.get("/analytics/weeks", timezone="Mars/Olympus"), 400, "invalid_timezone")
    assert (await api.get("/analytics/weeks", timezone="Asia/Tokyo")).json()["timezone"] == "Asia/Tokyo"
