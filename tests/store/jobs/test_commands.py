"""Operators' commands from Temporal's side do what the API's do, and refuse nothing aloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.jobs.commands import CommandKind, OperatorCommand
from store.jobs.commands import OperatorCommands
from store.jobs.delete import JobDeletion
from store.tables import activity
from tests.store.calling import Calling, Job, a_caller


async def apply(shared: Calling, job: Job, kind: CommandKind, **values: Any) -> None:
    command = OperatorCommand(organization_id=job.given.id, job_id=job.id, kind=kind, **values)
    await OperatorCommands(shared.engine, shared.lifecycle, shared.updates).apply(command)


async def test_a_command_moves_the_job_or_changes_nothing(shared: Calling) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 2)

    for kind, status in [
        (CommandKind.START_NOW, "running"),
        (CommandKind.START_NOW, "running"),
        (CommandKind.PAUSE, "paused"),
        (CommandKind.START_NOW, "paused"),
        (CommandKind.RESUME, "running"),
        (CommandKind.CANCEL, "cancelled"),
        (CommandKind.RESUME, "cancelled"),
        (CommandKind.CANCEL_AND_HANG_UP, "cancelled"),
    ]:
        await apply(shared, job, kind)
        assert (await job.row()).status == status


async def test_the_command_to_hang_up_reaches_live_dials(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    call = await job.call()

    await apply(shared, job, CommandKind.CANCEL_AND_HANG_UP)

    assert (await call.row()).hang_up_reason == "called_off"


@pytest.mark.parametrize("fields", [{}, {"priority": "high", "name": "Autumn"}, {"color": "red"}, {"name": None}])
async def test_a_change_that_cannot_be_read_changes_nothing(shared: Calling, fields: dict[str, Any]) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1)
    before = await job.row()

    await apply(shared, job, CommandKind.CHANGE, fields=fields)

    assert await job.row() == before


async def test_what_the_status_does_not_allow_or_is_not_there_changes_nothing(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    before = await job.row()

    await apply(shared, job, CommandKind.RESCHEDULE, start=datetime(2100, 1, 1, tzinfo=UTC))
    await apply(shared, job, CommandKind.REMOVE_CONTACT, contact_id="contact_none")

    assert await job.row() == before


@pytest.mark.parametrize(
    ("kind", "later", "status"),
    [(CommandKind.PAUSE, "resume", "running"), (CommandKind.RESUME, "pause", "paused")],
)
async def test_a_command_that_is_applied_again_does_not_undo_what_was_done_since(
    shared: Calling, kind: CommandKind, later: str, status: str
) -> None:
    """Its first application was not confirmed, so that Temporal tries it again, after a person's own word."""
    job = await shared.a_job(await a_caller(shared.engine), 1)
    if kind is CommandKind.RESUME:
        await shared.lifecycle.pause(job.given.id, job.id, by="key_before")
    received = datetime.now(UTC) - timedelta(seconds=20)
    await shared.change(activity, activity.c.job_id == job.id, at=received - timedelta(seconds=1))
    await apply(shared, job, kind, received_at=received)
    assert (await job.row()).status != status
    await getattr(shared.lifecycle, later)(job.given.id, job.id, by="key_later")

    await apply(shared, job, kind, received_at=received)

    assert (await job.row()).status == status


async def test_a_command_for_a_job_that_was_deleted_is_done(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    await job.cancel()
    await JobDeletion(shared.engine).delete(job.given.id, job.id, by="key_1")

    for kind in CommandKind:
        await apply(shared, job, kind, start=datetime(2100, 1, 1, tzinfo=UTC), fields={"name": "Autumn"})
