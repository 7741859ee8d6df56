"""Which pages of other origins a browser lets read the answers."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_HEADERS = "Authorization, x-api-key, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id"
ANSWER_HEADERS = (
    "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Content-Disposition,"
    " Idempotent-Replayed, X-Outdial-Warnings"
)
PREFLIGHT_SECONDS = "600"  # for which a browser need not ask again


class CrossOrigin:
    """Adds what a browser asks for to every answer, refusals too; OPTIONS itself is answered by the address.

    Starlette's own answers OPTIONS as plain text, without a request id, whatever the address takes. No credentials
    are allowed: keys travel in a header, and cookies are none.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin", "")
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in asked

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if origin in self._origins:
                    _permit(headers, origin, preflight=preflight)
            await send(message)

        await self.app(scope, receive, send_with_permission)


def permission(origin: str, origins: frozenset[str]) -> dict[str, str]:
    """The headers of an answer that is written past all layers: a refusal before its request was parsed."""
    if not origins:
        return {}
    headers = MutableHeaders({"Vary": "Origin"})
    if origin in origins:
        _permit(headers, origin, preflight=False)
    return {name.title(): value for name, value in headers.items()}


def _permit(headers: MutableHeaders, origin: str, *, preflight: bool) -> None:
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
    if preflight and "allow" in headers:
        headers["Access-Control-Allow-Methods"] = headers["allow"]
        headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
