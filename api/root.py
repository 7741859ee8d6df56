"""What answers at the address itself: people are shown the console, programs what there is."""

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from api.http.openapi import TITLE

CONSOLE = "/console"
PLACES = {"console": CONSOLE, "docs": "/docs", "openapi": "/openapi.json", "alive": "/healthz", "ready": "/readyz"}

router = APIRouter()


@router.get("/", include_in_schema=False)
async def root(request: Request) -> Response:
    """A browser asks for a page, whatever else it would take; nothing here needs a key."""
    varying = {"Vary": "Accept"}
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(CONSOLE, headers=varying)
    return JSONResponse({"name": TITLE, **PLACES}, headers=varying)
