"""Options that stand for a job's settings: named, bounded and explained by what declares them."""

import inspect
import json
import re
from collections.abc import Collection
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.calling_rules.window_field import Window
from domain.jobs.settings import JobSettings, Moment
from domain.requests.field_types import Boolean, Choice, Dollars, Integer, Texts
from domain.requests.request_model import FieldType, aliases, field_types

FLAGS = {  # where the command line has a word of its own
    "fromPhoneNumberId": "from",
    "concurrentCallLimit": "lines",
    "maxAttempts": "attempts",
    "scheduledStartTime": "at",
    "endTime": "end",
    "callingWindow": "window",
}
_TIME = "[0-9]{1,2}(?::[0-9]{2})?"
_HOURS = re.compile(rf"(?P<from>{_TIME}) *[-–] *(?P<to>{_TIME})(?: +(?P<days>[a-z]{{3}}(?: *, *[a-z]{{3}})*))?")
HOURS = '9-20, "09:00-20:00 mon,tue,wed", JSON, or a preset such as us-federal; where the contact is.'


class SettingOptions(dict[str, Any]):
    """The settings that a command was given, by the contract's names. A subclass says which there are."""

    def __init_subclass__(
        cls,
        *,
        of: tuple[type[BaseModel], ...],
        only: Collection[str] | None = None,
        required: str | None = None,
        defaults: bool = False,
    ) -> None:
        """Of these models, or `only` some of their fields; `defaults`: whether the help gives those of the models."""
        fields = {
            alias: (kind.model_fields[name], field_types(kind)[name])
            for kind in of
            for alias, name in aliases(kind).items()
            if only is None or alias in only
        }

        def from_options(**given: Any) -> dict[str, Any]:
            return cls({alias: given[_name(alias)] for alias in fields if given[_name(alias)] is not None})

        options = [
            inspect.Parameter(
                _name(alias),
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if alias == required else None,
                annotation=_annotation(alias, field, kind, defaults=defaults),
            )
            for alias, (field, kind) in sorted(fields.items(), key=lambda one: one[0] != required)
        ]
        from_options.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        cls.from_options = from_options  # type: ignore[attr-defined]


def flag(alias: str) -> str:
    return FLAGS.get(alias) or re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", alias)


def _name(alias: str) -> str:
    return flag(alias).replace("-", "_") + "_"  # no word of Python's


def _annotation(alias: str, field: FieldInfo, kind: FieldType, *, defaults: bool) -> Any:
    of_type, metavar, parser = _type(kind)
    flags = f"--{flag(alias)}/--no-{flag(alias)}" if isinstance(kind, Boolean) else f"--{flag(alias)}"
    option = typer.Option(flags, metavar=metavar, parser=parser, help=_help(field, kind, defaults=defaults))
    return Annotated[of_type | None, option]


def _type(kind: FieldType) -> tuple[Any, str | None, Any]:
    """The type of an option's value, how the help calls it, and what reads it where the type does not."""
    match kind:
        case Integer():
            return int, f"{kind.lowest}-{kind.highest}", None
        case Choice():
            return str, "|".join(kind.choices), None
        case Boolean():
            return bool, None, None
        case Dollars():
            return str, "DOLLARS", None
        case Moment():
            return str, "TIME", None
        case Texts():
            return Any, "NAMES", _names
        case Window():
            return Any, "HOURS", _calling_window
    return (Any, "JSON", _json) if kind.is_json_in_forms else (str, "TEXT", None)


def _help(field: FieldInfo, kind: FieldType, *, defaults: bool) -> str | None:
    """The first sentence of its description, and what holds where it is not given."""
    if isinstance(kind, Window):
        return HOURS
    sentence = (field.description or "").partition(". ")[0].rstrip(".")
    sentence = re.sub(f"`({'|'.join(aliases(JobSettings))})`", lambda alias: f"--{flag(alias[1])}", sentence)
    default = field.get_default()
    shown = defaults and isinstance(default, str | int) and not isinstance(default, bool)
    words = "; ".join(filter(None, [sentence, f"else {default}" if shown else ""]))
    return f"{words}." if words else None


def _calling_window(text: str) -> Any:
    """Read "09:00-20:00", "09:00-20:00 mon,tue", JSON, or the name of a preset. Raises typer.BadParameter."""
    hours = _HOURS.fullmatch(text.strip())
    if hours is not None:
        days = {} if hours["days"] is None else {"weekdays": [day.strip() for day in hours["days"].split(",")]}
        return {"from": _time(hours["from"]), "to": _time(hours["to"]), **days}
    if text[:1].isdigit():
        raise typer.BadParameter(f"{text} is neither hours, such as 09:00-20:00 or 9-20, nor a preset.")
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is neither hours, such as 09:00-20:00, nor JSON.") from None


def _time(written: str) -> str:
    hour, _, minute = written.partition(":")
    return f"{hour:0>2}:{minute or '00'}"


def _names(text: str) -> Any:
    """Read "plan,phone" or a JSON array."""
    if text.lstrip().startswith("["):
        return _json(text)
    return [name.strip() for name in text.split(",") if name.strip()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not JSON.") from None
