"""What an exception means to a client: whatever was raised becomes one `ApiError`."""

import logging

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.http.errors import ApiError, InternalError, MethodNotAllowed, NotFound, Refused, Unavailable
from domain.errors import InvalidRequest, RequestError

log = logging.getLogger("api.http.exception_handlers")


def failure_of(error: Exception) -> ApiError:
    """Translate any exception; what nobody foresaw is logged with its traceback, and nothing of it leaves."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestError):
        return Refused(error)
    if isinstance(error, RequestValidationError):
        return Refused(_invalid(error))
    if isinstance(error, HTTPException):
        return _of_routing(error)
    if database_is_away(error):
        log.error("The database cannot be reached: %s", type(error).__name__)
        return Unavailable()
    log.error("Unexpected", exc_info=error)
    return InternalError()


def database_is_away(error: Exception) -> bool:
    """Whether the database was not reached or did not answer; a statement it refused is our own mistake."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | ConnectionError)


def _of_routing(error: HTTPException) -> ApiError:
    if error.status_code == 404:
        return NotFound("There is nothing at this address.")
    if error.status_code == 405:
        return MethodNotAllowed("This address does not take this method.", headers=error.headers)
    return Refused(InvalidRequest("The request cannot be read."))


def _invalid(error: RequestValidationError) -> InvalidRequest:
    details = [{"field": ".".join(map(str, found["loc"])), "reason": found["msg"]} for found in error.errors()]
    return InvalidRequest(f"The field {details[0]['field']} cannot be read.", details)
