"""Why a request is refused: one class for each code of the contract.

RequestError
├── InvalidRequest       invalid_request
├── InvalidTimezone      invalid_timezone
├── PastScheduledTime    past_scheduled_time
├── InvalidCsv           invalid_csv
├── MissingPhoneColumn   missing_phone_column
├── TooManyContacts      too_many_contacts
├── NoValidContacts      no_valid_contacts
└── InvalidPhoneFormat   invalid_phone_format
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class RequestError(Exception):
    """A request that cannot be carried out as it stands.

    The sentence tells a person what to change. `details` name the fields, rows or indexes to blame, as they
    go out in JSON. Neither ever holds a full phone number.
    """

    code: ClassVar[str]

    def __init__(self, sentence: str, details: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = list(details)


class InvalidRequest(RequestError):
    """A field is missing, of the wrong kind or out of its range. Details: {field or path, reason}."""

    code = "invalid_request"


class InvalidTimezone(RequestError):
    """Not the name of an IANA time zone."""

    code = "invalid_timezone"


class PastScheduledTime(RequestError):
    """The start lies more than the tolerated moment in the past."""

    code = "past_scheduled_time"


class InvalidCsv(RequestError):
    """No file, or none that can be read as a table with column names in its first row."""

    code = "invalid_csv"


class MissingPhoneColumn(RequestError):
    """A table without a `phone` column."""

    code = "missing_phone_column"


class TooManyContacts(RequestError):
    """More contacts than one job may have."""

    code = "too_many_contacts"


class NoValidContacts(RequestError):
    """Nothing is left to call. Details: the rows that were skipped, as in the report."""

    code = "no_valid_contacts"


class InvalidPhoneFormat(RequestError):
    """JSON contacts that cannot be called. Details: {index, value (masked), reason}."""

    code = "invalid_phone_format"
