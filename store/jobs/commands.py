"""Operators' commands from Temporal's side, applied to the database."""

import logging
from datetime import timedelta

from sqlalchemy import text

from domain.audit import SYSTEM, TEMPORAL
from domain.errors import RequestError
from domain.jobs.commands import CommandKind, OperatorCommand
from domain.jobs.models import JobChange
from store.db.engine import Database, reading
from store.errors import NotFound, WrongStatus
from store.jobs.lifecycle import JobLifecycle
from store.jobs.update import JobUpdates

_SWITCHED_SINCE = text("""
    SELECT EXISTS (SELECT 1 FROM activity WHERE job_id = :job AND at > :since AND actor NOT IN (:temporal, :system)
                   AND action IN ('started', 'paused', 'resumed'))
""")

CLOCK_SKEW = timedelta(seconds=2)  # Temporal's and the database's: in doubt no call is placed

logger = logging.getLogger(__name__)


class OperatorCommands:
    """Each command is idempotent."""

    def __init__(self, engine: Database, lifecycle: JobLifecycle, updates: JobUpdates) -> None:
        self._engine = engine
        self._lifecycle = lifecycle
        self._updates = updates

    async def apply(self, command: OperatorCommand) -> None:
        """What the job's status does not allow, cannot be read or is not there changes nothing: nobody waits for an
        answer."""
        try:
            if await self._is_overtaken(command):
                logger.warning("job %s: %s came too late: it was controlled since", command.job_id, command.kind)
                return
            await self._apply(command)
        except (WrongStatus, NotFound, RequestError) as refusal:
            logger.info("job %s: %s changes nothing: %s", command.job_id, command.kind, refusal)

    async def _is_overtaken(self, command: OperatorCommand) -> bool:
        """Whether somebody else has started, paused or resumed the job since the command was received.

        A command is applied again where the answer that it was applied got lost; the later word of a person holds.
        """
        if command.received_at is None or not command.kind.is_switch:
            return False
        since = command.received_at + (CLOCK_SKEW if command.kind.stops_calling else timedelta())
        values = {"job": command.job_id, "since": since, "temporal": TEMPORAL, "system": SYSTEM}
        async with reading(self._engine) as connection:
            return bool((await connection.execute(_SWITCHED_SINCE, values)).scalar_one())

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
