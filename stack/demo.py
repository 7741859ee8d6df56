"""`make demo`: the whole stack in a fresh directory calls `samples/contacts.csv`, before your eyes."""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.errors import ExitCode, Failure
from cli.up import announce, run
from stack.options import Options
from stack.ports import is_free
from stack.ready_file import Ready

CONTACTS = Path(__file__).resolve().parent.parent / "samples" / "contacts.csv"
LINES = 50
LOOK_SECONDS = 0.5
ENDED = {"completed", "failed", "cancelled"}
SHOWN_ROWS = 5  # of the rows that cannot be called

console = Console()
Json = dict[str, Any]


def main() -> None:
    """Exit code 0: the job completed, or Ctrl-C after it did."""
    parser = argparse.ArgumentParser(prog="python -m stack.demo")
    parser.add_argument("--once", action="store_true", help="end when the job completed")
    parser.add_argument("--data-dir", type=Path, help="kept; a fresh one is removed at the end")
    arguments = parser.parse_args()
    try:
        with _data_dir(arguments.data_dir) as data_dir:
            run(_options(data_dir), Demo(stay=not arguments.once).tell)
    except Failure as failure:
        Console(stderr=True).print(str(failure), style="bold red", markup=False)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


class Demo:
    """One job, from its file to its result."""

    def __init__(self, *, stay: bool) -> None:
        self._stay = stay

    async def tell(self, ready: Ready) -> None:
        """Submit, watch, show. Raises Failure where the job does not complete."""
        announce(console, ready)
        headers = {"Authorization": f"Bearer {ready.api.owner_key}"}
        async with httpx.AsyncClient(base_url=ready.api.url, headers=headers, trust_env=False, timeout=30) as api:
            created = await _submit(api, ready.phone_numbers.pipeline)
            _show_validation(created)
            job = await _watch(api, created["batchJobId"], created["totalContacts"])
        _show_result(job)
        if job["status"] != "completed":
            raise Failure(f"The job ended as {job['status']}.")
        _show_where_to_look(ready, job["id"])
        if self._stay:
            console.print("\nThe stack stays up until Ctrl-C.")
            await asyncio.Event().wait()


async def _submit(api: httpx.AsyncClient, phone_number_id: str) -> Json:
    console.print(f"\n[bold]Submitting[/] {CONTACTS.name}, to be called on {LINES} lines …")
    fields = {
        "name": "Demo",
        "fromPhoneNumberId": phone_number_id,
        "concurrentCallLimit": str(LINES),
        "timezone": "UTC",
    }
    content = await asyncio.to_thread(CONTACTS.read_bytes)
    files = {"file": (CONTACTS.name, content, "text/csv")}
    return _body(await api.post("/batch/create", data=fields, files=files))


async def _watch(api: httpx.AsyncClient, job_id: str, total: int) -> Json:
    """Follow the job to its end; a moment without an answer is waited out."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[live]} live"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Calling", total=total, live=0)
        while True:
            job = await _look(api, job_id)
            live = job["statusBreakdown"]["dialing"]
            progress.update(bar, completed=job["contactsProcessed"], live=live)
            if job["status"] in ENDED:
                return job
            await asyncio.sleep(LOOK_SECONDS)


async def _look(api: httpx.AsyncClient, job_id: str) -> Json:
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = await api.get(f"/batch/jobs/{job_id}", params={"contactsPageSize": 1})
            if answer.status_code < 500:
                return _body(answer)
        await asyncio.sleep(LOOK_SECONDS)


def _body(answer: httpx.Response) -> Json:
    body: Json = answer.json()
    if answer.is_error:
        raise Failure(f"The API refused: {body['error']}")
    return body


def _show_validation(created: Json) -> None:
    report = created["validation"]
    counts = {
        "rows": report["rows"],
        "to be called": report["valid"],
        "invalid": report["invalidTotal"],
        "duplicates": report["duplicatesTotal"],
        "blank": report["blank"],
    }
    console.print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    for row in report["invalid"][:SHOWN_ROWS]:
        console.print(f"  row {row['row']}: {row['value']} · {row['reason']}", markup=False)
    if report["invalidTotal"] > SHOWN_ROWS:
        console.print(f"  … and {report['invalidTotal'] - SHOWN_ROWS} more")
    console.print(f"Estimate: {created['estimatedDuration']}, {created['estimatedCost']}\n")


def _show_result(job: Json) -> None:
    console.print(f"\nJob {job['id']} is [bold]{job['status']}[/].", soft_wrap=True)
    table = Table("Outcome")
    table.add_column("Contacts", justify="right")
    for status, count in sorted(job["statusBreakdown"].items(), key=lambda item: -item[1]):
        if count:
            table.add_row(status, f"{count:,}")
    console.print(table)


def _show_where_to_look(ready: Ready, job_id: str) -> None:
    workflow = f"{ready.temporal.ui}/namespaces/{ready.temporal.namespace}/workflows/batch-job%2F{job_id}"
    console.print(f"\n[bold]Look at[/]  API docs         {ready.api.url}/docs", soft_wrap=True)
    console.print(f"         the job          {ready.api.url}/batch/jobs/{job_id}", soft_wrap=True)
    console.print(f"         Temporal web UI  {workflow}", soft_wrap=True)
    console.print(f"         all calls made   {ready.carrier.url}/simulator/report", soft_wrap=True)


def _options(data_dir: Path) -> Options:
    """The usual ports, where they are free: a demo does not fail for a port."""
    usual = Options(data_dir=data_dir)
    ports = {name: getattr(usual, name) for name in ("api_port", "temporal_port", "ui_port", "carrier_port")}
    return usual.model_copy(update={name: port if is_free(port) else 0 for name, port in ports.items()})


@contextlib.contextmanager
def _data_dir(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    fresh = Path(tempfile.mkdtemp(prefix="outdial-demo-"))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


if __name__ == "__main__":
    main()
