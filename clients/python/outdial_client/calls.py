"""One request as an operation describes it, before it is made into HTTP."""

import json
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import uuid4

from outdial_client.base import Body, Model


@dataclass(frozen=True)
class Upload:
    """A contact file: CSV or XLSX, at most 10 MB. Its name is for people; the API looks at the content."""

    content: bytes
    name: str = "contacts.csv"

    @classmethod
    def read(cls, source: str | Path | BinaryIO) -> "Upload":
        """A file by its path, or one that is open. Raises OSError."""
        if isinstance(source, str | Path):
            path = Path(source)
            return cls(path.read_bytes(), path.name)
        return cls(source.read(), Path(getattr(source, "name", "contacts.csv")).name)


Content = bytes | BinaryIO | Iterable[bytes]  # of a body that is a file, of which no more than a piece is in memory
AsyncContent = bytes | AsyncIterable[bytes]


@dataclass(frozen=True)
class Call:
    """`takes_key`: the API does it once for each idempotency key."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Body | None = None
    file: Upload | None = None
    content: Content | AsyncContent | None = None
    takes_key: bool = False
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again though it may have been done."""
        return self.method == "GET" or self.key is not None

    def with_key(self) -> "Call":
        """With an idempotency key of its own where it takes one and has none."""
        return replace(self, key=uuid4().hex) if self.takes_key and self.key is None else self

    def request(self) -> dict[str, Any]:
        """The arguments of `httpx.Client.build_request`."""
        headers = dict(self.headers) | ({} if self.key is None else {"Idempotency-Key": self.key})
        query = {name: value for name, value in self.query.items() if value is not None}
        made = {"method": self.method, "url": self.path, "params": query, "headers": headers}
        fields = self.body.to_api() if isinstance(self.body, Model) else self.body
        if self.file is not None:
            return made | {"data": _form(fields or {}), "files": {"file": (self.file.name, self.file.content)}}
        if self.content is not None:
            return made | {"content": self.content}
        return made if fields is None else made | {"json": fields}


def _form(fields: Mapping[str, Any]) -> dict[str, str]:
    """As a form holds them: what is null is left out, what is no text is JSON."""
    given = {name: value for name, value in fields.items() if value is not None}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def path_of(template: str, **ids: str) -> str:
    """The path of one thing; an id is one segment of it, whatever it holds."""
    return template.format(**{name: quote(value, safe="") for name, value in ids.items()})
