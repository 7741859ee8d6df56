"""Arguments and options that commands share."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

_HOURS = re.compile(r"(?P<from>[0-9]{2}:[0-9]{2})-(?P<to>[0-9]{2}:[0-9]{2})(?: +(?P<days>[a-z]{3}(?:,[a-z]{3})*))?")


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request that were named on the command line."""
    return {name: value for name, value in fields.items() if value is not None}


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


JobId = Annotated[str, typer.Argument(metavar="ID", help="batch_…", show_default=False, parser=_job_id)]
OrgId = Annotated[str, typer.Argument(metavar="ORG", help="org_…", show_default=False)]
ContactFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Contacts, with a `phone` column.")
]
PhoneColumn = Annotated[str | None, typer.Option(help="Else `phone`.")]
Page = Annotated[int, typer.Option(min=1)]
PageSize = Annotated[int, typer.Option(min=1, max=100)]
Window = Annotated[
    Any,
    typer.Option(
        "--window",
        metavar="HOURS",
        parser=calling_window,
        help='09:00-20:00, "09:00-20:00 mon,tue,wed", JSON, or a preset such as us-federal; where the contact is.',
    ),
]
