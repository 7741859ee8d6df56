"""The claim: whatever must hold at the moment of dialling, judged in one transaction before the carrier is asked.

Every change of what may be dialled (claims, endings, control, top-ups) first locks the organisation's row. That one
lock makes the counts below exact. The order of locks in the whole store: organisation, dial, job, contacts.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls import Audio
from domain.dispatch import Held, HeldReason
from domain.model import Model
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus
from store.ids import new_id
from store.ledger import EntryKind, book
from store.locks import lock_organization

LOOK_AGAIN = timedelta(seconds=30)  # for what only a top-up, an operator or another job's call can change
PROBE_LOOK_AGAIN = timedelta(seconds=5)  # while the one call that goes first is on the phone
LINE_LOOK_AGAIN = timedelta(milliseconds=300)


class Claimed(Model):
    """Claimed: the dial's row is written, a line and two minutes of credits are taken."""

    dial_id: str
    account: str
    to: str
    from_: str
    audio: Audio
    audio_url: str
    data: dict[str, Any]
    ring_seconds: int
    max_call_seconds: int


_FACTS = text("""
    SELECT c.status AS contact_status, c.dials, c.number AS to_number, c.data,
           j.dialling, j.hold, j.rate_per_minute, j.concurrent_call_limit AS job_limit, j.from_number,
           j.audio, j.audio_url, j.ring_seconds, j.max_call_seconds, j.phone_number_id,
           o.concurrent_call_limit AS organization_limit, o.credits_unlimited, o.balance - o.held AS free,
           p.calls_per_second, p.next_slot_at, p.carrier_account_id,
           a.closed_until, a.probe_dial_id,
           clock_timestamp() AS now,
           (SELECT count(*) FROM dials d WHERE d.organization_id = :organization AND d.ended_at IS NULL)
             AS organization_live,
           (SELECT count(*) FROM dials d WHERE d.organization_id = :organization AND d.job_id = j.id
             AND d.ended_at IS NULL) AS job_live,
           EXISTS (SELECT 1 FROM dials d WHERE d.from_number = j.from_number AND d.to_number = c.number
             AND d.ended_at IS NULL) AS pair_live
    FROM contacts c
    JOIN batch_jobs j ON j.id = c.job_id
    JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id
    JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE c.id = :contact AND c.job_id = :job AND j.organization_id = :organization
""")

# One instant for the whole statement: dials of one number are asked exactly as far apart as their slots.
_CLAIM = text("""
    WITH dialled AS (
      INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
                         to_number, asked_at, reserved_from_hold, reserved_from_free)
      SELECT :dial_id, c.id, c.dials + 1, c.job_id, c.organization_id, :account, :from_number, c.number,
             statement_timestamp(), :from_hold, :from_free
      FROM contacts c WHERE c.id = :contact
    ), moved AS (
      UPDATE contacts SET status = 'dialing', dials = dials + 1, last_attempt_at = statement_timestamp(),
             next_retry_at = NULL, call_id = NULL WHERE id = :contact
    ), paced AS (
      UPDATE phone_numbers SET next_slot_at = statement_timestamp() + :spacing WHERE id = :phone_number
    )
    UPDATE batch_jobs SET hold = hold - :from_hold WHERE id = :job
""")


