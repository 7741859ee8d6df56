"""Downloads: what became of a job's contacts, and the rows that were rejected."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from outdial_client import save

from cli.client import Api
from cli.command import command
from cli.errors import Failure
from cli.options import JobId, ResultsFormat

File = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Written whole or not at all; else to stdout.")
]

app = typer.Typer()


@command(app)
def results(
    job_id: JobId,
    api: Api,
    format_: ResultsFormat = "csv",
    output: File = None,
) -> None:
    """Download what became of every contact: their own columns first, then ours."""
    write(api.client.download_results(job_id, format=format_), output)


@command(app)
def rejects(job_id: JobId, api: Api, output: File = None) -> None:
    """Download the rows of a job's file that were rejected, to be fixed and submitted again."""
    write(api.client.download_rejects(job_id), output)


def write(parts: Iterable[bytes], output: Path | None) -> None:
    """To a file, whole or not at all, or to stdout. Raises Failure."""
    if output is None:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
        return
    try:
        save(parts, output)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}.") from None
