"""The OpenAPI page: complete, and without a network."""

import re
from typing import Any

import httpx

from tests.api.client import CSV, Api


async def test_every_endpoint_is_described(http: httpx.AsyncClient) -> None:
    page = (await http.get("/openapi.json")).json()
    described = {(method, path): what for path, methods in page["paths"].items() for method, what in methods.items()}
    assert len({what["operationId"] for what in described.values()}) == len(described)
    for (_, path), what in described.items():
        assert what["description"]
        assert path.endswith("z") or what["security"] == [{"bearer": []}, {"apiKey": []}]
        assert "422" not in what["responses"]
    assert set(page["components"]["securitySchemes"]) == {"bearer", "apiKey"}


async def test_create_takes_a_form_or_json(http: httpx.AsyncClient) -> None:
    page = (await http.get("/openapi.json")).json()
    content = page["paths"]["/batch/create"]["post"]["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]
    body = content["application/json"]["schema"]
    assert form["required"] == ["file", "fromPhoneNumberId", "name"]
    assert body["required"] == ["contacts", "fromPhoneNumberId", "name"]
    limit = form["properties"]["concurrentCallLimit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 50, 5)


async def test_errors_have_one_shape(http: httpx.AsyncClient) -> None:
    page = (await http.get("/openapi.json")).json()
    for methods in page["paths"].values():
        for what in methods.values():
            for status, answer in what["responses"].items():
                if not status.startswith("2") and "/Readiness" not in str(answer):
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}


async def test_the_page_needs_no_network(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.status_code == 200
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert linked
    for address in linked:
        assert address.startswith("/")
        assert (await http.get(address)).status_code == 200
    assert "//" not in re.sub(r"(?m)^\s*//.*$", "", page.text).replace("https://github.com", "")
    assert (await http.get("/redoc")).status_code == 404


async def create_operation(http: httpx.AsyncClient) -> dict[str, Any]:
    page = (await http.get("/openapi.json")).json()
    operation: dict[str, Any] = page["paths"]["/batch/create"]["post"]
    return operation


async def test_the_example_of_create_works_as_the_page_fills_it_in(api: Api) -> None:
    """The number that it names is there in a local stack; here it is another."""
    operation = await create_operation(api.http)
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert example["fromPhoneNumberId"] == "phone_0123456789abcdef01234567"
    for _ in range(2):
        created = await api.send_json(example | {"fromPhoneNumberId": api.tenant.pipeline})
        assert created.status_code == 200, created.text
        assert created.json()["totalContacts"] == len(example["contacts"])


async def test_the_form_of_create_works_as_the_page_fills_it_in(api: Api) -> None:
    """Its inputs hold the first example of a field, else its default."""
    form = (await create_operation(api.http))["requestBody"]["content"]["multipart/form-data"]["schema"]
    filled = {
        name: str(schema["examples"][0] if "examples" in schema else schema["default"])
        for name, schema in form["properties"].items()
        if name != "file"
    }
    filled |= {"fromPhoneNumberId": api.tenant.pipeline, "circuitBreaker": "true"}
    assert len(filled) >= 25
    created = await api.upload(CSV, **filled)
    assert created.status_code == 200, created.text
    assert created.json()["scheduledStartTime"] is None


async def test_no_request_is_filled_in_as_one_that_was_made_before(api: Api) -> None:
    """A key of the page's would answer everybody's second request as the first."""
    (key,) = [one for one in (await create_operation(api.http))["parameters"] if one["name"] == "Idempotency-Key"]
    assert not {"example", "examples"} & (key.keys() | key["schema"].keys())


async def test_the_address_itself_leads_somewhere(http: httpx.AsyncClient) -> None:
    places = await http.get("/")
    assert places.json()["name"] == "Outdial"
    for path in set(places.json().values()) - {"Outdial", "/readyz"}:
        assert (await http.get(path)).status_code in {200, 303, 307}, path
    browser = await http.get("/", headers={"Accept": "text/html,application/xhtml+xml;q=0.9"})
    assert (browser.status_code, browser.headers["Location"]) == (307, "/console")
