"""From what Twilio answers, or does not, to our error tree. Codes: Twilio's error dictionary."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from carriers import (
    CallerRefused,
    CarrierAway,
    CarrierBusy,
    CarrierError,
    CarrierRefused,
    CarrierUnreachable,
    NotPlaced,
    NumberRefused,
    PlaceUnknown,
    TooLate,
)
from carriers.twilio.client import OutgoingRequest

NUMBER_CODES = frozenset(
    {
        21202,  # a premium or emergency number
        21211,  # invalid To
        21214,  # To cannot be reached
        21203,  # international calling is not enabled
        21215,  # its country is not permitted for this account: that is no reason to stop all other calls
        21216,  # the account may not call this number
        21217,  # does not appear to be valid
        21219,  # To is not verified, on a trial account
        13223,  # invalid format
        13224,  # invalid, or not supported
        13225,  # forbidden
        13226,  # invalid country code
        13227,  # 21215 of a <Dial>
        21408,  # the region is not enabled
        32205,  # 21215 of a SIP trunk
    }
)
LIMIT_CODES = frozenset(
    {
        10004,  # all the calls at once that the account may have
        20429,  # too many requests at once
        86008,  # 10004 of another product
    }
)
ACCOUNT_CODES = frozenset(  # what no caller can bring about
    {
        10001,  # the account is not active
        10005,  # calling is disabled for the account
        20003,  # authentication
        20005,  # the account is not active
        20006,  # access denied
        20403,  # the account is suspended or closed
        20008,  # test credentials
        20404,  # no such account at this address
    }
)
CALLER_CODES = frozenset(  # what one call brings: organizations that share the account must not feel it
    {
        10002,  # a trial account cannot do this
        21205,  # invalid Url
        21210,  # From is not verified
        21212,  # invalid From
        21213,  # no From
        21218,  # invalid application
        21606,  # From cannot call
        21609,  # invalid StatusCallback
    }
)
NOT_IN_PROGRESS = 21220  # the call is not in progress
OWN_CODE = r"[1-9][0-9]{4}"  # what all of Twilio's codes look like
NOT_APPLIED = frozenset({401, 407})  # "the request has not been applied", whoever says so: RFC 9110 §15.5.2, §15.5.8


def place_failure(status: int, code: int | None, headers: Mapping[str, str]) -> CarrierError:
    """What an answer other than 201 to a create request means. Without a code it is not known to be the carrier's."""
    if code in NUMBER_CODES:
        return NumberRefused("The carrier refuses this number.")
    if code in LIMIT_CODES or (code is not None and status == 429):
        return CarrierBusy("The carrier takes no call at the moment.", retry_after(headers))
    if _concerns_account(status, code):
        return CarrierRefused("The carrier refuses the account or its configuration.")
    if code is None:
        return PlaceUnknown("Something before the carrier answered: the request may have been passed on.")
    if code in CALLER_CODES or status == 403:
        return CallerRefused("The carrier refuses what this call brings: its caller id, or an address.")
    if status == 503:
        return CarrierUnreachable("The carrier takes no call at the moment.", retry_after(headers))
    if 400 <= status < 500:
        return NotPlaced("The carrier did not take the call.")
    return PlaceUnknown("The carrier failed while it was asked for the call.")


def transport_failure(outgoing: OutgoingRequest) -> CarrierError:
    """What it means that a create request got no answer."""
    if outgoing.too_late:
        return TooLate("The request was held back: its time to leave had passed.")
    if outgoing.queued:
        return TooLate("The request was not sent: all our connections were taken.")
    if outgoing.sent:
        return PlaceUnknown("The carrier was asked for the call and gave no answer.")
    return CarrierUnreachable("The carrier could not be reached.")


def request_failure(status: int, code: int | None) -> CarrierError:
    """What an error means as the answer to a request about a call."""
    if code not in LIMIT_CODES and (_concerns_account(status, code) or (status == 403 and code is not None)):
        return CarrierRefused("The carrier refuses the account or its configuration.")
    return CarrierAway("The carrier did not answer the question.")


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> timedelta | None:
    """The header in either of its forms: seconds, or a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=int(text[:9]))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(timedelta(0), at - (now or datetime.now(UTC)))


def error_code(code: object) -> int | None:
    """Twilio's own error code; None for whatever else stands there: the client fills in the HTTP status."""
    text = str(code)
    return int(text) if re.fullmatch(OWN_CODE, text) else None


def _concerns_account(status: int, code: int | None) -> bool:
    if code is None:
        return status in NOT_APPLIED
    return status in {401, 402} or code in ACCOUNT_CODES
