"""Query parameters that nobody reads are ignored, and the answer says so."""

import httpx
import pytest

from tests.api.client import Api, refused

WARNINGS = "X-Outdial-Warnings"


async def ask(api: Api, address: str) -> httpx.Response:
    return await api.http.get(address, headers=api.key)


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_an_unknown_parameter_is_ignored_and_named(api: Api, prefix: str) -> None:
    answer = await ask(api, f"{prefix}/do-not-call?limit=1&offset=2&pageSize=3")
    assert (answer.status_code, answer.json()["pageSize"]) == (200, 3)
    assert answer.headers[WARNINGS] == (
        'Unknown query parameters were ignored: "limit", "offset". Known here: page, pageSize, search.'
    )


async def test_known_parameters_are_not_warned_of(api: Api) -> None:
    job_id = await api.new_job()
    for path in (
        "/batch/jobs?status=completed&page=1&pageSize=5&search=x&organizationId=" + api.tenant.id,
        f"/batch/jobs/{job_id}?contactStatus=pending&contactsPage=1&contactsPageSize=5",
        f"/batch/jobs/{job_id}/results?format=jsonl",
        "/phone-numbers?page=1&pageSize=1&search=1",
        "/healthz",
    ):
        answer = await ask(api, path)
        assert (path, answer.status_code, answer.headers.get(WARNINGS)) == (path, 200, None)


async def test_commands_and_refusals_warn_too(api: Api) -> None:
    job_id = await api.new_job()
    answer = await api.post(f"/batch/jobs/{job_id}/cancel?hangUp=true")
    assert answer.status_code == 200
    assert answer.headers[WARNINGS] == 'Unknown query parameters were ignored: "hangUp". Known here: none.'
    answer = await ask(api, "/batch/jobs?page=0&Status=running")
    refused(answer, 400, "invalid_page")
    assert '"Status"' in answer.headers[WARNINGS]


async def test_any_name_can_be_named(api: Api) -> None:
    names = ["\u00fc\r\nX-Evil: 1", "\u260e" * 99, "", *(f"n{number}" for number in range(20))]
    answer = await api.http.get("/batch/jobs", params=dict.fromkeys(names, "1"), headers=api.key)
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert r'"\u00fc\ufffd\ufffdX-Evil: 1"' in answer.headers[WARNINGS]
    assert " and 18 more. Known here: " in answer.headers[WARNINGS]
