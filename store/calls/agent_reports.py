"""What agents report of their calls: kept on the dial, and on its contact unless a later call has a report."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.agent_report import Conversation, ConversationReport
from domain.calls.models import Audio
from domain.privacy import ERASED
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import NotFound
from store.tables import batch_jobs, contacts, dials, old_dials
from store.webhooks.events import queue_report_event

_OWNER = (
    sa.select(dials.c.organization_id)
    .join_from(dials, contacts, contacts.c.id == dials.c.contact_id)
    .join(batch_jobs, batch_jobs.c.id == contacts.c.job_id)
)
_WHERE_CALLS_ARE = (dials, old_dials)  # in this order: a dial that is moved meanwhile is found there
_IS_LATEST_REPORT = """NOT EXISTS (
    SELECT 1 FROM {dials} d
    WHERE d.contact_id = contacts.id AND d.number_of_dial > :number_of_dial AND d.conversation IS NOT NULL)"""


class AgentReports:
    """Each public method is one transaction."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def find_organization(
        self, call_id: str, *, ended_within: timedelta | None = None, twiml_ended_within: timedelta | None = None
    ) -> str | None:
        """Whose call it is; None where there is no such call, or its job was deleted, or it ended earlier than that.

        `twiml_ended_within`: of calls whose agent is a TwiML address, instead.
        """
        if not may_exist(call_id):
            return None
        async with reading(self._engine) as connection:
            query = _OWNER.where(dials.c.id == call_id)
            if ended_within is not None:
                by_url = ended_within if twiml_ended_within is None else twiml_ended_within
                within = sa.case((batch_jobs.c.audio == Audio.TWIML.value, by_url), else_=ended_within)
                lately = dials.c.ended_at > sa.func.now() - within
                query = query.where(sa.or_(dials.c.ended_at.is_(None), lately))
            found: str | None = await connection.scalar(query)
            return found

    async def record(self, organization_id: str, call_id: str, report: ConversationReport) -> Conversation:
        """Store what an agent reports of its call; of each field the latest value stays. Raises NotFound.

        Of calls in the archive no webhook is told: what it would say of the call's course is not read from there.
        """
        if not may_exist(call_id):
            raise NotFound("call", call_id)
        async with self._engine.begin() as connection:
            for table in _WHERE_CALLS_ARE:
                dial = (await connection.execute(_locked(table, organization_id, call_id))).one_or_none()
                if dial is not None:
                    break
            if dial is None or await _is_deleted(connection, dial.contact_id):
                raise NotFound("call", call_id)
            earlier = None if dial.conversation is None else Conversation.model_validate(dial.conversation)
            conversation = Conversation.merge(earlier, report, call_id, _in_milliseconds(dial.now))
            kept = conversation.model_dump(mode="json")
            await connection.execute(sa.update(table).where(table.c.id == call_id).values(conversation=kept))
            on_contact = await connection.execute(
                sa.update(contacts)
                .where(contacts.c.id == dial.contact_id, _is_latest_report(table, dial.number_of_dial))
                .values(conversation=kept, reported_at=conversation.reported_at)
            )
            if on_contact.rowcount and table is dials and _is_new(earlier, conversation):
                await queue_report_event(connection, dial.contact_id)
            return conversation


def _locked(table: sa.Table, organization_id: str, call_id: str) -> sa.Select[Any]:
    fields = table.c.contact_id, table.c.number_of_dial, table.c.conversation
    query = sa.select(*fields, sa.func.clock_timestamp().label("now")).with_for_update(key_share=True)
    return query.where(table.c.id == call_id, table.c.organization_id == organization_id)


def _is_latest_report(table: sa.Table, number_of_dial: int) -> sa.TextClause:
    called = "dials" if table is dials else "all_dials"
    return text(_IS_LATEST_REPORT.format(dials=called)).bindparams(number_of_dial=number_of_dial)


def _is_new(earlier: Conversation | None, now: Conversation) -> bool:
    """A report that is sent again holds nothing new."""
    return earlier is None or earlier.model_copy(update={"reported_at": now.reported_at}) != now


async def _is_deleted(connection: AsyncConnection, contact_id: str) -> bool:
    """Whether the contact's job was deleted, or its data; read while the dial is locked, so that neither happens
    meanwhile."""
    kept = contacts.c.id == contact_id, contacts.c.number != ERASED
    return await connection.scalar(sa.select(contacts.c.id).where(*kept)) is None


def _in_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
