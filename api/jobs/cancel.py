"""What a cancel, and the organization's stop, may carry."""

import json
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ConfigDict, ValidationError

from api.auth import AdminDep
from api.http.bodies import read_small
from api.http.json_body import Body, describe_body
from domain.errors import InvalidRequest

NO_JSON = 'The body must be JSON, such as {"hangUp": true}, or empty.'
NO_OBJECT = 'The body must be a JSON object, such as {"hangUp": true}, or empty.'


class CancelOptions(Body):
    """Without a body live calls end by themselves. What else it holds is ignored."""

    model_config = ConfigDict(extra="ignore")

    hang_up: bool | None = False


async def cancel_options(request: Request, _: AdminDep) -> CancelOptions:
    """Read the optional body, after the key. Raises InvalidRequest."""
    content = (await read_small(request)).strip()
    try:
        sent = json.loads(content or b"{}")
        return CancelOptions.model_validate(sent)
    except ValidationError:
        if not isinstance(sent, dict):
            raise InvalidRequest(NO_OBJECT) from None
        reason = "must be true or false"
        raise InvalidRequest(f"hangUp {reason}.", [{"field": "hangUp", "reason": reason}]) from None
    except (ValueError, RecursionError):
        raise InvalidRequest(NO_JSON) from None


CancelOptionsDep = Annotated[CancelOptions, Depends(cancel_options)]
CANCEL_BODY = describe_body(CancelOptions, {"hangUp": True}, required=False)
