"""What both kinds of client know and decide without I/O: where the API is, how long it may take, what is sent again."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from outdial_client.access import access_from, clean_key
from outdial_client.base import Model
from outdial_client.calls import Call
from outdial_client.errors import AccessError, UnexpectedAnswer, connection_error, refusal
from outdial_client.events import Data, EventStream
from outdial_client.retries import Attempts, OnRetry, Retries

TIMEOUT = httpx.Timeout(60, connect=5)  # seconds; a cancel waits until no request for a call is on its way
UPLOAD_TIMEOUT = httpx.Timeout(120, connect=5)  # 10 MB over a slow line
STREAM_TIMEOUT = httpx.Timeout(45, connect=5)  # three of the comments that keep a stream alive

Answer = TypeVar("Answer", bound=Model)


class Configured:
    """A key's view of an API. `caller`: the profile's number that calls where nothing names one."""

    caller: str | None = None

    def __init__(
        self,
        key: str,
        url: str,
        *,
        max_retries: int = 2,
        on_retry: OnRetry | None = None,
        user_agent: str = "outdial-python",
    ) -> None:
        """`url`: where the API answers. `max_retries`: how often a request is sent again that may be; `on_retry` is
        called before each wait. Raises AccessError."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {clean_key(key)}", "User-Agent": user_agent}
        self._retries = Retries(max_retries)
        self._on_retry = on_retry

    @classmethod
    def from_environment(cls, profile: str | None = None, **options: Any) -> Self:
        """With OUTDIAL_KEY and OUTDIAL_URL, else with a profile of the command line: the one that is named here or by
        OUTDIAL_PROFILE, else the current one. Raises AccessError."""
        access = access_from(os.environ, profile)
        made = cls(clean_key(access.key), access.url, **options)
        made.caller = access.caller
        return made

    def with_retries(self, max_retries: int) -> Self:
        """The same client, its connections shared, that sends again so often. The first is the one to close."""
        other = copy.copy(self)
        other._retries = Retries(max_retries)
        return other

    def _options(self) -> dict[str, Any]:
        """For httpx's clients."""
        return {"base_url": self._url, "headers": self._headers}

    def _attempts(self, call: Call, retries: Retries | None = None) -> tuple[Call, Attempts]:
        """The call, which can be told from others where it may be sent again, and the count of its attempts."""
        retries = retries or self._retries
        call = call.with_key() if retries.max_retries else call
        return call, Attempts(call, retries, self._on_retry)

    def _stream(self, kind: type[Data], call: Call, last: str | None) -> EventStream[Data]:
        return EventStream(kind, call, last, self._retries)

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise connection_error(error, self._url) from error

    @contextmanager
    def _address_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise AccessError(f"{self._url} is no address of an API: {error}.") from error


def request_of(call: Call, *, stream: bool) -> dict[str, Any]:
    """The arguments of `httpx.Client.build_request`. A file takes longer; a stream is never silent for long."""
    timeout = STREAM_TIMEOUT if stream else TIMEOUT if call.file is None else UPLOAD_TIMEOUT
    return call.request() | {"timeout": timeout}


def accepted(response: httpx.Response) -> httpx.Response:
    """The answer where it is one of 2xx. Raises ApiError, UnexpectedAnswer."""
    if response.is_success:
        return response
    raise refusal(response)


def read_answer(kind: type[Answer], response: httpx.Response) -> Answer:
    """Raises UnexpectedAnswer."""
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise UnexpectedAnswer(response) from error
