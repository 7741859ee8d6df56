"""What operators ask of a job from Temporal's side: signals, and the queue from which they are applied in order."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.jobs import JobActivities, JobRef
    from domain.jobs.change_request import CHANGEABLE
    from domain.jobs.commands import CommandKind, OperatorCommand
    from workflows.activity_options import execute_short_activity

MAX_LINES = 50


class CommandQueue:
    """Commands received and not yet applied; `on_command` is called at each."""

    def __init__(self, job: JobRef, commands: Iterable[OperatorCommand], on_command: Callable[[], None]) -> None:
        self._job = job
        self._commands = deque(commands)
        self._on_command = on_command

    @property
    def waiting(self) -> tuple[OperatorCommand, ...]:
        return tuple(self._commands)

    @property
    def stops_calling(self) -> bool:
        """Whether a command that is still to be applied says that no calls are to be placed."""
        return any(command.kind.stops_calling for command in self._commands)

    def add(self, kind: CommandKind, **values: Any) -> None:
        received_at = workflow.now()
        self._commands.append(OperatorCommand(**self._job.model_dump(), kind=kind, received_at=received_at, **values))
        self._on_command()

    async def apply(self) -> bool:
        """Apply all to the database, one after another; whether there were any."""
        applied = bool(self._commands)
        while self._commands:
            await execute_short_activity(JobActivities.apply_command, self._commands[0])
            self._commands.popleft()
        return applied


class OperatorSignals:
    """The signals that operators send to a job. Temporal finds them on the workflow's class and its bases, nowhere
    else: this base has no state and does nothing but fill the workflow's queue."""

    _commands: CommandQueue

    @workflow.signal(description="Start now instead of at the scheduled time.")
    def start_now(self) -> None:
        self._commands.add(CommandKind.START_NOW)

    @workflow.signal(description="Place no calls until `resume`. Live calls end by themselves.")
    def pause(self) -> None:
        self._commands.add(CommandKind.PAUSE)

    @workflow.signal(description="Go on after `pause`.")
    def resume(self) -> None:
        self._commands.add(CommandKind.RESUME)

    @workflow.signal(description="End the job: nobody else is dialed, live calls end by themselves.")
    def cancel(self) -> None:
        self._commands.add(CommandKind.CANCEL)

    @workflow.signal(description="End the job, and hang up its live calls.")
    def cancel_and_hang_up(self) -> None:
        self._commands.add(CommandKind.CANCEL_AND_HANG_UP)

    @workflow.signal(description="Use at most this many lines, 1 to 50. Input: a number.")
    def change_limit(self, lines: int) -> None:
        self.change({"concurrentCallLimit": max(1, min(MAX_LINES, lines))})

    @workflow.signal(description='Move a start that has not come. Input: "2027-01-31T09:00:00+01:00".')
    def reschedule(self, start_at: datetime) -> None:
        """A time without an offset is UTC."""
        start = start_at.astimezone(UTC) if start_at.tzinfo is not None else start_at.replace(tzinfo=UTC)
        self._commands.add(CommandKind.RESCHEDULE, start=start)

    @workflow.signal(
        description=f"Change the job, as PATCH does: {', '.join(CHANGEABLE)}."
        ' Input: {"priority": 9, "endTime": null}.'
    )
    def change(self, fields: dict[str, Any]) -> None:
        self._commands.add(CommandKind.CHANGE, fields=fields)

    @workflow.signal(description='Do not call this contact any more. Input: its id, "contact_…".')
    def remove_contact(self, contact_id: str) -> None:
        self._commands.add(CommandKind.REMOVE_CONTACT, contact_id=contact_id)
