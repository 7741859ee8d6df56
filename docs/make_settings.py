"""`python -m docs.make_settings` writes the tables of docs/settings.md from the settings' class and the carriers'."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from carriers.asterisk.factory import from_environment as asterisk
from carriers.twilio.factory import from_environment as twilio
from carriers.variables import Variable, described_variables
from settings import Settings, Told

PAGE = Path(__file__).with_name("settings.md")
HEAD = "| variable | default | unit | allowed | what it does |\n|---|---|---|---|---|\n"
TABLE = re.compile(r"(?<=<!-- made -->\n).*?(?=^<!-- end -->)", re.DOTALL | re.MULTILINE)
PREFIX = "OUTDIAL_"
Row = tuple[str, str, str, str, str]


def page(text: str) -> str:
    """The page with both tables made anew."""
    tables = iter((_table(_settings()), _table(_carriers())))
    return TABLE.sub(lambda _: next(tables), text)


def variables() -> list[Variable]:
    """What the carriers read for themselves."""
    return [variable for factory in (twilio, asterisk) for variable in described_variables(factory)]


def _table(rows: Iterable[Row]) -> str:
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _settings() -> Iterator[Row]:
    of_carriers = {variable.name for variable in variables()}
    for field, info in Settings.model_fields.items():
        name = f"{PREFIX}{field.upper()}"
        if name not in of_carriers:
            told = next((each for each in info.metadata if isinstance(each, Told)), Told())
            yield f"`{name}`", _default(info.default), told.unit, told.allowed or _allowed(info), info.description or ""


def _carriers() -> Iterator[Row]:
    for variable in variables():
        default = f"`{variable.default}`" if variable.default else "empty"
        yield f"`{variable.name}`", default, "", variable.allowed, variable.does


def _default(value: Any) -> str:
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    if plain == "":
        return "empty"
    if isinstance(plain, int | float):
        return f"{plain:g}" if plain < 1e6 and plain % 1 else f"{plain:.0f}"
    return "`none`" if plain is None else f"`{plain}`"


def _allowed(info: FieldInfo) -> str:
    kinds = get_args(info.annotation) or (info.annotation,)
    choices = [
        f"`{each.value}`" for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for each in kind
    ]
    spans = [_span(info)] if _span(info) else []
    return ", ".join([*choices, *spans, *(["`none`"] if type(None) in kinds else [])])


def _span(info: FieldInfo) -> str:
    """`1 to 5000`, `2 or more`, `more than 0`."""
    low = next((f"{each.ge:g}" for each in info.metadata if isinstance(each, Ge)), None)
    above = next((f"more than {each.gt:g}" for each in info.metadata if isinstance(each, Gt)), None)
    high = next((f"{each.le:g}" for each in info.metadata if isinstance(each, Le)), None)
    if high is not None:
        return f"{low} to {high}" if low is not None else f"{above}, at most {high}"
    return above or (f"{low} or more" if low is not None else "")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
