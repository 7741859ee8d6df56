"""What tests of an organization's own things share: requests with any key, and the platform's."""

from typing import Any

import httpx

from tests.api.client import PLATFORM_KEY

AGENT = {"name": "Ava", "audioUrl": "wss://agent.example.com/calls"}


async def ask(http: httpx.AsyncClient, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A request with a key; a body is sent as JSON."""
    named = {"Authorization": f"Bearer {key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.request(method, path, json=body, headers=named)


async def as_platform(http: httpx.AsyncClient, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return await ask(http, PLATFORM_KEY, method, path, body, **headers)
