"""Every error of the API with its status and code, and how all of them are rendered.

What is wrong with a request's fields, file or contacts is an error of `domain.errors`; here it becomes `Refused`.

ApiError
├── 400  Refused (every domain.errors.RequestError), InvalidHttp, InsufficientCredits, NoOutboundAgent,
│        InvalidPage, InvalidPageSize, InvalidStatus, AlreadyRunning, JobNotCancellable,
│        SecretsUnavailable, TooManyWebhooks
├── 401  Unauthorized
├── 403  Forbidden, NotGranted
├── 404  NotFound ── JobNotFound, CampaignNotFound, ContactNotFound, CallNotFound, PhoneNumberNotFound,
│                     AgentNotFound, KeyNotFound, OrganizationNotFound,
│                     GrantNotFound, WebhookNotFound, DeliveryNotFound
├── 405  MethodNotAllowed
├── 408  RequestTimedOut
├── 409  OverlappingContacts, IdempotencyConflict, UploadConflict, GrantedToAnother, InUse, LastOwnerKey, QuotaExceeded
├── 429  RateLimited
├── 431  HeadersTooLarge
├── 500  InternalError
└── 503  Unavailable, Overloaded
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.responses import JSONResponse

from api.http.limits import HEADER_BYTES, HEADER_COUNT
from domain.errors import RequestError


class ApiError(Exception):
    """The message is a sentence a person can act on; `details` names the fields or rows to blame."""

    status: ClassVar[int] = 400
    code: str

    def __init__(
        self,
        message: str,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


class Refused(ApiError):
    """What the domain refuses, under the domain's code."""

    def __init__(self, error: RequestError) -> None:
        super().__init__(error.sentence, error.details)
        self.code = error.code


class InvalidHttp(ApiError):
    code = "invalid_request"

    def __init__(self) -> None:
        super().__init__("This is no HTTP/1.1 request.")


class InsufficientCredits(ApiError):
    code = "insufficient_credits"


class NoOutboundAgent(ApiError):
    code = "no_outbound_agent"


class InvalidPage(ApiError):
    code = "invalid_page"


class InvalidPageSize(ApiError):
    code = "invalid_page_size"


class InvalidStatus(ApiError):
    code = "invalid_status"


class AlreadyRunning(ApiError):
    code = "already_running"


class PersonOnThePhone(ApiError):
    status = 409
    code = "person_on_the_phone"


class JobNotCancellable(ApiError):
    code = "job_not_cancellable"


class SecretsUnavailable(ApiError):
    """What would have to be kept sealed cannot be: a matter of how the server is set up."""

    code = "secrets_unavailable"


class TooManyWebhooks(ApiError):
    code = "too_many_webhooks"


class Unauthorized(ApiError):
    status = 401
    code = "unauthorized"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    status = 403
    code = "forbidden"


class NotGranted(ApiError):
    status = 403
    code = "not_granted"


class NotFound(ApiError):
    status = 404
    code = "not_found"


class JobNotFound(NotFound):
    code = "job_not_found"

    def __init__(self, id: str | None = None) -> None:
        """Without an `id` none is repeated: what was sent cannot be one."""
        super().__init__(f"There is no batch job {'of this id' if id is None else id}.")


class CampaignNotFound(NotFound):
    code = "campaign_not_found"

    def __init__(self) -> None:
        super().__init__("There is no campaign of this id.")


class ContactNotFound(NotFound):
    code = "contact_not_found"


class CallNotFound(NotFound):
    code = "call_not_found"


class PhoneNumberNotFound(NotFound):
    code = "phone_number_not_found"


class AgentNotFound(NotFound):
    code = "agent_not_found"


class KeyNotFound(NotFound):
    code = "api_key_not_found"


class OrganizationNotFound(NotFound):
    code = "organization_not_found"


class GrantNotFound(NotFound):
    code = "grant_not_found"


class WebhookNotFound(NotFound):
    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"


class MethodNotAllowed(ApiError):
    status = 405
    code = "method_not_allowed"


class RequestTimedOut(ApiError):
    """The connection is closed after it."""

    status = 408
    code = "request_timeout"


class OverlappingContacts(ApiError):
    status = 409
    code = "overlapping_contacts"


class IdempotencyConflict(ApiError):
    status = 409
    code = "idempotency_conflict"


class UploadConflict(ApiError):
    status = 409
    code = "upload_conflict"


class GrantedToAnother(ApiError):
    status = 409
    code = "granted_to_another"


class InUse(ApiError):
    status = 409
    code = "in_use"


class LastOwnerKey(ApiError):
    status = 409
    code = "last_owner_key"


class QuotaExceeded(ApiError):
    status = 409
    code = "quota_exceeded"


class RateLimited(ApiError):
    status = 429
    code = "rate_limited"


class HeadersTooLarge(ApiError):
    status = 431
    code = "headers_too_large"

    def __init__(self) -> None:
        super().__init__(f"Send {HEADER_COUNT} headers at most, of {HEADER_BYTES // 1024} KB together.")


class InternalError(ApiError):
    status = 500
    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side. Try again; if it stays, report the request id.")


class Unavailable(ApiError):
    status = 503
    code = "unavailable"

    def __init__(self, message: str = "The service cannot reach its database. Try again in a moment.") -> None:
        super().__init__(message, headers={"Retry-After": "5"})


class Overloaded(ApiError):
    """As many requests are under way as may be."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        super().__init__("Too many requests are under way. Try again in a moment.", headers={"Retry-After": "2"})


def render_error(error: ApiError) -> JSONResponse:
    """The one shape of every error."""
    body: dict[str, Any] = {"success": False, "error": error.message, "code": error.code}
    if error.details:
        body["details"] = list(error.details)
    return JSONResponse(body, status_code=error.status, headers=error.headers)
