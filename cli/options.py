"""Arguments and options that commands share."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request that were named on the command line."""
    return {name: value for name, value in fields.items() if value is not None}


STANDARD_INPUT = Path("-")


def name_of(file: Path) -> str:
    """What a job is called that gets no name of its own."""
    return "standard input" if file == STANDARD_INPUT else file.stem


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
OrgId = Annotated[str, typer.Argument(metavar="ORG", help="org_…", show_default=False)]
MaybeOrgId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ORG]", help="On the database, for operators; else the key's own organization.", show_default=False
    ),
]
ContactFile = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        allow_dash=True,
        help="Contacts, with a `phone` column; - for standard input.",
    ),
]
PhoneColumn = Annotated[str | None, typer.Option(help="Else `phone`.")]
Page = Annotated[int, typer.Option(min=1)]
PageSize = Annotated[int, typer.Option(min=1, max=100)]
HangUp = Annotated[bool, typer.Option("--hang-up", help="End its live calls too.")]
ResultsFormat = Annotated[str, typer.Option("--format", help="csv or jsonl.")]
