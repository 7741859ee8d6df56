# ruff: noqa: S608  the statements are made of the table's own constants
"""Every change of a contact's status. No other file says `UPDATE contacts SET status`.

Two changes are part of a larger statement, because a dial must not cost a second one: the claim's and the outcome's.
Callers hold the organization's lock. A status that is no dial's outcome takes the error code of the last dial away.
"""

from collections.abc import Collection, Mapping
from typing import Any

from psycopg.types.json import Jsonb

from domain.calls.outcome_table import OUTCOMES
from domain.phone.identity import list_all_writings
from domain.statuses import ContactStatus as S
from store.db.engine import AnyConnection, fetch_values, run
from store.db.pool import few_rows, recordset

WAITING = (S.PENDING, S.QUEUED)
ENDED = tuple(status for status in S if status.final)
CALLED = tuple(status for status in ENDED if status is not S.CANCELLED)

# From which statuses a contact may move, and to which. It enters as pending, or as blocked (import_.py).
TRANSITIONS: Mapping[str, tuple[Collection[S], Collection[S]]] = {
    "mark_dialing": (WAITING, (S.DIALING,)),
    "queue_retry": ((S.DIALING,), (S.QUEUED,)),
    "record_final_status": ((S.DIALING, S.FAILED), ENDED),  # failed: its outcome was unknown until now
    "reopen": ((S.FAILED,), (S.DIALING,)),  # the same, while its call turns out to be live
    "correct": ((S.QUEUED, *CALLED), (S.QUEUED, *CALLED)),  # what was learned of its last call after that had ended
    "finish_exhausted": ((S.QUEUED,), ENDED),
    "block": (WAITING, (S.BLOCKED,)),
    "unblock": ((S.BLOCKED,), WAITING),  # its number was listed by mistake, and its job goes on
    "fail_waiting": (WAITING, (S.FAILED,)),
    "cancel_waiting": (WAITING, (S.CANCELLED,)),
    "remove": ((*WAITING, S.DIALING), (S.CANCELLED, S.DIALING)),  # a live call ends by itself
}


def _from(*transitions: str) -> str:
    """The condition that a contact may take one of them; constants, because partial indexes need them."""
    return f"contacts.status IN ({_origins(transitions)})"


def _from_by_key(*transitions: str) -> str:
    """The same for a contact that is found by its key: in a form of which no index of a status can be made use."""
    return f"array_position(ARRAY[{_origins(transitions)}]::varchar[], contacts.status) IS NOT NULL"


def _origins(transitions: Collection[str]) -> str:
    return ", ".join(sorted({f"'{status}'" for name in transitions for status in TRANSITIONS[name][0]}))


MARK_DIALING = f"""
    UPDATE contacts SET status = 'dialing', dials = dials + 1, last_attempt_at = granted.asked_at,
           next_retry_at = NULL, held_reason = NULL, call_id = NULL
    FROM granted WHERE contacts.id = granted.contact AND {_from_by_key("mark_dialing")}
"""
# What `given` has of each contact, in both statements.
OUTCOME_COLUMNS = """contact varchar, status varchar, error_code varchar, reason text, attempts integer,
        troubles integer, due_at timestamptz, held_reason varchar, not_before timestamptz, final boolean, call varchar,
        call_seconds integer, answered_by varchar"""
