"""`make demo`: a stack in a fresh directory calls `samples/contacts.csv`."""

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from cli.errors import ExitCode, Failure
from cli.up import announce, run
from stack.options import Options
from stack.ports import is_free
from stack.ready_file import Ready
from workflows.process_end import run_to_end

CONTACTS = Path(__file__).resolve().parent.parent / "samples" / "contacts.csv"
LINES = 50

console = Console()
Json = dict[str, Any]


def main() -> None:
    """Exit code 0: the job completed."""
    parser = argparse.ArgumentParser(prog="python -m stack.demo")
    parser.add_argument("--once", action="store_true", help="end when the job completed")
    parser.add_argument("--data-dir", type=Path, help="kept; a fresh one is removed at the end")
    arguments = parser.parse_args()
    try:
        with _data_dir(arguments.data_dir) as data_dir:
            run(_options(data_dir), partial(demo, run_forever=not arguments.once))
    except Failure as failure:
        Console(stderr=True).print(str(failure), style="bold red", markup=False)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


async def demo(ready: Ready, *, run_forever: bool) -> None:
    """Submit a job, watch it, show its result. Raises Failure where it does not complete."""
    announce(console, ready)
    code = await _submit(ready)
    if code != ExitCode.OK:
        raise Failure("The job did not complete.", ExitCode(code))
    job = await _newest_job(ready)
    _show_result(job)
    _show_addresses(ready, job["id"])
    if run_forever:
        console.print("\nThe stack stays up until Ctrl-C.")
        await asyncio.Event().wait()


async def _submit(ready: Ready) -> int:
    """Run `outdial submit` with its output on this terminal; its exit code."""
    flags = [str(CONTACTS), "--from", ready.phone_numbers.pipeline, "--lines", str(LINES), "--yes", "--watch"]
    console.print(f"\n[bold]$ outdial submit {' '.join(flags)}[/]\n", soft_wrap=True, highlight=False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "cli.main", "submit", *flags),
        env={**os.environ, "OUTDIAL_URL": ready.api.url, "OUTDIAL_KEY": ready.api.owner_key},
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:  # a signal ended the session
            process.terminate()
            await process.wait()


async def _newest_job(ready: Ready) -> Json:
    headers = {"Authorization": f"Bearer {ready.api.owner_key}"}
    async with httpx.AsyncClient(base_url=ready.api.url, headers=headers, trust_env=False) as api:
        listed = (await api.get("/batch/jobs", params={"pageSize": 1})).raise_for_status().json()
        path = f"/batch/jobs/{listed['batchJobs'][0]['id']}"
        job: Json = (await api.get(path, params={"contactsPageSize": 1})).raise_for_status().json()
        return job


def _show_result(job: Json) -> None:
    console.print(f"\nJob {job['id']} is [bold]{job['status']}[/].", soft_wrap=True)
    table = Table("Outcome")
    table.add_column("Contacts", justify="right")
    for status, count in sorted(job["statusBreakdown"].items(), key=lambda item: -item[1]):
        if count:
            table.add_row(status, f"{count:,}")
    console.print(table)


def _show_addresses(ready: Ready, job_id: str) -> None:
    workflow = f"{ready.temporal.ui}/namespaces/{ready.temporal.namespace}/workflows/batch-job%2F{job_id}"
    console.print(f"\n[bold]Look at[/]  the job          {ready.console.url}/jobs/{job_id}", soft_wrap=True)
    console.print(f"         the console      {ready.console.sign_in}", soft_wrap=True)
    console.print(f"         API docs         {ready.api.url}/docs", soft_wrap=True)
    console.print(f"         Temporal web UI  {workflow}", soft_wrap=True)
    console.print(f"         all calls made   {ready.carrier.url}/simulator/report", soft_wrap=True)


def _options(data_dir: Path) -> Options:
    """The default ports, where they are free: a demo does not fail for a port."""
    default = Options(data_dir=data_dir)
    ports = {name: getattr(default, name) for name in ("api_port", "temporal_port", "ui_port", "carrier_port")}
    return default.model_copy(update={name: port if is_free(port) else 0 for name, port in ports.items()})


@contextlib.contextmanager
def _data_dir(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    fresh = Path(tempfile.mkdtemp(prefix="outdial-demo-"))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


if __name__ == "__main__":
    run_to_end(main)
