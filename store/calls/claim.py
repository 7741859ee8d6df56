"""The claim: whatever must hold at the moment of dialing is checked in one transaction, before the carrier is asked.

Every change of what may be dialed (claims, outcomes, control, top-ups) locks the organization's row first. That one
lock makes the counts below exact. The order of locks in the whole store: organization, dial, job, contacts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calling_rules.frequency_caps import EarlierCall
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import WAITING_OUTCOMES, Audio, Outcome
from domain.calls.retries import NEVER_RANG
from domain.model import Model
from domain.phone.identity import list_writings
from store.billing.ledger import EntryKind, book
from store.calls.claim_rules import (
    LIVE_MINUTES,
    check_frequency,
    check_lines,
    check_whole_job,
    check_window,
    find_block_reason,
    is_next_dial,
    is_too_late,
    read_frequency_caps,
    split_reserve,
    wait_until,
)
from store.calls.gates import GATE_FACTS, PROBE_RECHECK_INTERVAL, becomes_probe
from store.contacts.due_times import postpone
from store.contacts.transitions import MARK_DIALING, block
from store.db.engine import Database
from store.db.ids import new_id
from store.db.locks import lock_organization

MIN_LOOK_BACK = timedelta(days=7)  # at earlier calls to the number


class Claimed(Model):
    """The dial's row is written, a line and two minutes of credits are taken."""

    dial_id: str
    account: str
    to: str
    from_: str
    audio: Audio
    audio_url: str
    data: dict[str, Any]
    ring_seconds: int
    max_call_seconds: int


_FACTS = text(f"""
    SELECT c.status AS contact_status, c.dials, c.number AS to_number, c.data, c.country, c.zones,
           j.dialling, j.hold, j.rate_per_minute, j.concurrent_call_limit AS job_limit, j.from_number,
           j.audio, j.audio_url, j.ring_seconds, j.max_call_seconds, j.phone_number_id,
           j.end_time, j.spent, j.max_cost, j.calling_window AS job_window, j.contact_frequency AS job_frequency,
           o.concurrent_call_limit - o.reserved_lines AS organization_limit,
           o.credits_unlimited, o.balance - o.held AS free,
           o.calling_window AS organization_window, o.contact_frequency AS organization_frequency,
           coalesce(o.allowed_countries, (SELECT jsonb_agg(DISTINCT n.country) FROM phone_numbers n
             WHERE n.organization_id = :organization AND n.removed_at IS NULL)) AS allowed_countries,
           EXISTS (SELECT 1 FROM do_not_call l WHERE l.organization_id = :organization AND l.number = c.number)
             AS listed,
           p.calls_per_second, p.next_slot_at, p.carrier_account_id,
           {GATE_FACTS},
           clock_timestamp() AS now,
           (SELECT count(*) FROM dials d WHERE d.organization_id = :organization AND d.ended_at IS NULL)
             AS organization_live,
           (SELECT count(*) FROM dials d WHERE d.organization_id = :organization AND d.job_id = j.id
             AND d.ended_at IS NULL) AS job_live,
           {LIVE_MINUTES} AS live_minutes,
           EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = :organization
             AND d.from_number = j.from_number AND d.to_number = c.number
             AND d.ended_at IS NULL) AS pair_live
    FROM contacts c
    JOIN batch_jobs j ON j.id = c.job_id
    JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id
    JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE c.id = :contact AND c.job_id = :job AND j.organization_id = :organization
""")  # noqa: S608 — our own constants

# The same of other writings of the number. No index makes a pair of two writings unique: an organization's lock does.
_OF_OTHER_WRITINGS = text("""
    SELECT EXISTS (SELECT 1 FROM do_not_call l WHERE l.organization_id = :organization AND l.number = ANY(:numbers))
             AS listed,
           EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = :organization
             AND d.from_number = ANY(:from_numbers) AND d.to_number = ANY(:numbers)
             AND d.ended_at IS NULL) AS pair_live
""")

# One instant for the whole statement: dials of one number are asked exactly as far apart as their slots.
_CLAIM = text(f"""
    WITH dialed AS (
      INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
                         to_number, asked_at, reserved_from_hold, reserved_from_free)
      SELECT :dial_id, c.id, c.dials + 1, c.job_id, c.organization_id, :account, :from_number, c.number,
             statement_timestamp(), :from_hold, :from_free
      FROM contacts c WHERE c.id = :contact
    ), moved AS (
      {MARK_DIALING}
    ), paced AS (
      UPDATE phone_numbers SET next_slot_at = statement_timestamp() + :spacing WHERE id = :phone_number
    )
    UPDATE batch_jobs SET hold = hold - :from_hold WHERE id = :job
""")  # noqa: S608 — our own constants

