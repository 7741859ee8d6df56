"""What an exception means to a client: whatever was raised becomes one `ApiError`."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from fastapi.exceptions import RequestValidationError
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from api.http import errors as api
from api.http.errors import ApiError
from api.http.fork_pool import TooCostly
from domain.errors import InvalidRequest, NoValidContacts, RequestError
from domain.money import format_dollars as dollars
from store import errors as store

MAX_DETAILS = 100
TOO_COSTLY = "Reading this request takes more memory or time than it may: split it into several."

log = logging.getLogger("api.http.exception_handlers")


def to_api_error(error: Exception) -> ApiError:
    """Translate any exception; what is unexpected is logged with its traceback, and nothing of it leaves."""
    known = to_known_error(error)
    if known is not None:
        return known
    if database_is_away(error):
        log.error("The database cannot be reached: %s", type(error).__name__)
        return api.Unavailable()
    log.error("Unexpected", exc_info=error)
    return api.InternalError()


def to_known_error(error: Exception) -> ApiError | None:
    """What the contract has a code for; None for anything else."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestError):
        return api.Refused(error)
    if isinstance(error, TooCostly):
        return api.Refused(InvalidRequest(TOO_COSTLY))
    if isinstance(error, RequestValidationError):
        return api.Refused(_invalid(error))
    if isinstance(error, HTTPException):
        return _of_routing(error)
    translate = OF_STORE.get(type(error))
    return None if translate is None else translate(error)


def database_is_away(error: Exception) -> bool:
    """Whether the database was not reached or did not answer; a statement it refused is our own mistake."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | IdleInTransactionSessionTimeout):
        return True
    return isinstance(error, OperationalError | InterfaceError | ConnectionError)


def _of_routing(error: HTTPException) -> ApiError:
    if error.status_code == 404:
        return api.NotFound("There is nothing at this address.")
    if error.status_code == 405:
        return api.MethodNotAllowed("This address does not take this method.", headers=error.headers)
    return api.Refused(InvalidRequest("The request cannot be read."))


def _invalid(error: RequestValidationError) -> InvalidRequest:
    details = [{"field": ".".join(map(str, found["loc"])), "reason": found["msg"]} for found in error.errors()]
    return InvalidRequest(f"The field {details[0]['field']} cannot be read.", details)


def _not_found(error: store.NotFound) -> ApiError:
    return OF_WHAT[error.what](error) if error.what in OF_WHAT else api.NotFound(str(error))


def _overlapping(error: store.Overlapping) -> ApiError:
    return api.OverlappingContacts(
        f"{error} Wait for them, remove the numbers, or send onOverlap `skip` or `warn`.",
        _rows(
            error.rows,
            "another job will call this number, or called it within overlapDays"
            if error.days
            else "another open job will call this number",
        ),
    )


def _nobody_left(error: store.NoContactsLeft) -> ApiError:
    return api.Refused(NoValidContacts(f"Nobody is left to call: {error.why}.", _rows(error.rows, error.why)))


def too_expensive(error: store.InsufficientCredits) -> ApiError:
    return api.InsufficientCredits(
        f"Calling these contacts is estimated at {dollars(error.needed)}, the free credits are"
        f" {dollars(error.free)}. Top up, or send fewer contacts."
    )


def _in_use(error: store.InUse) -> ApiError:
    details = [{"id": user, "reason": f"uses this {error.what}"} for user in error.by]
    users = ", ".join(error.by)
    return api.InUse(f"This {error.what} is still used by {users}. Cancel the jobs, or assign another.", details)


def _no_secret(_: Exception) -> ApiError:
    return api.SecretsUnavailable(
        "A webhook's secret cannot be kept: the server's OUTDIAL_SECRET is missing, or is another one."
    )


def _still_calling(error: store.StillCalling) -> ApiError:
    calls = "1 call" if error.calls == 1 else f"{error.calls:,} calls"
    return api.InvalidStatus(f"{calls} of this job may still be live. Delete it when they have ended.")


def _rows(blamed: Sequence[int], reason: str) -> list[dict[str, object]]:
    return [{"row": row, "reason": reason} for row in blamed[:MAX_DETAILS]]


# The store's errors as clients read them. A route that has a sentence of its own catches the error itself.
OF_STORE: dict[type[Exception], Callable[[Any], ApiError]] = {
    store.NotFound: _not_found,
    store.WrongStatus: lambda error: api.InvalidStatus(f"This job is {error.status}."),
    store.WrongCampaignStatus: lambda error: api.InvalidStatus(str(error)),
    store.UploadConflict: lambda error: api.UploadConflict(str(error), [{"offset": error.offset}]),
    store.InsufficientCredits: too_expensive,
    store.Overlapping: _overlapping,
    store.NoContactsLeft: _nobody_left,
    store.InUse: _in_use,
    store.NotGranted: lambda error: api.NotGranted(
        f"This {error.kind} is not granted to your organization at {error.carrier}. Ask whoever runs this service to"
        " grant it, or send carrierSettings of your own account."
    ),
    store.GrantedToAnother: lambda error: api.GrantedToAnother(str(error)),
    store.ClosedByOperator: lambda error: api.Forbidden(str(error)),
    store.LastOwner: lambda _: api.LastOwnerKey(
        "This is the last owner's key: no other is valid for as long. Create another owner's key first."
    ),
    store.NoSecret: _no_secret,
    store.Unreadable: _no_secret,
    store.Disabled: lambda error: api.InvalidStatus(str(error)),
    store.TooMany: lambda error: api.TooManyWebhooks(str(error)),
    store.QuotaExceeded: lambda error: api.QuotaExceeded(
        str(error), [{"quota": error.quota.value, "limit": error.limit}]
    ),
    store.StillCalling: _still_calling,
    store.PersonOnThePhone: lambda error: api.PersonOnThePhone(f"{error} Nobody calls them after it; ask again then."),
    store.Busy: lambda _: api.Unavailable("Several large files are being downloaded. Try again in a moment."),
}
OF_WHAT: dict[str, Callable[[store.NotFound], ApiError]] = {
    "job": lambda error: api.JobNotFound(error.id),
    "campaign": lambda _: api.CampaignNotFound(),
    "contact of the job": lambda error: api.JobNotFound(error.id),
    "contact": lambda _: api.ContactNotFound("This job has no contact of this id."),
    "call": lambda _: api.CallNotFound("There is no call of this id."),
    "agent": lambda _: api.AgentNotFound("There is no agent of this id."),
    "phone number": lambda _: api.PhoneNumberNotFound("There is no phone number of this id."),
    "outbound agent of": lambda _: api.NoOutboundAgent("This phone number has no outbound agent. Assign one first."),
    "key": lambda _: api.KeyNotFound("There is no key of this id."),
    "organization": lambda _: api.OrganizationNotFound(
        "There is no organization of this id.", [{"field": "organizationId", "reason": "not found"}]
    ),
    "grant": lambda _: api.GrantNotFound("There is no grant of this id."),
    "webhook": lambda _: api.WebhookNotFound("There is no webhook of this id."),
    "receipt": lambda _: api.NotFound("There is no receipt of this id."),
    "delivery": lambda _: api.DeliveryNotFound("There is no delivery of this id."),
}
