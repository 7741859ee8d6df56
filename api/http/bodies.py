"""Request bodies, read within their limits: a form with a file, or JSON.

Forms go through python-multipart's parser, not Starlette's `request.form()`: a `file` counts without a file name too,
one over 10 MB is refused as such while it is read, whatever the body's size, and a form without its end is refused.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.http.body_budget import BodyShare
from api.http.lenient_forms import PART_LIMIT, as_strict_form
from domain.errors import InvalidCsv, InvalidRequest
from domain.jobs.create_request import KNOWN_FIELDS
from domain.requests.limits import MAX_FILE_BYTES

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEGABYTE = 1024 * 1024
JSON_LIMIT = 32 * MEGABYTE  # 10,000 contacts of 3 KB each; also of a form, where contacts may be JSON text
SMALL_LIMIT = 64 * 1024  # of a body that holds options only

FORM = b"multipart/form-data"
URL_ENCODED = b"application/x-www-form-urlencoded"
JSON = b"application/json"


@dataclass(frozen=True)
class Form:
    """A form as it was sent: of a field sent twice, the last."""

    file: bytes | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JsonBody:
    """A JSON body, not yet parsed: that is done where it does not hold up other requests."""

    content: bytes
    charset: str | None = None


async def read_body(request: Request, share: BodyShare, held: str = "contacts") -> Form | JsonBody:
    """Read a form with a file, or JSON that holds what `held` names. Raises InvalidRequest, InvalidCsv, Unavailable."""
    refuse_encodings(request)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == JSON:
        charset = options.get(b"charset", b"").decode("latin-1") or None
        return JsonBody(content=await _read(request, JSON_LIMIT, share), charset=charset)
    if kind == URL_ENCODED:
        return _url_encoded(await _read(request, JSON_LIMIT, share))
    if kind == FORM:
        return await _form(request, options.get(b"boundary", b""), share)
    raise InvalidRequest(f"Send multipart/form-data with a file, or application/json with {held}.")


async def read_small(request: Request) -> bytes:
    """Read a body that holds options at most. Raises InvalidRequest."""
    refuse_encodings(request)
    return await _read(request, SMALL_LIMIT)


def refuse_encodings(request: Request) -> None:
    """Raises InvalidRequest for a body that is compressed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise InvalidRequest("The body is compressed. Send it without a Content-Encoding.")


async def _read(request: Request, limit: int, share: BodyShare | None = None) -> bytes:
    body = bytearray()
    async for chunk in _within(request, limit, share):
        body += chunk
    return bytes(body)


async def _within(request: Request, limit: int, share: BodyShare | None) -> AsyncIterator[bytes]:
    """The body's chunks. Raises InvalidRequest as soon as it is seen to be longer than `limit` bytes."""
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > limit:
            raise InvalidRequest(f"The body is larger than {_size(limit)}.")
        if share is not None:
            share.add(len(chunk))
        yield chunk


def _size(limit: int) -> str:
    return f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} KB"


async def _form(request: Request, boundary: bytes, share: BodyShare) -> Form:
    if not boundary:
        raise InvalidRequest("The form's Content-Type has no boundary.")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        async for chunk in as_strict_form(_within(request, JSON_LIMIT, share), boundary):
            parser.write(chunk)
    except FormParserError as error:
        raise InvalidRequest("The body is not a form with the boundary that its Content-Type names.") from error
    if not parts.ended:
        raise InvalidRequest("The form ends before its closing boundary.")
    return parts.form()


def _too_large_a_file() -> InvalidCsv:
    return InvalidCsv(f"The file is larger than {_size(MAX_FILE_BYTES)}. Split it into several jobs.")


def _url_encoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PART_LIMIT)
    except ValueError as error:
        raise InvalidRequest("The form is not URL-encoded UTF-8 text.") from error
    return Form(fields=dict(pairs))


class _Parts:
    """Collects what the multipart parser finds."""

    def __init__(self) -> None:
        self.ended = False
        self._found: dict[str, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._name: str | None = None
        self._content = bytearray()
        self._count = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._more_of_header_name,
            "on_header_value": self._more_of_header_value,
            "on_header_end": self._end_header,
            "on_part_data": self._more_of_content,
            "on_part_end": self._end,
            "on_end": self._end_all,
        }

    def form(self) -> Form:
        file = self._found.pop("file", None)
        return Form(file=file, fields={name: _text(name, content) for name, content in self._found.items()})

    def _begin(self) -> None:
        self._name = None
        self._content = bytearray()
        self._count += 1
        if self._count > PART_LIMIT:
            raise InvalidRequest(f"The form has more than {PART_LIMIT} parts.")

    def _more_of_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _more_of_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._header_value))
            self._name = options[b"name"].decode("utf-8", "replace") if b"name" in options else None
        self._header_name.clear()
        self._header_value.clear()

    def _more_of_content(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            raise InvalidRequest("A part of the form has no name.")
        self._content += data[start:end]
        if self._name == "file" and len(self._content) > MAX_FILE_BYTES:
            raise _too_large_a_file()

    def _end(self) -> None:
        if self._name is not None:
            self._found[self._name] = bytes(self._content)

    def _end_all(self) -> None:
        self.ended = True


def _text(name: str, content: bytes) -> str:
    """Raises InvalidRequest; fields that are ignored may hold anything."""
    if name not in KNOWN_FIELDS:
        return content.decode("utf-8", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The field {name} is not UTF-8 text.", [{"field": name}]) from error
