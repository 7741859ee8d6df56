"""Create from JSON, over HTTP."""

import json
from typing import Any

import pytest

from tests.api.client import CONTACTS, Api, refused


async def test_contacts_keep_their_types_and_order(api: Api) -> None:
    contact = {
        "plan": "basic",
        "phone": "+12025550101",
        "age": 41,
        "score": 0.1,
        "big": 12345678901234567890123,
        "active": True,
        "none": None,
        "tags": ["a", {"b": [1, 2.5]}],
        "name": "Åsa 🎈",
    }
    job = await api.job(await api.new_job(contacts=[contact]))
    kept = job["contacts"][0]["contactData"]
    assert json.dumps(kept) == json.dumps(contact)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=none-such",
        "Application/JSON",
    ],
)
async def test_any_charset_parameter_is_taken(api: Api, content_type: str) -> None:
    body = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Ärzte", "contacts": CONTACTS}
    answer = await api.send_raw(json.dumps(body, ensure_ascii=False).encode(), content_type)
    assert answer.status_code == 200, answer.text
    assert (await api.job(answer.json()["batchJobId"]))["name"] == "Ärzte"


@pytest.mark.parametrize(
    ("contacts", "code"),
    [
        (..., "invalid_request"),
        (None, "invalid_request"),
        ("+12025550101", "invalid_request"),
        ({"phone": "+12025550101"}, "invalid_request"),
        ([], "no_valid_contacts"),
        (["+12025550101"], "invalid_phone_format"),
        ([{"name": "Ada"}], "invalid_phone_format"),
        ([{"phone": 12025550101}], "invalid_phone_format"),
        ([{"phone": None}], "invalid_phone_format"),
        ([{"phone": " +12025550101"}], "invalid_phone_format"),
        ([{"phone": "'+12025550101"}], "invalid_phone_format"),
        ([{"phone": "12025550101"}], "invalid_phone_format"),
        ([{"phone": "+1 202 555 0101"}], "invalid_phone_format"),
        ([{"phone": "+19005550101"}], "invalid_phone_format"),
        ([{"phone": "+12025550101"}] * 10_001, "too_many_contacts"),
    ],
)
async def test_contacts_that_cannot_be_used(api: Api, contacts: Any, code: str) -> None:
    refused(await api.send(contacts), 400, code)


async def test_one_bad_phone_rejects_the_request_and_is_named_by_its_index(api: Api) -> None:
    body = refused(
        await api.send([*CONTACTS, {"phone": "+1202555"}, *CONTACTS, {"phone": "x"}]), 400, "invalid_phone_format"
    )
    assert [detail["index"] for detail in body["details"]] == [1, 3]
    assert "+1202555" not in json.dumps(body["details"])


async def test_duplicates_are_called_once(api: Api) -> None:
    contacts = [{"phone": "+12025550101", "name": "first"}, {"phone": "+12025550102"}, {"phone": "+12025550101"}]
    created = (await api.send(contacts)).json()
    assert created["totalContacts"] == 2
    assert created["validation"]["duplicates"] == [{"row": 3, "firstRow": 1}]
    job = await api.job(created["batchJobId"])
    assert job["contacts"][0]["contactData"]["name"] == "first"


@pytest.mark.parametrize(
    ("inside", "path"),
    [
        ('"a": NaN', "contacts[0].a"),
        ('"a": [1, Infinity]', "contacts[0].a[1]"),
        ('"a": -Infinity', "contacts[0].a"),
        ('"a": 1e999', "contacts[0].a"),
        ('"a": "\\ud800"', "contacts[0].a"),
        ('"a": "x\\u0000y"', "contacts[0].a"),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_its_path(api: Api, inside: str, path: str) -> None:
    text = (
        f'{{"fromPhoneNumberId": "{api.tenant.pipeline}", "name": "Test",'
        f' "contacts": [{{"phone": "+12025550101", {inside}}}]}}'
    )
    body = refused(await api.send_raw(text.encode(), "application/json"), 400, "invalid_request")
    assert body["details"][0]["path"] == path


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", "null", '"text"', "[" * 100_000, "\xff\xfe\xfd"])
async def test_a_body_that_is_no_json_object(api: Api, text: str) -> None:
    refused(await api.send_raw(text.encode("latin-1"), "application/json"), 400, "invalid_request")


async def test_a_form_with_contacts_as_json_text_is_json_mode(api: Api) -> None:
    long = [{"phone": f"+1202555{last:04d}", "note": "x" * 20_000} for last in range(100, 200)]
    answer = await api.upload(None, contacts=json.dumps(long))  # 2 MB of text in one part
    assert answer.status_code == 200, answer.text
    assert answer.json()["totalContacts"] == 100
    refused(await api.upload(None, contacts="[]"), 400, "no_valid_contacts")
    refused(await api.upload(None, contacts='[{"phone": "1"}]'), 400, "invalid_phone_format")
    refused(await api.upload(None, contacts="[{"), 400, "invalid_request")


async def test_a_url_encoded_form_is_a_form_without_a_file(api: Api) -> None:
    fields = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Tést & more", "contacts": json.dumps(CONTACTS)}
    answer = await api.http.post("/batch/create", data=fields, headers=api.key)
    assert answer.status_code == 200, answer.text
    assert (await api.job(answer.json()["batchJobId"]))["name"] == "Tést & more"
    del fields["contacts"]
    refused(await api.http.post("/batch/create", data=fields, headers=api.key), 400, "invalid_csv")


async def test_a_file_and_contacts_are_one_too_many(api: Api) -> None:
    refused(await api.upload(contacts=json.dumps(CONTACTS)), 400, "invalid_request")
    assert (await api.upload(b"", contacts=json.dumps(CONTACTS))).status_code == 200
    assert (await api.upload(contacts="  ")).status_code == 200


async def test_unknown_fields_are_ignored_and_named(api: Api) -> None:
    warnings = (await api.send(color="red", retries=[1])).json()["validation"]["warnings"]
    assert any("color" in warning for warning in warnings)
    assert any("retries" in warning for warning in warnings)


async def test_a_country_that_is_none_is_named(api: Api) -> None:
    body = refused(await api.send(defaultCountry="UK"), 400, "invalid_request")
    assert body["details"] == [{"field": "defaultCountry", "reason": "is no country code of ISO 3166, such as US"}]


async def test_a_range_that_is_not_known_yet_is_called_on_request(api: Api) -> None:
    contacts = [{"phone": "+19995550101"}]
    refused(await api.send(contacts), 400, "invalid_phone_format")
    answer = await api.send(contacts, numberCheck="possible")
    assert answer.status_code == 200, answer.text
    assert "numbering data do not know" in "".join(answer.json()["validation"]["warnings"])
