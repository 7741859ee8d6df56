"""Options that commands share, and how answers are printed for scripts."""

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

Url = Annotated[str, typer.Option("--url", envvar="OUTDIAL_URL", help="Where the API answers.")]
Key = Annotated[str, typer.Option("--key", envvar="OUTDIAL_KEY", help="An API key.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

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
