"""Who is signed in to the console, and whether what a browser sends was meant by its user.

A session's token travels in a cookie that no script reads. Here it becomes the key of the request, so that everything
behind asks who calls as it does for any client: a revoked key is signed out at once. What begins with `/console/api/`
then is a request to the API itself.
"""

import hmac
import re
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import Forbidden

ROOT = "/console"
API = f"{ROOT}/api"
COOKIE = "outdial_console"
CSRF_HEADER = "x-csrf-token"
WITH_FORMS = frozenset({f"{ROOT}/sign-in", f"{ROOT}/sign-out"})  # their token is a field: they work without JavaScript
READING = frozenset({"GET", "HEAD", "OPTIONS"})
KEY_HEADERS = frozenset({b"authorization", b"x-api-key"})
FOREIGN = "This came from another site, or the page is old. Load it again and repeat what you did."

_TOKEN = re.compile(r"ods_[A-Za-z0-9_-]{43}")


class Visit(NamedTuple):
    """`token`: of the session that the browser claims; empty: of none. `csrf`: what its writes must carry."""

    token: str
    csrf: str


class ConsoleSessions:
    """Turns the cookie into the key of a request, after it has refused what another site made the browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_console(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visit = _visit(headers)
        if scope["method"] not in READING:
            _require_own(headers, scope["path"], visit)
        sent = [(name, value) for name, value in scope["headers"] if name not in KEY_HEADERS]
        if visit.token:
            sent.append((b"authorization", b"Bearer " + visit.token.encode("ascii")))
        scope = {**scope, "headers": sent, "state": {**scope.get("state", {}), "visit": visit}}
        if scope["path"].startswith(f"{API}/"):
            path = scope["path"].removeprefix(API)
            scope |= {"path": path, "raw_path": scope["raw_path"].removeprefix(API.encode())}
        await self.app(scope, receive, send)


def is_console(path: str) -> bool:
    return path == ROOT or path.startswith(f"{ROOT}/")


def sign_in(answer: Response, token: str, *, secure: bool) -> None:
    """Keep the token in the browser until it is closed; the server forgets it earlier."""
    answer.set_cookie(COOKIE, token, path=ROOT, httponly=True, samesite="lax", secure=secure)


def sign_out(answer: Response) -> None:
    answer.delete_cookie(COOKIE, path=ROOT, httponly=True, samesite="lax")


def _visit(headers: Headers) -> Visit:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    token = cookie.value if cookie is not None and _TOKEN.fullmatch(cookie.value) else ""
    return Visit(token, sha256(f"csrf of {token}".encode()).hexdigest() if token else "")


def _require_own(headers: Headers, path: str, visit: Visit) -> None:
    """Raises Forbidden where another site made the browser send this, or the page's token is missing."""
    origin = headers.get("origin")
    if origin is None:
        own = headers.get("sec-fetch-site") == "same-origin"
    else:
        own = origin.partition("://")[2] == headers.get("host")
    if not own:
        raise Forbidden(FOREIGN)
    if path not in WITH_FORMS and not is_token(headers.get(CSRF_HEADER, ""), visit.csrf):
        raise Forbidden(FOREIGN)


def is_token(sent: str, expected: str) -> bool:
    """Takes as long whatever it is; an empty one is none."""
    return bool(expected) and hmac.compare_digest(sent.encode(errors="surrogatepass"), expected.encode())
