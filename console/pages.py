"""How every page is made: its frame, its template, its headers, and what it looks like where something is wrong."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from api.auth import MemberDep
from api.http.errors import ApiError
from api.http.exception_handlers import to_api_error
from api.organizations.organization_routes import get_organization
from api.organizations.schemas import OrganizationView
from console import assets, charts, vocabulary, words
from console.sessions import ROOT, Visit, sign_out
from domain.jobs.models import Caller
from domain.statuses import ContactStatus, JobStatus

# Nothing is loaded from elsewhere, nothing runs that is not a file of ours, nobody frames or submits to us.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
SIGNED_OUT = 401

templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals.update(asset=assets.url, charts=charts, words=words, vocabulary=vocabulary)
templates.globals.update(JobStatus=JobStatus, ContactStatus=ContactStatus)
templates.filters.update(words.FILTERS)


class PageRoute(APIRoute):
    """A route whose errors are pages; who is not signed in is asked to, and comes back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                return render_error(request, to_api_error(error))

        return answer


@dataclass(frozen=True)
class Address:
    """Where a page is: `query` are the parameters as they came."""

    path: str
    query: tuple[tuple[str, str], ...] = ()

    def link(self, **changes: object) -> str:
        """This page with these parameters of its query changed; None takes one away."""
        query = {**dict(self.query), **changes}
        kept = {name: str(value) for name, value in query.items() if value is not None}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path


@dataclass(frozen=True)
class Frame:
    """What surrounds every page of somebody who is signed in."""

    request: Request
    caller: Caller
    organization: OrganizationView
    visit: Visit

    @property
    def may_change(self) -> bool:
        return self.caller.role.may_change

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def query(self) -> str:
        """What follows the path of this page, for other addresses that show the same."""
        return f"?{self.request.url.query}" if self.request.url.query else ""

    def link(self, **changes: object) -> str:
        return Address(self.path, tuple(self.request.query_params.items())).link(**changes)


async def frame(
    request: Request, caller: MemberDep, organization: Annotated[OrganizationView, Depends(get_organization)]
) -> Frame:
    return Frame(request, caller, organization, request.state.visit)


FrameDep = Annotated[Frame, Depends(frame)]


def page(frame: Frame, template: str, **values: Any) -> HTMLResponse:
    """A page for whoever is signed in."""
    return HTMLResponse(render(template, frame=frame, **values), headers=HEADERS)


def render(template: str, **values: Any) -> str:
    return templates.get_template(template).render(**values)


def plain_page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for anybody."""
    return HTMLResponse(render(template, **values), status_code=status, headers=HEADERS)


def render_error(request: Request, error: ApiError) -> Response:
    if error.status == SIGNED_OUT and request.headers.get("sec-fetch-mode", "navigate") == "navigate":
        return _ask_to_sign_in(request)
    answer = plain_page("error.html", error.status, error=error)
    answer.headers.update(error.headers)
    return answer


def _ask_to_sign_in(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    known = f"?next={quote(wanted, safe='')}" if request.method == "GET" and wanted != ROOT else ""
    answer = RedirectResponse(f"{ROOT}/sign-in{known}", status_code=303, headers=HEADERS)
    if request.state.visit.token:
        sign_out(answer)
    return answer
