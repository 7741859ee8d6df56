"""A browser without JavaScript: it keeps cookies, sends its origin, and reads the token of a page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

CSRF = re.compile(r'name="csrf(?:-token)?" (?:content|value)="([^"]*)"')
TAG = re.compile(r"<[^>]+>")


@dataclass
class Visitor:
    client: httpx.AsyncClient
    csrf: str = ""

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator["Visitor"]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield cls(client)

    @property
    def origin(self) -> str:
        return str(self.client.base_url).rstrip("/")

    async def sign_in(self, key: str, **others: str) -> httpx.Response:
        form = await self.client.get("/console/sign-in")
        fields = {"csrf": CSRF.findall(form.text)[0], "key": key} | others
        answer = await self.client.post("/console/sign-in", data=fields, headers={"Origin": self.origin})
        if answer.status_code == 303:
            self.csrf = CSRF.findall(await self.read("/console"))[0]
        return answer

    async def read(self, path: str) -> str:
        """A page's HTML."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.headers, answer.text)
        return answer.text

    async def text(self, path: str) -> str:
        """What can be read on a page."""
        return words(await self.read(path))

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As the page's scripts do."""
        headers = {"Origin": self.origin, "X-CSRF-Token": self.csrf} | more.pop("headers", {})
        return await self.client.request(method, f"/console/api{path}", headers=headers, **more)


def words(html: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(TAG.sub(" ", body))).strip()
