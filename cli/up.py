"""`outdial up`: the whole of Outdial on one machine, in the foreground."""

import typer

app = typer.Typer()
