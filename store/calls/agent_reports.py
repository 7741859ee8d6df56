"""What agents report of their calls: kept on the dial, and on its contact where no later call reported."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls.agent_report import Conversation, ConversationReport
from store.db.engine import reading
from store.db.ids import may_exist
from store.errors import NotFound
from store.tables import contacts, dials
from store.webhooks.events import contact_reported

_LOCKED = sa.select(
    dials.c.contact_id, dials.c.number_of_dial, dials.c.conversation, sa.func.clock_timestamp().label("now")
).with_for_update(key_share=True)
_OWNER = sa.select(dials.c.organization_id).join_from(dials, contacts, contacts.c.id == dials.c.contact_id)
_NO_LATER_ONE = text(
    "NOT EXISTS (SELECT 1 FROM dials d WHERE d.contact_id = contacts.id AND d.number_of_dial > :number_of_dial"
    " AND d.conversation IS NOT NULL)"
)


class Conversations:
    """Every public method is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def organization_of(self, call_id: str) -> str | None:
        """Whose call it is; None where there is none, or its job was deleted."""
        if not may_exist(call_id):
            return None
        async with reading(self._engine) as connection:
            found: str | None = await connection.scalar(_OWNER.where(dials.c.id == call_id))
            return found

    async def report(self, organization_id: str, call_id: str, said: ConversationReport) -> Conversation:
        """Keep what is said of a call, field by field the last word. Raises NotFound."""
        if not may_exist(call_id):
            raise NotFound("call", call_id)
        async with self._engine.begin() as connection:
            query = _LOCKED.where(dials.c.id == call_id, dials.c.organization_id == organization_id)
            dial = (await connection.execute(query)).one_or_none()
            if dial is None or await _is_deleted(connection, dial.contact_id):
                raise NotFound("call", call_id)
            earlier = None if dial.conversation is None else Conversation.model_validate(dial.conversation)
            conversation = Conversation.after(earlier, said, call_id, _whole_milliseconds(dial.now))
            kept = conversation.model_dump(mode="json")
            await connection.execute(sa.update(dials).where(dials.c.id == call_id).values(conversation=kept))
            on_contact = await connection.execute(
                sa.update(contacts)
                .where(contacts.c.id == dial.contact_id, _NO_LATER_ONE.bindparams(number_of_dial=dial.number_of_dial))
                .values(conversation=kept, reported_at=conversation.reported_at)
            )
            if on_contact.rowcount and _is_news(earlier, conversation):
                await contact_reported(connection, dial.contact_id)
            return conversation


def _is_news(earlier: Conversation | None, now: Conversation) -> bool:
    """An agent that tries again says nothing new."""
    return earlier is None or earlier.model_copy(update={"reported_at": now.reported_at}) != now


async def _is_deleted(connection: AsyncConnection, contact_id: str) -> bool:
    """Whether the contact's job was deleted; looked at once the dial is locked, so that it is not deleted meanwhile."""
    return await connection.scalar(sa.select(contacts.c.id).where(contacts.c.id == contact_id)) is None


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
