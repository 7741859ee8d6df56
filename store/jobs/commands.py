"""Operators' commands from Temporal's side, applied to the database."""

import logging

from domain.audit import TEMPORAL
from domain.errors import RequestError
from domain.jobs.commands import CommandKind, OperatorCommand
from domain.jobs.models import JobChange
from store.errors import NotFound, WrongStatus
from store.jobs.lifecycle import JobLifecycle
from store.jobs.update import JobUpdates

logger = logging.getLogger(__name__)


class OperatorCommands:
    """Each command is idempotent."""

    def __init__(self, lifecycle: JobLifecycle, updates: JobUpdates) -> None:
        self._lifecycle = lifecycle
        self._updates = updates

    async def apply(self, command: OperatorCommand) -> None:
        """What the job's status does not allow, cannot be read or is not there changes nothing: nobody waits for an
        answer."""
        try:
            await self._apply(command)
        except (WrongStatus, NotFound, RequestError) as refusal:
            logger.info("job %s: %s changes nothing: %s", command.job_id, command.kind, refusal)

    async def _apply(self, command: OperatorCommand) -> None:
        job = command.organization_id, command.job_id
        match command.kind:
            case CommandKind.START_NOW:
                await self._lifecycle.start_now(*job, by=TEMPORAL)
            case CommandKind.PAUSE:
                await self._lifecycle.pause(*job, by=TEMPORAL)
            case CommandKind.RESUME:
                await self._lifecycle.resume(*job, by=TEMPORAL)
            case CommandKind.CANCEL | CommandKind.CANCEL_AND_HANG_UP:
                hang_up = command.kind is CommandKind.CANCEL_AND_HANG_UP
                await self._lifecycle.cancel(*job, hang_up=hang_up, by=TEMPORAL)
            case CommandKind.RESCHEDULE:
                await self._updates.change(*job, JobChange(scheduled_start_time=command.start), by=TEMPORAL)
            case CommandKind.CHANGE:
                await self._updates.change_fields(*job, command.fields, by=TEMPORAL)
            case CommandKind.REMOVE_CONTACT:
                await self._updates.remove_contact(*job, command.contact_id, by=TEMPORAL)
