"""The answers that all nouns share, and how errors are described in the OpenAPI page."""

from typing import Any, Literal

from pydantic import Field

from domain.json_model import JsonModel


class ErrorAnswer(JsonModel):
    """Every error has this shape; `code` is for programs, `error` for people."""

    success: Literal[False] = False
    error: str = Field(examples=["There is no job batch_0123456789abcdef01234567."])
    code: str = Field(examples=["job_not_found"])
    details: list[dict[str, Any]] | None = Field(default=None, description="The fields or rows to blame.")


class Removed(JsonModel):
    success: Literal[True] = True
    id: str


MEANINGS = {
    400: "The request cannot be carried out as it stands; `code` and `details` say why.",
    401: "`unauthorized`: no key, or one that is not known.",
    403: "`forbidden`: the key may not do this; a member's may only read. `not_granted`: not with this number.",
    404: "There is no such thing in this organization.",
    409: "What is there already does not allow it; `code` tells what.",
    429: "`rate_limited`: the key has made its requests of a minute; `Retry-After` tells when the next may come.",
    503: "`unavailable`: try again in a moment.",
}


# By hand: FastAPI has no models for the headers of a response.
def _whole(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "integer", "minimum": 0}}


LIMIT_HEADERS = {
    "Retry-After": _whole("Seconds until the next request may come."),
    "X-RateLimit-Limit": _whole("Requests a minute."),
    "X-RateLimit-Remaining": _whole("Of these, how many are left in the running minute."),
    "X-RateLimit-Reset": _whole("When the minute ends: seconds since 1970 (UTC)."),
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of an endpoint, all of one shape."""
    answers: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer, "description": MEANINGS[status]} for status in statuses
    }
    if 401 in statuses:  # a key is needed, and each key has a limit
        answers[429] = {"model": ErrorAnswer, "description": MEANINGS[429], "headers": LIMIT_HEADERS}
    return answers
