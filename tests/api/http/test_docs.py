"""The OpenAPI page: complete, and without a network."""

import re

import httpx


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
