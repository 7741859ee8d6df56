"""Signing in with an API key or with the link that `outdial up` prints, and signing out."""

import re
from ipaddress import ip_address
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.auth import WRONG_KEY, find_caller
from api.dependencies import ApiKeysDep, ConsoleSessionsDep
from api.http.bodies import read_small
from api.http.errors import Forbidden, Unauthorized
from api.unknown_keys import UnknownKeysDep
from console.pages import HEADERS, PageRoute, plain_page
from console.sessions import FOREIGN, ROOT, is_token, sign_in, sign_out

FORM_COOKIE = "outdial_form"  # what the form must repeat: another site cannot sign anybody in
OWN_PAGE = re.compile(r"/console(?:/(?!sign-|enter)[A-Za-z0-9_/-]*)?(?:\?[A-Za-z0-9_=&%.+-]*)?")
USED = (
    "This link was used already, or is older than an hour. `outdial up` prints a new one; or sign in with an API key."
)
ELSEWHERE = "A sign-in link works only on the machine that printed it."
NO_KEY = "Enter an API key."

router = APIRouter(route_class=PageRoute)


@router.get("/sign-in")
async def ask(request: Request) -> Response:
    return _form(request)


@router.post("/sign-in")
async def enter_key(
    request: Request, api_keys: ApiKeysDep, sessions: ConsoleSessionsDep, unknown: UnknownKeysDep
) -> Response:
    """Raises Forbidden for a form that is not ours, RateLimited after too many keys that nobody has."""
    fields = await _fields(request)
    if not is_token(fields.get("csrf", ""), request.cookies.get(FORM_COOKIE, "")):
        raise Forbidden(FOREIGN)
    key = fields.get("key", "").strip()
    if not key:
        return _form(request, problem=NO_KEY, next_page=fields.get("next", ""))
    caller = await find_caller(request, key, api_keys, unknown) if key.startswith("od_") else None
    token = None if caller is None else await sessions.create(caller.key_id)
    if token is None:
        return _form(request, problem=WRONG_KEY, next_page=fields.get("next", ""))
    return _signed_in(request, token, fields.get("next", ""))


@router.get("/enter")
async def enter_link(request: Request, sessions: ConsoleSessionsDep, token: str = "") -> Response:
    """Raises Forbidden from another machine, Unauthorized where the link is used up."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if not (_is_loopback(request.client.host if request.client else "") and _is_loopback(host or "")):
        raise Forbidden(ELSEWHERE)
    session = await sessions.redeem(token)
    if session is None:
        return _form(request, problem=USED)
    return _signed_in(request, session, "")


@router.post("/sign-out")
async def leave(request: Request, sessions: ConsoleSessionsDep) -> Response:
    """Raises Unauthorized where nobody is signed in, Forbidden for a form that is not ours."""
    visit = request.state.visit
    if not visit.token:
        raise Unauthorized("You are not signed in.")
    if not is_token((await _fields(request)).get("csrf", ""), visit.csrf):
        raise Forbidden(FOREIGN)
    await sessions.end(visit.token)
    answer = RedirectResponse(f"{ROOT}/sign-in", status_code=303, headers=HEADERS)
    answer.headers["Clear-Site-Data"] = '"storage"'  # a draft with contacts in it
    sign_out(answer)
    return answer


def _form(request: Request, problem: str | None = None, next_page: str | None = None) -> Response:
    csrf = token_urlsafe(24)
    wanted = request.query_params.get("next", "") if next_page is None else next_page
    status = 200 if problem is None else 403
    answer = plain_page("sign-in.html", status, csrf=csrf, next=_own_page(wanted), problem=problem)
    answer.set_cookie(
        FORM_COOKIE, csrf, path=f"{ROOT}/sign-in", httponly=True, samesite="strict", secure=_https(request)
    )
    return answer


def _signed_in(request: Request, token: str, wanted: str) -> Response:
    answer = RedirectResponse(_own_page(wanted), status_code=303, headers=HEADERS)
    sign_in(answer, token, secure=_https(request))
    return answer


def _own_page(wanted: str) -> str:
    """Where to go on: nowhere but to pages of ours."""
    return wanted if OWN_PAGE.fullmatch(wanted) else ROOT


async def _fields(request: Request) -> dict[str, str]:
    sent = (await read_small(request)).decode("utf-8", errors="replace")
    return {name: values[-1] for name, values in parse_qs(sent, max_num_fields=20).items()}


def _https(request: Request) -> bool:
    return request.url.scheme == "https"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
