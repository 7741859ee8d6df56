"""What create says of the hours in which people are called."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from store.db.engine import Database
from tests.api.client import Api

NINE_TO_FIVE = {"from": "09:00", "to": "17:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "holidays": "US"}
SENTENCE = (
    "Calls are made from 09:00 to 17:00 on mon, tue, wed, thu, fri, by the clock where the contact is,"
    " not on holidays of US"
)


async def test_that_no_window_is_set_is_said(api: Api) -> None:
    message = (await api.send()).json()["message"]
    assert "No calling window is set: calls may be made at any hour." in message


async def test_the_window_of_the_job_is_said(api: Api) -> None:
    assert f"{SENTENCE}." in (await api.send(callingWindow=NINE_TO_FIVE)).json()["message"]
    preset = (await api.send(callingWindow="us-federal")).json()["message"]
    assert "Calls are made from 08:00 to 21:00" in preset
    assert "(calling window us-federal)." in preset


async def test_the_window_of_the_organization_is_said(api: Api, records: Database) -> None:
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE organizations SET calling_window = :window WHERE id = :id").bindparams(
                sa.bindparam("window", type_=sa.JSON)
            ),
            {
                "id": api.tenant.id,
                "window": {
                    "from_": "09:00:00",
                    "to": "17:00:00",
                    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
                    "holidays": "US",
                },
            },
        )
    assert f"{SENTENCE} (the organization's calling window)." in (await api.send()).json()["message"]
    own = (await api.send(callingWindow={"from": "10:00", "to": "24:00"})).json()["message"]
    assert "Calls are made from 10:00 to 24:00, by the clock where the contact is." in own


async def test_a_window_too_small_for_the_job_is_a_warning(api: Api) -> None:
    """15 contacts, 5 lines, 2 minutes each: 6 minutes; the window has one, and the job ends after two days."""
    contacts = [{"phone": f"+120255501{last:02d}"} for last in range(15)]
    end = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    one_minute = {"from": "12:00", "to": "12:01"}
    body = (await api.send(contacts, callingWindow=one_minute, endTime=end)).json()
    warnings = [warning for warning in body["validation"]["warnings"] if "likely not reached" in warning]
    assert len(warnings) == 1
    assert "before endTime" in warnings[0]


async def test_what_a_job_keeps_of_the_rules_is_shown(api: Api) -> None:
    job_id = await api.new_job(
        priority=7,
        callingWindow=NINE_TO_FIVE,
        startWithin=30,
        contactFrequency={"callsPer24Hours": 1, "callsPer7Days": 3, "quietHours": 48},
        circuitBreaker=False,
        maxCost="2.5",
        retryPolicy={
            "maxAttempts": 4,
            "delaysMinutes": [10, 60],
            "retryableStatuses": ["busy"],
            "onVoicemail": "retry",
            "onDeclined": "retry",
            "retriesFirst": True,
        },
    )
    job = await api.job(job_id)
    assert job["callingWindow"] == NINE_TO_FIVE
    assert (job["priority"], job["startWithin"], job["circuitBreaker"]) == (7, 30, False)
    assert (job["maxCost"], job["spent"], job["statusReason"], job["endTime"]) == ("2.50", "0.00", None, None)
    assert job["contactFrequency"] == {"callsPer24Hours": 1, "callsPer7Days": 3, "quietHours": 48}
    assert job["retryPolicy"] == {
        "maxAttempts": 4,
        "retryableStatuses": ["busy"],
        "delaysMinutes": [10, 60],
        "onVoicemail": "retry",
        "onDeclined": "retry",
        "onScreened": "complete",
        "retriesFirst": True,
    }


async def test_what_is_not_sent_has_its_default(api: Api) -> None:
    job = await api.job(await api.new_job())
    assert job["retryPolicy"] == {
        "maxAttempts": 3,
        "retryableStatuses": ["no_answer", "busy", "timeout"],
        "delaysMinutes": [5, 30, 120],
        "onVoicemail": "complete",
        "onDeclined": "fail",
        "onScreened": "complete",
        "retriesFirst": False,
    }
    shown = ("priority", "timezone", "callingWindow", "contactFrequency", "endTime", "startWithin", "circuitBreaker")
    assert [job[name] for name in shown] == [5, "UTC", None, None, None, 120, True]
    assert job["onMachine"] == "talk"
    assert (job["maxCost"], job["spent"]) == (None, "0.00")
