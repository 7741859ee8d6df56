"""How a request fails.

OutdialError
├── ApiError          the API refused it: status, code, message, details
├── UnexpectedAnswer  something else answered, or another version of the API
├── NoAnswer          nothing answered, or the connection was lost
└── AccessError       the key, the address or the profiles cannot be used
    └── NotConfigured     there is no key, or no profile of that name
"""

from typing import Any

import httpx

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500  # and above


class OutdialError(Exception):
    """Any of them.

    `retry_after`: seconds after which the API wants to be asked again, where it says so. `passing`: later it may
    answer, or not refuse. `may_be_done`: what was asked for may have been done all the same.
    """

    retry_after: float | None = None
    passing = False
    may_be_done = False


class ApiError(OutdialError):
    """The API refused a request. `code` is for programs, the message for people."""

    def __init__(self, answer: dict[str, Any], response: httpx.Response) -> None:
        super().__init__(f"{answer['error']} ({answer.get('code')})")
        details = answer.get("details")
        self.status = response.status_code
        self.code = str(answer.get("code"))
        self.message = str(answer["error"])
        self.details: list[Any] = details if isinstance(details, list) else []  # the fields or rows to blame
        self.passing = _passing(self.status)
        self.may_be_done = self.status >= SERVER_ERROR
        self.request_id = response.headers.get("X-Request-Id")
        self.retry_after = _retry_after(response)


class UnexpectedAnswer(OutdialError):
    """What answered is no API of Outdial's, or one that this version of the client does not understand."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"What answered is not Outdial's API (HTTP status {response.status_code}).")
        self.status = response.status_code
        self.passing = _passing(self.status)
        self.may_be_done = response.is_success or self.status >= SERVER_ERROR
        self.retry_after = _retry_after(response)


class NoAnswer(OutdialError):
    """No answer came. `sent`: the request may have arrived, and may have been done."""

    passing = True

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = self.may_be_done = sent


class AccessError(OutdialError):
    """Nothing was sent: the key, the address or the profiles cannot be used."""


class NotConfigured(AccessError):
    """There is no key, or no profile of the name."""


def _passing(status: int) -> bool:
    return status == TOO_MANY_REQUESTS or status >= SERVER_ERROR


CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"  # OpenSSL's


def connection_error(error: httpx.TransportError, url: str) -> NoAnswer | AccessError:
    """What became of a request to which no answer came, and what to look at."""
    if isinstance(error, httpx.UnsupportedProtocol):
        return AccessError(f"{url} is no address of an API: it begins with http:// or https://")
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return NoAnswer(f"The connection to {url} was lost before the answer came.", sent=True)
    if CERTIFICATE in str(error):
        mend = "Where it is your own, name the file of its authority in SSL_CERT_FILE."
        return NoAnswer(f"The certificate of the API cannot be verified: {url}. {mend}", sent=False)
    return NoAnswer(f"The API does not answer at {url}. Is it running, and is this its address?", sent=False)


def refusal(response: httpx.Response) -> ApiError | UnexpectedAnswer:
    """The error that an answer other than 2xx is; its body has been read."""
    try:
        answer = response.json()
    except ValueError:
        return UnexpectedAnswer(response)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return ApiError(answer, response)
    return UnexpectedAnswer(response)


def _retry_after(response: httpx.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else None
