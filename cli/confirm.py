"""Questions before something that cannot be undone, where there is a person to answer them."""

import sys
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; nobody is asked where stdin is no terminal.")]


def ask(question: str, *, yes: bool) -> None:
    """Ask at a terminal; raises typer.Abort for everything but yes. A script is not asked."""
    if not yes and is_asked():
        typer.confirm(question, abort=True, err=True)


def is_asked() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()
