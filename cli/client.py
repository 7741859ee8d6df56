"""The API as the command line sees it: one request, one answer, or a `Failure` that says what happened."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from cli.errors import ExitCode, Failure

TIMEOUT = httpx.Timeout(60, connect=5)  # seconds; a cancel waits until no request for a call is on its way
UPLOAD_TIMEOUT = httpx.Timeout(120, connect=5)  # 10 MB over a slow line
DETAILS_SHOWN = 10

Answer = dict[str, Any]


class ApiAway(Failure):
    """No answer, or one that says to come back later. `sent`: the request may have arrived."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, ExitCode.AWAY)
        self.sent = sent


class Api:
    """A key's view of the API. Use it as a context manager."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        try:
            headers = {"Authorization": f"Bearer {key}", "User-Agent": "outdial-cli"}
            self._client = httpx.Client(base_url=self._url, headers=headers, timeout=TIMEOUT)
        except (httpx.InvalidURL, UnicodeEncodeError):
            raise Failure("The address or the key of the API holds characters that it cannot hold.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Ask. Raises Failure, ApiAway."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return self._send(self._client.build_request("GET", path, params=given))

    def post(self, path: str, body: Answer | None = None) -> Answer:
        """Change something that means the same said twice. Raises Failure, ApiAway."""
        return self._send(self._client.build_request("POST", path, json=body))

    def patch(self, path: str, body: Answer) -> Answer:
        """Change fields. Raises Failure, ApiAway."""
        return self._send(self._client.build_request("PATCH", path, json=body))

    def delete(self, path: str) -> Answer:
        """Take something away. Raises Failure, ApiAway."""
        return self._send(self._client.build_request("DELETE", path))

    def upload(self, path: str, fields: Mapping[str, str], name: str, content: bytes) -> Answer:
        """Send a form with a file. Raises Failure, ApiAway."""
        files = {"file": (name, content, "text/csv")}
        request = self._client.build_request("POST", path, data=fields, files=files, timeout=UPLOAD_TIMEOUT)
        return self._send(request)

    def download(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """A file, part by part. Raises Failure, ApiAway, also where it breaks off."""
        with self._reaching(), self._client.stream("GET", path, params=parameters) as response:
            if not response.is_success:
                response.read()
                _read(response)
            yield from response.iter_bytes()

    def _send(self, request: httpx.Request) -> Answer:
        with self._reaching():
            response = self._client.send(request)
        return _read(response)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout):
            message = f"The API does not answer at {self._url}. Is it running? (--url or OUTDIAL_URL)"
            raise ApiAway(message, sent=False) from None
        except httpx.UnsupportedProtocol:
            raise Failure(f"{self._url} is no address of an API: it begins with http:// or https://") from None
        except httpx.TransportError:
            raise ApiAway(f"The connection to {self._url} was lost before the answer came.", sent=True) from None


def _read(response: httpx.Response) -> Answer:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_success and isinstance(answer, dict):
        return answer
    said = _said(response.status_code, answer)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        raise ApiAway(said, sent=True)
    raise Failure(said)


def _said(status: int, answer: Any) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        return f"What answered is not Outdial's API (HTTP status {status})."
    details = answer.get("details")
    shown = [_detail(detail) for detail in details[:DETAILS_SHOWN]] if isinstance(details, list) else []
    if len(shown) <= 1:  # the sentence says it all
        shown = []
    elif isinstance(details, list) and len(details) > DETAILS_SHOWN:
        shown.append(f"  … and {len(details) - DETAILS_SHOWN} more")
    return "\n".join([f"{answer['error']} ({answer.get('code')})", *shown])


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return f"  {detail}"
    places = (f"{name} {detail[name]}" for name in ("field", "path", "row", "index", "column") if detail.get(name))
    return f"  {', '.join(places)}: {detail.get('reason')}"
