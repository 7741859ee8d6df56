"""The record of what was done, as clients read it."""

from domain.audit import Action
from store.audit_log import record_action
from store.db.engine import Database
from tests.api.client import Api
from tests.api.jobs.test_lists import MOMENT
from tests.api.managing import AGENT

NUMBERS = ["+12025550101", "+12025550102"]


async def noted(records: Database, api: Api, action: Action, job_id: str | None = None) -> None:
    async with records.begin() as connection:
        details = {"concurrentCallLimit": 7}
        await record_action(connection, api.tenant.id, action, "key_1", details, job_id=job_id)


async def test_an_entry_says_when_who_what_and_of_which_job(api: Api, records: Database) -> None:
    job_id = await api.new_job()
    await noted(records, api, Action.CHANGED, job_id)
    page = (await api.get(f"/batch/jobs/{job_id}/activity")).json()
    assert set(page) == {"activity", "total", "page", "pageSize"}
    entry = page["activity"][0]
    assert entry.pop("id").startswith("activity_")
    assert MOMENT.fullmatch(entry.pop("at"))
    assert entry == {
        "jobId": job_id,
        "actor": "key_1",
        "action": "changed",
        "details": {"concurrentCallLimit": 7},
    }


async def test_the_do_not_call_list_is_recorded_without_numbers(api: Api) -> None:
    job_id = await api.new_job(contacts=[{"phone": number} for number in NUMBERS])
    listed = await api.post("/do-not-call", json={"numbers": NUMBERS, "note": f"call {NUMBERS[0]}"})
    await api.http.delete(f"/do-not-call/{NUMBERS[0]}", headers=api.key)
    answer = await api.get("/organization/activity")
    found = [entry for entry in answer.json()["activity"] if entry["action"].startswith("do_not_call")]
    assert [(entry["action"], entry["jobId"], entry["details"]) for entry in found] == [
        ("do_not_call_removed", None, {"numbers": 1}),
        ("do_not_call_added", job_id, {"contactsBlocked": 2, "source": "api"}),
        ("do_not_call_added", None, {"numbers": 2, "source": "api", "batchId": listed.json()["batchId"]}),
    ]
    assert found[0]["actor"].startswith("key_")
    assert NUMBERS[0] not in answer.text


async def test_what_is_done_to_keys_agents_numbers_and_webhooks_is_on_record(api: Api) -> None:
    hook = {"url": "https://hooks.example.test/", "events": ["batch.completed"]}
    made = {
        "key": ("/api-keys", {"name": "Import", "role": "member"}),
        "agent": ("/agents", AGENT),
        "number": ("/phone-numbers", {"number": api.tenant.granted}),
        "webhook": ("/webhooks", hook),
    }
    for path, body in made.values():
        created = await api.post(path, json=body)
        assert created.status_code == 200, created.text
        taken = await api.http.delete(f"{path}/{created.json()['id']}", headers=api.key)
        assert taken.status_code == 200, taken.text

    entries = (await api.get("/organization/activity", pageSize=8)).json()["activity"]

    ended = {"key": "revoked", "webhook": "deleted"}
    expected = [f"{kind}_{verb}" for kind in made for verb in ("created", ended.get(kind, "removed"))]
    assert [entry["action"] for entry in reversed(entries)] == expected
    assert len({entry["actor"] for entry in entries}) == 1
    assert entries[0]["actor"].startswith("key_")
    assert api.tenant.granted not in str(entries)
