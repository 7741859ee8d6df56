"""What goes out as JSON: the contract's camelCase names, its times and its amounts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from domain.money import format_exact


def format_timestamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS[.mmm]Z`: UTC, milliseconds only where they are not zero.

    >>> format_timestamp(datetime(2026, 3, 29, 1, 0, 0, 250_999, UTC))
    '2026-03-29T01:00:00.250Z'
    """
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


Timestamp = Annotated[
    datetime,
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-03-29T01:00:00Z"}),
]
Dollars = Annotated[
    Decimal,
    PlainSerializer(format_exact, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,6}$", "example": "0.035"}),
]


class JsonModel(BaseModel):
    """Built with our names, read by clients with the contract's."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)
