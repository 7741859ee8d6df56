"""The fields that say which columns of the contacts have a meaning."""

from typing import Annotated

from pydantic import Field

from domain.requests.field_types import Text, Texts
from domain.requests.limits import MAX_FIELDS
from domain.requests.request_model import RequestModel, aliases

COLUMN = Text(1000, required=True)


class NamedColumns(RequestModel):
    """The columns, in JSON the keys, that the request names. None: none has that meaning; `phone`: the usual one."""

    phone: Annotated[str | None, COLUMN] = Field(
        default=None,
        alias="phoneColumn",
        description="The column, in JSON the key, with the numbers, where it is not `phone`.",
        examples=["mobile"],
    )
    timezone: Annotated[str | None, COLUMN] = Field(
        default=None,
        alias="timezoneColumn",
        description="The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is"
        " unknown is not called, and `validation.warnings` names it.",
        examples=["timezone"],
    )
    not_before: Annotated[str | None, COLUMN] = Field(
        default=None,
        alias="notBeforeColumn",
        description="The column with the time before which a contact is not called, as `scheduledStartTime`; without an"
        " offset by the clock of its own zone.",
        examples=["call_after"],
    )
    external_id: Annotated[str | None, COLUMN] = Field(
        default=None,
        alias="externalIdColumn",
        description="The column with your own id of each contact, given back everywhere.",
        examples=["customer_id"],
    )
    required: Annotated[tuple[str, ...], Texts(MAX_FIELDS)] = Field(
        default=(),
        alias="requiredFields",
        description="Columns without which a contact is not called. In a form: JSON text.",
        examples=[["name", "appointment"]],
    )

    @property
    def gives_more(self) -> bool:
        """Whether anything beside the number is read of a contact, or must be there."""
        return not (self.timezone is None is self.not_before is self.external_id) or bool(self.required)


NAMING_FIELDS = tuple(aliases(NamedColumns))
