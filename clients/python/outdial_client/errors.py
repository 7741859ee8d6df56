"""How a request fails.

OutdialError
├── ApiError          the API refused it: status, code, message, details
├── UnexpectedAnswer  something else answered, or another version of the API
└── NoAnswer          nothing answered, or the connection was lost
"""

from typing import Any

import httpx


class OutdialError(Exception):
    """Any of them. `retry_after`: seconds after which the API wants to be asked again, where it says so."""

    retry_after: float | None = None


class ApiError(OutdialError):
    """The API refused a request. `code` is for programs, the message for people."""

    def __init__(self, answer: dict[str, Any], response: httpx.Response) -> None:
        super().__init__(f"{answer['error']} ({answer.get('code')})")
        details = answer.get("details")
        self.status = response.status_code
        self.code = str(answer.get("code"))
        self.message = str(answer["error"])
        self.details: list[Any] = details if isinstance(details, list) else []  # the fields or rows to blame
        self.request_id = response.headers.get("X-Request-Id")
        self.retry_after = _retry_after(response)


class UnexpectedAnswer(OutdialError):
    """What answered is no API of Outdial's, or one that this version of the client does not understand."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"What answered is not Outdial's API (HTTP status {response.status_code}).")
        self.status = response.status_code
        self.retry_after = _retry_after(response)


class NoAnswer(OutdialError):
    """No answer came. `sent`: the request may have arrived, and may have been done."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


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
