"""What all generated models share: names, times, and fields or values that a later API adds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


def api_name(name: str) -> str:
    """A field's name as the API writes it.

    >>> api_name("from_phone_number_id"), api_name("from_"), api_name("calls_per_24_hours")
    ('fromPhoneNumberId', 'from', 'callsPer24Hours')
    """
    return to_camel(name.rstrip("_"))


class Model(BaseModel):
    """Built with names as Python writes them; read and sent with the API's.

    A field that this version of the client does not know is kept, so that a later API can be read.
    """

    model_config = ConfigDict(
        alias_generator=api_name,
        populate_by_name=True,
        extra="allow",
        protected_namespaces=(),
        frozen=True,
        defer_build=True,  # of 190 models a command uses three
    )

    def to_api(self) -> dict[str, Any]:
        """The fields as they are sent: what was not given is left out, None is null."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


Body = Model | Mapping[str, Any]  # a mapping has the API's names, and is sent as it is


class OpenEnum(StrEnum):
    """Values of a text. One that this version of the client does not know is a member without a name of its own."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


def _timestamp(moment: datetime) -> str:
    """UTC, with milliseconds where they are not zero."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


Timestamp = Annotated[datetime, PlainSerializer(_timestamp, return_type=str, when_used="json")]
