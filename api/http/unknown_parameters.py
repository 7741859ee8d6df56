"""Query parameters that an address does not take: ignored, as unknown fields of bodies are, and said so."""

import json

from fastapi import Depends, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from api.http.answer_headers import add_headers
from domain.requests.limits import shortened

WARNINGS = "X-Outdial-Warnings"
MAX_NAMED = 5
MAX_NAME = 50  # characters


async def warn_of_unknown_parameters(request: Request) -> None:
    """A list whose filter is mistyped looks filtered, and is not: the answer's header names what was ignored."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = sorted({one.alias for one in get_flat_params(route.dependant) if isinstance(one.field_info, params.Query)})
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        taken = ", ".join(known) or "none"
        named = ", ".join(
            json.dumps(shortened(name, MAX_NAME)) for name in unknown[:MAX_NAMED]
        )  # ASCII, as headers are
        more = f" and {len(unknown) - MAX_NAMED} more" if len(unknown) > MAX_NAMED else ""
        add_headers(request, {WARNINGS: f"Unknown query parameters were ignored: {named}{more}. Known here: {taken}."})


WARN_OF_UNKNOWN = Depends(warn_of_unknown_parameters)
