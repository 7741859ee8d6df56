"""The API as the command line sees it: one request, one answer, or a `Failure` that says what happened."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import httpx
import typer

from cli.errors import ExitCode, Failure
from cli.flag_names import say_field, say_flags
from cli.options import STANDARD_INPUT, given
from cli.profiles import Profiles
from cli.render import Answer

LOCAL_API = "http://127.0.0.1:8000"

TIMEOUT = httpx.Timeout(60, connect=5)  # seconds; a cancel waits until no request for a call is on its way
UPLOAD_TIMEOUT = httpx.Timeout(120, connect=5)  # 10 MB over a slow line
DETAILS_SHOWN = 10
CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"  # OpenSSL's
UNVERIFIED = "The certificate of the API cannot be verified"
MEND_CERTIFICATE = "Where it is your own, name the file of its authority in SSL_CERT_FILE."


class ApiUnavailable(Failure):
    """No answer, or one that says to come back later. `sent`: the request may have arrived."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, ExitCode.UNAVAILABLE)
        self.sent = sent


Url = Annotated[
    str | None,
    typer.Option("--url", envvar="OUTDIAL_URL", help=f"Where the API answers; else the profile's, else {LOCAL_API}."),
]
Key = Annotated[str | None, typer.Option("--key", envvar="OUTDIAL_KEY", help="An API key; else the profile's.")]
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", envvar="OUTDIAL_PROFILE", help="Which profile; else the current one."),
]
NO_KEY = (
    "A key is needed: --key, OUTDIAL_KEY, or a profile (`outdial profile set NAME --url URL`; `outdial up` writes one)."
)


class Api:
    """A key's view of the API. Use it as a context manager."""

    def __init__(self, url: str, key: str | None, caller: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self.caller = caller  # the number that calls where a command names none

    @classmethod
    def from_options(cls, key: Key = None, url: Url = None, profile: ProfileName = None) -> Self:
        return cls(*_find_access(key, url, profile))

    @cached_property
    def _client(self) -> httpx.Client:
        """Made for the first request: a command that asks the database needs no key."""
        if self._key is None:
            raise Failure(NO_KEY, ExitCode.USAGE)
        try:
            headers = {"Authorization": f"Bearer {_clean_key(self._key)}", "User-Agent": "outdial-cli"}
            return httpx.Client(base_url=self._url, headers=headers, timeout=TIMEOUT)
        except (httpx.InvalidURL, UnicodeEncodeError):
            raise Failure("The address or the key of the API holds characters that it cannot hold.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if "_client" in vars(self):
            self._client.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Ask. Raises Failure, ApiUnavailable."""
        return self._send(self._client.build_request("GET", path, params=given(parameters or {})))

    def post(self, path: str, body: Answer | None = None) -> Answer:
        """Send a command. Raises Failure, ApiUnavailable."""
        return self._send(self._client.build_request("POST", path, json=body))

    def patch(self, path: str, body: Answer) -> Answer:
        """Change fields. Raises Failure, ApiUnavailable."""
        return self._send(self._client.build_request("PATCH", path, json=body))

    def delete(self, path: str) -> Answer:
        """Take something away. Raises Failure, ApiUnavailable."""
        return self._send(self._client.build_request("DELETE", path))

    def upload(self, path: str, fields: Mapping[str, Any], file: Path) -> Answer:
        """Send a form with a file; fields that are None are left out. Raises Failure, ApiUnavailable."""
        files = {"file": (file.name, _content(file), "text/csv")}
        request = self._client.build_request("POST", path, data=_form(fields), files=files, timeout=UPLOAD_TIMEOUT)
        return self._send(request)

    def download(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """A file, part by part. Raises Failure, ApiUnavailable, also where it breaks off."""
        with self._connection_errors(), self._client.stream("GET", path, params=parameters) as response:
            if not response.is_success:
                response.read()
                _read(response)
            yield from response.iter_bytes()

    def _send(self, request: httpx.Request) -> Answer:
        with self._connection_errors():
            response = self._client.send(request)
        return _read(response)

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if CERTIFICATE in str(error):
                raise ApiUnavailable(f"{UNVERIFIED}: {self._url}. {MEND_CERTIFICATE}", sent=False) from None
            message = f"The API does not answer at {self._url}. Is it running? (--url or OUTDIAL_URL)"
            raise ApiUnavailable(message, sent=False) from None
        except httpx.UnsupportedProtocol:
            raise Failure(f"{self._url} is no address of an API: it begins with http:// or https://") from None
        except httpx.TransportError:
            raise ApiUnavailable(f"The connection to {self._url} was lost before the answer came.", sent=True) from None


def _find_access(key: str | None, url: str | None, profile: str | None) -> tuple[str, str | None, str | None]:
    """Address, key, and the number that calls. A profile's key goes to its own address only."""
    if key is not None and profile is None:
        return url or LOCAL_API, key, None
    found = Profiles.read().find(profile)
    if found is None:
        return url or LOCAL_API, key, None
    if key is None and url is not None and url.rstrip("/") != found.url:
        return url, None, None
    return url or found.url, key or found.key, found.caller


def _clean_key(key: str) -> str:
    """Without what a file or a clipboard leaves around it. Raises Failure where something is left within."""
    clean = key.strip()
    if not clean or not clean.isascii() or not clean.isprintable() or " " in clean:
        raise Failure("The API key (--key or OUTDIAL_KEY) is empty or holds blanks or characters that no key has.")
    return clean


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    except OSError:
        raise Failure(f"{file} cannot be read.") from None


def _form(fields: Mapping[str, Any]) -> dict[str, str]:
    """As a form holds them: what is no text is JSON."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in given(fields).items()}


def _read(response: httpx.Response) -> Answer:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_success and isinstance(answer, dict):
        return answer
    message = _message(response.status_code, answer)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        raise ApiUnavailable(message, sent=True)
    raise Failure(message)


def _message(status: int, answer: Any) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        return f"What answered is not Outdial's API (HTTP status {status})."
    details = answer.get("details")
    shown = [_detail(detail) for detail in details[:DETAILS_SHOWN]] if isinstance(details, list) else []
    if len(shown) <= 1:  # the sentence says it all
        shown = []
    elif isinstance(details, list) and len(details) > DETAILS_SHOWN:
        shown.append(f"  … and {len(details) - DETAILS_SHOWN} more")
    return "\n".join([f"{say_flags(answer['error'])} ({answer.get('code')})", *shown])


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return f"  {detail}"
    places = (
        say_field(detail[name]) if name == "field" else f"{name} {detail[name]}"
        for name in ("field", "path", "row", "index", "column")
        if detail.get(name)
    )
    return f"  {', '.join(places)}: {detail.get('reason')}"