class Claims:
    """`speed` divides the spacing of calls, in the local stack only."""

    def __init__(self, engine: AsyncEngine, speed: float = 1.0) -> None:
        self._engine = engine
        self._speed = speed

    async def claim(self, organization_id: str, job_id: str, contact_id: str, dial: int) -> Claimed | Held:
        """Claim the `dial`-th dial of a contact, or say why not."""
        try:
            return await self._judge(organization_id, job_id, contact_id, dial)
        except IntegrityError:  # another organisation with this caller id called the number in the same instant
            return await self._judge(organization_id, job_id, contact_id, dial)

    async def _judge(self, organization_id: str, job_id: str, contact_id: str, dial: int) -> Claimed | Held:
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            whom = {"organization": organization_id, "job": job_id, "contact": contact_id}
            facts = (await connection.execute(_FACTS, whom)).mappings().one_or_none()
            if facts is None:
                return Held(reason=HeldReason.CONTACT)
            held = self._held(facts, dial)
            if held is not None:
                await _put_off(connection, contact_id, held)
                return held
            dial_id = new_id("call")
            if facts["closed_until"] is not None and not await _becomes_probe(connection, facts, dial_id):
                return _until(HeldReason.ACCOUNT, facts["now"], facts["now"] + PROBE_LOOK_AGAIN)
            await self._write(connection, facts, organization_id, job_id, contact_id, dial_id)
            return _claimed(facts, dial_id)

    def _held(self, facts: RowMapping, dial: int) -> Held | None:
        now: datetime = facts["now"]
        if not facts["dialling"]:
            return Held(reason=HeldReason.GATE)
        if not ContactStatus(facts["contact_status"]).may_be_dialled or facts["dials"] != dial - 1:
            return Held(reason=HeldReason.CONTACT)
        if facts["pair_live"]:
            return _until(HeldReason.PAIR, now, now + LOOK_AGAIN)
        held = held_for_all(facts)
        if held is not None:
            return held
        if facts["organization_live"] >= facts["organization_limit"] or facts["job_live"] >= facts["job_limit"]:
            return _until(HeldReason.LINE, now, now + LINE_LOOK_AGAIN)
        if facts["next_slot_at"] is not None and facts["next_slot_at"] > now:
            return _until(HeldReason.PACING, now, facts["next_slot_at"])
        return None

    async def _write(
        self,
        connection: AsyncConnection,
        facts: RowMapping,
        organization_id: str,
        job_id: str,
        contact_id: str,
        dial_id: str,
    ) -> None:
        from_hold, from_free = _reserves(facts)
        spacing = timedelta(seconds=1 / (float(facts["calls_per_second"]) * self._speed))
        await connection.execute(
            _CLAIM,
            {
                "dial_id": dial_id,
                "contact": contact_id,
                "job": job_id,
                "account": facts["carrier_account_id"],
                "from_number": facts["from_number"],
                "from_hold": from_hold,
                "from_free": from_free,
                "phone_number": facts["phone_number_id"],
                "spacing": spacing,
            },
        )
        if from_free:
            await book(
                connection,
                organization_id=organization_id,
                kind=EntryKind.RESERVE,
                held_delta=from_free,
                job_id=job_id,
                dial_id=dial_id,
            )


def held_for_all(facts: RowMapping) -> Held | None:
    """What keeps a whole job from being called: its carrier account, or the credits."""
    now: datetime = facts["now"]
    if facts["closed_until"] is not None and facts["closed_until"] > now:
        return _until(HeldReason.ACCOUNT, now, facts["closed_until"])
    if facts["closed_until"] is not None and facts["probe_dial_id"] is not None:
        return _until(HeldReason.ACCOUNT, now, now + PROBE_LOOK_AGAIN)
    if not _covered(facts):
        return _until(HeldReason.CREDITS, now, now + LOOK_AGAIN)
    return None


async def _put_off(connection: AsyncConnection, contact_id: str, held: Held) -> None:
    """What holds one contact alone moves its due time; the attempt is not used up."""
    if held.reason is HeldReason.PAIR:
        await connection.execute(
            text("UPDATE contacts SET due_at = :until WHERE id = :contact"),
            {"until": held.until, "contact": contact_id},
        )


def _until(reason: HeldReason, now: datetime, until: datetime) -> Held:
    return Held(reason=reason, until=until, seconds=(until - now).total_seconds())


def _reserves(facts: RowMapping) -> tuple[Decimal, Decimal]:
    """Two minutes: from the job's hold first, then from the organisation's free credits."""
    if facts["credits_unlimited"]:
        return Decimal(0), Decimal(0)
    needed = ASSUMED_MINUTES * Decimal(facts["rate_per_minute"])
    from_hold = min(needed, Decimal(facts["hold"]))
    return from_hold, needed - from_hold


def _covered(facts: RowMapping) -> bool:
    from_free = _reserves(facts)[1]
    return not from_free or from_free <= Decimal(facts["free"])


async def _becomes_probe(connection: AsyncConnection, facts: RowMapping, dial_id: str) -> bool:
    """When a refused account's gate opens, one call goes first."""
    taken = await connection.execute(
        text("UPDATE carrier_accounts SET probe_dial_id = :dial WHERE id = :account AND probe_dial_id IS NULL"),
        {"dial": dial_id, "account": facts["carrier_account_id"]},
    )
    return taken.rowcount == 1


def _claimed(facts: RowMapping, dial_id: str) -> Claimed:
    return Claimed(
        dial_id=dial_id,
        account=facts["carrier_account_id"],
        to=facts["to_number"],
        from_=facts["from_number"],
        audio=Audio(facts["audio"]),
        audio_url=facts["audio_url"],
        data=facts["data"],
        ring_seconds=facts["ring_seconds"],
        max_call_seconds=facts["max_call_seconds"],
    )