# Calls to the number that rang, or may have; a conversation is one that no machine answered. Of an unknown outcome it
# is not known whether there was one, and of a live call not yet. A call that began long ago may have ended lately.
_EARLIER = text("""
    SELECT asked_at,
           CASE WHEN outcome IN ('answered', 'unknown') AND answered_by IS DISTINCT FROM 'machine' THEN ended_at END
             AS conversation_ended_at,
           ended_at IS NULL AND answered_by IS DISTINCT FROM 'machine' AS may_become_conversation
    FROM dials
    WHERE organization_id = :organization AND to_number = ANY(:numbers)
      AND (asked_at > :since OR ended_at > :since OR ended_at IS NULL)
      AND (outcome IS NULL OR NOT outcome = ANY(:never_rang) OR ringing_at IS NOT NULL)
""")
# Unless it is known that they did.
_NEVER_RANG = [*(WAITING_OUTCOMES - {Outcome.CALLED_OFF}), Outcome.CARRIER_ERROR, *NEVER_RANG]


class Claims:
    """`speed` divides the spacing and the length of calls, in the local stack only."""

    def __init__(self, engine: Database, speed: float = 1.0) -> None:
        self._engine = engine
        self._speed = speed

    async def claim(self, organization_id: str, job_id: str, contact_id: str, dial: int) -> Claimed | NotNow:
        """Claim the `dial`-th dial of a contact, or say why not."""
        whom = {"organization": organization_id, "job": job_id, "contact": contact_id}
        try:
            return await self._claim(whom, dial)
        except IntegrityError:  # the same two numbers, in the same instant
            return await self._claim(whom, dial)

    async def _claim(self, whom: dict[str, str], dial: int) -> Claimed | NotNow:
        async with self._engine.begin() as connection:
            await lock_organization(connection, whom["organization"])
            facts = (await connection.execute(_FACTS, whom | {"speed": self._speed})).mappings().one_or_none()
            if facts is None:
                return NotNow(reason=NotNowReason.CONTACT)
            not_now = await _check_rules(connection, facts, whom, dial)
            if not_now is not None:
                return not_now
            dial_id = new_id("call")
            if not await becomes_probe(connection, facts, dial_id):
                return wait_until(NotNowReason.ACCOUNT, facts["now"], facts["now"] + PROBE_RECHECK_INTERVAL)
            await self._write(connection, facts, whom, dial_id)
            return _claimed(facts, dial_id)

    async def _write(self, connection: AsyncConnection, facts: RowMapping, whom: dict[str, str], dial_id: str) -> None:
        from_hold, from_free = split_reserve(facts)
        values = {
            "dial_id": dial_id,
            "contact": whom["contact"],
            "job": whom["job"],
            "account": facts["carrier_account_id"],
            "from_number": facts["from_number"],
            "from_hold": from_hold,
            "from_free": from_free,
            "phone_number": facts["phone_number_id"],
            "spacing": timedelta(seconds=1 / (float(facts["calls_per_second"]) * self._speed)),
        }
        await connection.execute(_CLAIM, values)
        await book(
            connection,
            organization_id=whom["organization"],
            kind=EntryKind.RESERVE,
            held_delta=from_free,
            job_id=whom["job"],
            dial_id=dial_id,
        )


async def _check_rules(
    connection: AsyncConnection, facts: RowMapping, whom: dict[str, str], dial: int
) -> NotNow | None:
    """Every rule in its order; what holds this contact alone is written down, and uses up no attempt."""
    if not facts["dialling"] or is_too_late(facts):
        return NotNow(reason=NotNowReason.GATE)
    if not is_next_dial(facts, dial):
        return NotNow(reason=NotNowReason.CONTACT)
    others = await _read_other_writings(connection, facts, whom["organization"])
    reason = find_block_reason(facts, *others)
    if reason is not None:
        await block(connection, whom["contact"], reason)
        return NotNow(reason=NotNowReason.CONTACT)
    not_now = check_window(facts) or await _check_frequency(connection, facts, whom["organization"])
    not_now = not_now or check_whole_job(facts) or check_lines(facts, *others)
    if not_now is not None and not_now.reason.concerns_one_contact and not_now.until is not None:
        await postpone(connection, whom["contact"], not_now.until, not_now.reason)
    return not_now


async def _read_other_writings(
    connection: AsyncConnection, facts: RowMapping, organization_id: str
) -> Sequence[RowMapping]:
    """Whether the telephone is listed, or on the phone, under other writings of its number or of the caller id."""
    numbers, from_numbers = list_writings(facts["to_number"]), list_writings(facts["from_number"])
    if len(numbers) == len(from_numbers) == 1:  # as of most
        return ()
    values = {"organization": organization_id, "from_numbers": list(from_numbers), "numbers": list(numbers)}
    return (await connection.execute(_OF_OTHER_WRITINGS, values)).mappings().all()


async def _check_frequency(connection: AsyncConnection, facts: RowMapping, organization_id: str) -> NotNow | None:
    caps = read_frequency_caps(facts)
    if not caps:
        return None
    longest = max(timedelta(hours=cap.quiet_hours or 0) for cap in caps)
    since: datetime = facts["now"] - max(MIN_LOOK_BACK, longest)
    values = {
        "organization": organization_id,
        "numbers": list(list_writings(facts["to_number"])),
        "since": since,
        "never_rang": _NEVER_RANG,
    }
    earlier = (await connection.execute(_EARLIER, values)).mappings()
    return check_frequency(caps, [EarlierCall.model_validate(dict(call)) for call in earlier], facts["now"])


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
