"""The fields that say how numbers are written, where they are not E.164."""

from enum import StrEnum
from typing import Annotated

import phonenumbers
from pydantic import Field

from domain.requests.field_types import Choice
from domain.requests.request_model import FieldType, RequestModel, Schema, aliases, invalid, read_text


class NumberCheck(StrEnum):
    """What a number is held against. `possible`: its length alone, for ranges that the numbering data lack yet."""

    VALID = "valid"
    POSSIBLE = "possible"


class Country(FieldType):
    """An ISO 3166 code that has telephone numbers, in any letter case."""

    def read(self, value: object) -> str:
        code = read_text(value).strip().upper()
        if code not in phonenumbers.SUPPORTED_REGIONS:
            raise invalid("is no country code of ISO 3166, such as US")
        return code

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[A-Za-z]{2}$"}


class NumberOptions(RequestModel):
    """How numbers are read. Strictly E.164 and valid, unless the request says otherwise."""

    default_country: Annotated[str | None, Country()] = Field(
        default=None,
        description="The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and"
        " `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is"
        " refused. Without it numbers are E.164.",
        examples=["US"],
    )
    number_check: Annotated[NumberCheck, Choice(NumberCheck)] = Field(
        default=NumberCheck.VALID,
        description="`possible` takes numbers of ranges that the numbering data do not know, where their length is"
        " right; `validation.warnings` names them.",
    )


NUMBER_FIELDS = tuple(aliases(NumberOptions))
