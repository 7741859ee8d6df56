"""Options that commands share, and how answers are printed for scripts."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import Failure

Url = Annotated[str, typer.Option("--url", envvar="OUTDIAL_URL", help="Where the API answers.")]
Key = Annotated[str, typer.Option("--key", envvar="OUTDIAL_KEY", help="An API key.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

_HOURS = re.compile(r"(?P<from>[0-9]{2}:[0-9]{2})-(?P<to>[0-9]{2}:[0-9]{2})(?: +(?P<days>[a-z]{3}(?:,[a-z]{3})*))?")

LOCAL_API = "http://127.0.0.1:8000"


def print_json(answer: Any) -> None:
    """One JSON document on one line of stdout."""
    typer.echo(json.dumps(answer, ensure_ascii=False))


def amount(text: str) -> Decimal:
    """Read a decimal number that is not negative. Raises typer.BadParameter."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"{text} is not an amount, such as 100 or 12.50.")
    return number


def _job_id(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", written):
        raise typer.BadParameter("The id of a job looks like batch_0123456789abcdef01234567.")
    return written


JobId = Annotated[str, typer.Argument(metavar="ID", help="batch_…", show_default=False, parser=_job_id)]


def content_of(file: Path) -> bytes:
    """The bytes of a file. Raises Failure."""
    try:
        return file.read_bytes()
    except OSError:
        raise Failure(f"{file} cannot be read.") from None


def form(fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields that are given, as a form holds them: objects are JSON text."""
    given = {name: value for name, value in fields.items() if value is not None}
    return {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in given.items()}


def calling_window(text: str) -> Any:
    """Read "09:00-20:00", "09:00-20:00 mon,tue", JSON, or the name of a preset. Raises typer.BadParameter."""
    hours = _HOURS.fullmatch(text.strip())
    if hours is not None:
        days = {} if hours["days"] is None else {"weekdays": hours["days"].split(",")}
        return {"from": hours["from"], "to": hours["to"], **days}
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is neither hours, such as 09:00-20:00, nor JSON.") from None


Window = Annotated[
    Any,
    typer.Option(
        "--window",
        metavar="HOURS",
        parser=calling_window,
        help='09:00-20:00, "09:00-20:00 mon,tue,wed", JSON, or a preset such as us-federal; where the contact is.',
    ),
]
