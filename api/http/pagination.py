"""Queries: read into models after the key, in the order of their fields, and described by the same models."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter, Signature
from keyword import iskeyword
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi import Query as QueryParameter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from api.auth import require_member, require_platform
from api.http.errors import InvalidPage, InvalidPageSize

LAST_PAGE = 10**9  # past the end of everything; beyond it a database would not count
NUMBER = re.compile(r"[0-9]{1,1000}")

Error = Callable[[str, list[dict[str, str]]], Exception]


class Query(BaseModel):
    """The base of queries: a parameter without a value is not given; what is unknown is ignored, a header says."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, sent: dict[str, str]) -> dict[str, str]:
        return {name: text.strip() for name, text in sent.items() if text.strip()}


def refuse(error: Error, info: ValidationInfo, reason: str) -> Exception:
    """The error that blames the parameter of a model's field."""
    name = to_camel(str(info.field_name).rstrip("_"))
    return error(f"{name} {reason}.", [{"field": name, "reason": reason}])


def whole(error: Error, most: int, *, clip: bool = False) -> BeforeValidator:
    """A number from 1 to `most`; `clip` takes a larger one for the largest."""

    def read(text: str, info: ValidationInfo) -> int:
        number = int(text) if NUMBER.fullmatch(text) else 0
        if number < 1 or (number > most and not clip):
            raise refuse(error, info, "must be a whole number from 1" + ("" if clip else f" to {most}"))
        return min(number, most)

    return BeforeValidator(read)


@dataclass(frozen=True)
class OneOf:
    """One of these values, exactly as written there; the type of a field that is optional."""

    choices: type[StrEnum]
    error: Error
    reason: str | None = None

    def __get_pydantic_core_schema__(self, *_: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}

    def _read(self, text: Any, info: ValidationInfo) -> StrEnum:
        if text not in set(self.choices):
            raise refuse(self.error, info, self.reason or f"must be one of {', '.join(self.choices)}")
        return self.choices(text)


Page = Annotated[
    int,
    whole(InvalidPage, LAST_PAGE, clip=True),
    WithJsonSchema({"type": "integer", "minimum": 1, "description": "Counts from 1."}),
]
PageSize = Annotated[
    int,
    whole(InvalidPageSize, 100),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100, "description": "Entries a page."}),
]
Text = Annotated[str | None, WithJsonSchema({"type": "string"})]


class PageQuery(Query):
    page: Page = 1
    page_size: PageSize = 20

    def of(self, total: int) -> dict[str, int]:
        """What a page holds next to its entries."""
        return {"total": total, "page": self.page, "page_size": self.page_size}


class SearchQuery(PageQuery):
    search: Text = Field(default=None, description="Only those with this text.")


Q = TypeVar("Q", bound=Query)


def query(kind: type[Q], authenticate: Callable[..., Any] = require_member) -> Any:
    """A dependency on the query, read after the key. It raises what the types of its fields raise, the first of them.

    FastAPI describes the parameters, as text that may be missing, and leaves what they mean to the model.
    """

    async def read(request: Request, caller: Any, **_: Any) -> Q:
        return kind.model_validate(dict(request.query_params), context=caller)

    own = [
        Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request),
        Parameter("caller", Parameter.KEYWORD_ONLY, annotation=Annotated[Any, Depends(authenticate)]),
    ]
    read.__signature__ = Signature([*own, *_described(kind)])  # type: ignore[attr-defined]
    return Depends(read)


def _described(kind: type[Query]) -> list[Parameter]:
    return [_parameter(name, schema) for name, schema in kind.model_json_schema()["properties"].items()]


def _parameter(name: str, schema: dict[str, Any]) -> Parameter:
    default, description = schema.pop("default", None), schema.pop("description", None)
    what = Annotated[Any, WithJsonSchema(schema), QueryParameter(alias=name, description=description)]
    own = f"{name}_" if iskeyword(name) else name  # the alias is what is sent
    return Parameter(own, Parameter.KEYWORD_ONLY, annotation=what, default=default)


PageQueryDep = Annotated[PageQuery, query(PageQuery)]
SearchQueryDep = Annotated[SearchQuery, query(SearchQuery)]
PlatformSearchDep = Annotated[SearchQuery, query(SearchQuery, require_platform)]
