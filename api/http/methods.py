"""HEAD and OPTIONS, which every address answers: routes declare the other methods only."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import MethodNotAllowed, render_error


class HeadRequests:
    """Answers HEAD with status and headers of GET. What would stream ends after them, without its content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        answer = _Head(send)
        try:
            await self.app({**scope, "method": "GET"}, receive, answer)
        except ClientDisconnect:
            if not answer.complete:
                raise


class _Head:
    def __init__(self, send: Send) -> None:
        self.send = send
        self.complete = False

    async def __call__(self, message: Message) -> None:
        """Raises ClientDisconnect at the first content, as if the client had left: no stream goes on for nobody."""
        if message["type"] == "http.response.start":
            await self.send(message)
        elif not self.complete:
            self.complete = True
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        if message.get("more_body", False):
            raise ClientDisconnect


def refuse_method(request: Request, failure: MethodNotAllowed, page: Mapping[str, Any]) -> Response:
    """The answer to a method that an address does not take, with those that it takes; OPTIONS asks for just that.

    `page`: the OpenAPI page. Routing knows the methods of the first route of an address only.
    """
    path = request.url.path.removeprefix("/v1")
    methods = _find_methods(page["paths"], path) or failure.headers.get("Allow", "GET").split(", ")
    implied = [method for method in (*(["HEAD"] if "GET" in methods else []), "OPTIONS") if method not in methods]
    failure.headers["Allow"] = ", ".join([*methods, *implied])
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=failure.headers)
    return render_error(failure)


def _find_methods(paths: Mapping[str, Mapping[str, Any]], path: str) -> list[str]:
    """Those that the page describes; of the templates that fit, the one with the fewest fields."""
    fitting = [template for template in paths if re.fullmatch(_FIELD.sub("[^/]+", template), path)]
    nearest = min(fitting, key=lambda template: template.count("{"), default=None)
    return [] if nearest is None else [method.upper() for method in paths[nearest]]


_FIELD = re.compile(r"\{[^}]+\}")