_OUTCOME = """
    UPDATE contacts SET status = given.status, error_code = given.error_code, failure_reason = given.reason,
           attempts = given.attempts, troubles = given.troubles,
           due_at = coalesce(given.due_at, contacts.due_at), next_retry_at = given.due_at,
           held_reason = given.held_reason, not_before = given.not_before,
           completed_at = CASE WHEN given.final THEN clock_timestamp() END,
           call_id = coalesce(given.call, contacts.call_id),
           call_seconds = coalesce(given.call_seconds, contacts.call_seconds),
           answered_by = coalesce(given.answered_by, contacts.answered_by)
    FROM given WHERE contacts.id = given.contact AND {allowed}
"""
RECORD_OUTCOME = _OUTCOME.format(allowed=_from_by_key("queue_retry", "record_final_status"))
_CORRECT = f"""
    WITH given AS (SELECT * FROM {few_rows("given", "given", OUTCOME_COLUMNS)})
    {_OUTCOME.format(allowed=_from_by_key("correct"))}
"""
_REOPEN = f"""
    UPDATE contacts SET status = 'dialing', completed_at = NULL WHERE id = %(contact)s AND {_from("reopen")}
"""
_FINISH_EXHAUSTED = f"""
    UPDATE contacts SET status = %(finals)s ->> d.outcome, next_retry_at = NULL, held_reason = NULL,
           completed_at = clock_timestamp()
    FROM dials d
    WHERE contacts.job_id = %(job)s AND {_from("finish_exhausted")} AND contacts.attempts >= %(max_attempts)s
      AND d.contact_id = contacts.id AND d.number_of_dial = contacts.dials
"""
_BLOCK = f"""
    UPDATE contacts SET status = 'blocked', error_code = NULL, failure_reason = %(reason)s, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE id = %(contact)s AND {_from("block")}
"""
_BLOCK_NUMBERS = f"""
    UPDATE contacts SET status = 'blocked', error_code = NULL, failure_reason = %(reason)s, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    FROM batch_jobs job
    WHERE contacts.organization_id = %(organization)s AND {_from("block")}
      AND contacts.number = ANY(string_to_array(%(numbers)s, chr(10)))
      AND job.id = contacts.job_id AND job.status NOT IN ('completed', 'failed', 'cancelled')
    RETURNING contacts.job_id
"""
_UNBLOCK_NUMBERS = f"""
    UPDATE contacts SET status = CASE WHEN contacts.dials > 0 THEN 'queued' ELSE 'pending' END, failure_reason = NULL,
           completed_at = NULL, due_at = greatest(now.at, job.scheduled_start_time, contacts.not_before),
           next_retry_at = CASE WHEN contacts.dials > 0 THEN greatest(now.at, contacts.not_before) END
    FROM batch_jobs job, (SELECT clock_timestamp() AS at) AS now
    WHERE job.organization_id = %(organization)s AND job.status NOT IN ('completed', 'failed', 'cancelled')
      AND contacts.job_id = job.id AND {_from("unblock")} AND contacts.failure_reason = %(reason)s
      AND contacts.removed_at IS NULL AND contacts.number = ANY(string_to_array(%(numbers)s, chr(10)))
    RETURNING contacts.job_id
"""
_FAIL_WAITING = f"""
    UPDATE contacts SET status = 'failed', error_code = NULL, failure_reason = %(reason)s, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE id = %(contact)s AND {_from("fail_waiting")}
"""
_CANCEL_WAITING = f"""
    UPDATE contacts SET status = 'cancelled', error_code = NULL, failure_reason = %(reason)s, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE job_id = %(job)s AND {_from("cancel_waiting")}
"""
_REMOVE = f"""
    UPDATE contacts SET removed_at = clock_timestamp(), held_reason = NULL, next_retry_at = NULL,
           status = CASE status WHEN 'dialing' THEN status ELSE 'cancelled' END,
           error_code = CASE status WHEN 'dialing' THEN error_code END,
           failure_reason = CASE status WHEN 'dialing' THEN failure_reason ELSE %(reason)s END,
           completed_at = CASE status WHEN 'dialing' THEN NULL ELSE clock_timestamp() END
    WHERE id = %(contact)s AND removed_at IS NULL AND {_from("remove")}
"""


async def reopen(connection: AnyConnection, contact_id: str) -> None:
    """A call whose outcome was thought unknown turned up live."""
    await run(connection, _REOPEN, {"contact": contact_id})


async def correct_outcome(connection: AnyConnection, values: Mapping[str, Any]) -> None:
    """What its last call came to is another than was thought: the values of RECORD_OUTCOME."""
    await run(connection, _CORRECT, {"given": recordset([values])})


async def correct_attempts(connection: AnyConnection, contact_id: str, attempts: int) -> None:
    """An earlier call of a contact was, or was not, an attempt after all."""
    query = "UPDATE contacts SET attempts = %(attempts)s WHERE id = %(contact)s"
    await run(connection, query, {"contact": contact_id, "attempts": attempts})


async def note_who_answered(connection: AnyConnection, contact_id: str, answered_by: str | None) -> None:
    """Who answered its last call, and nothing else."""
    query = "UPDATE contacts SET answered_by = coalesce(%(answered_by)s, answered_by) WHERE id = %(contact)s"
    await run(connection, query, {"contact": contact_id, "answered_by": answered_by})


async def finish_exhausted(connection: AnyConnection, job_id: str, max_attempts: int) -> None:
    """End the contacts that have had `max_attempts` by now, each by the outcome of its last dial."""
    finals = {outcome.value: rule.status.value for outcome, rule in OUTCOMES.items()}
    await run(connection, _FINISH_EXHAUSTED, {"job": job_id, "max_attempts": max_attempts, "finals": Jsonb(finals)})


async def block(connection: AnyConnection, contact_id: str, reason: str) -> None:
    """End a contact that may never be called."""
    await run(connection, _BLOCK, {"contact": contact_id, "reason": reason})


async def block_numbers(
    connection: AnyConnection, organization_id: str, numbers: Collection[str], reason: str
) -> list[str]:
    """End whoever waits under these numbers, in any writing, in open jobs; return the job of each."""
    values = {"organization": organization_id, "numbers": "\n".join(list_all_writings(numbers)), "reason": reason}
    return await fetch_values(connection, _BLOCK_NUMBERS, values)


async def unblock_numbers(
    connection: AnyConnection, organization_id: str, numbers: Collection[str], reason: str
) -> list[str]:
    """Let those of open jobs wait again who ended as blocked for `reason`; return the job of each."""
    values = {"organization": organization_id, "numbers": "\n".join(list_all_writings(numbers)), "reason": reason}
    return await fetch_values(connection, _UNBLOCK_NUMBERS, values)


async def fail_waiting(connection: AnyConnection, contact_id: str, reason: str) -> None:
    """End a contact for which our own side failed for good."""
    await run(connection, _FAIL_WAITING, {"contact": contact_id, "reason": reason})


async def cancel_waiting(connection: AnyConnection, job_id: str, reason: str) -> int:
    """End everybody of a job who is not on the phone; how many."""
    return await run(connection, _CANCEL_WAITING, {"job": job_id, "reason": reason})


async def remove(connection: AnyConnection, contact_id: str, reason: str) -> bool:
    """Call a contact no more; False where it is final, or was removed before."""
    return await run(connection, _REMOVE, {"contact": contact_id, "reason": reason}) == 1
