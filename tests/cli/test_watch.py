"""What watching shows at a terminal."""

import io

import pytest
from outdial_client import NoAnswer
from rich.console import Console

from cli import watch
from cli.client import Api
from cli.watch import watch_job
from tests.cli.answers import ID, JOB, job, refusal
from tests.cli.conftest import FakeApi


def test_a_terminal_shows_counts_results_and_trouble(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_INTERVAL_SECONDS", 0.3)  # longer than a frame
    api.will(JOB, (200, job("running", 1)), (503, refusal("unavailable")), (200, job("completed", 4)))
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    with Api(api.url, "od_secret") as client:
        assert watch_job(client, ID, console)["status"] == "completed"
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for expected in (
        "1/4",
        "4/4",
        "3 pending, 1 completed",
        "waits for the next retry",
        "Not like this. (unavailable) Trying again",
    ):
        assert expected in shown


def test_watching_gives_up_at_last(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(watch, "GIVE_UP_SECONDS", 0.05)
    api.will(JOB, (200, job("running", 1)), None)
    console = Console(file=io.StringIO())
    with Api(api.url, "od_secret") as client, pytest.raises(NoAnswer):
        watch_job(client, ID, console)
