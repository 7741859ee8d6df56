"""Headers that an answer is to carry, whatever it turns out to be.

Answers hold personal data and are never pages: no cache keeps one, no browser guesses or runs one.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HEADERS = "answer_headers"  # in the request's state


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Put these on the request's answer, also where it is a refusal."""
    request.scope["state"].setdefault(HEADERS, {}).update(headers)


def headers_to_add(scope: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = scope.get("state", {}).get(HEADERS, {})
    return found
