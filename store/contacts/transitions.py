# ruff: noqa: S608  the statements are made of the table's own constants
"""Every change of a contact's status. No other file says `UPDATE contacts SET status`.

Two changes are part of a larger statement, because a dial must not cost a second one: the claim's and the outcome's.
Callers hold the organization's lock. A status that is no dial's outcome takes the error code of the last dial away.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.outcome_table import OUTCOMES
from domain.phone.identity import list_all_writings
from domain.statuses import ContactStatus as S

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
    statuses = sorted({f"'{status}'" for name in transitions for status in TRANSITIONS[name][0]})
    return f"contacts.status IN ({', '.join(statuses)})"


MARK_DIALING = f"""
    UPDATE contacts SET status = 'dialing', dials = dials + 1, last_attempt_at = statement_timestamp(),
           next_retry_at = NULL, held_reason = NULL, call_id = NULL
    WHERE id = :contact AND {_from("mark_dialing")}
"""
_OUTCOME = """
    UPDATE contacts SET status = :status, error_code = :error_code, failure_reason = :reason,
           attempts = :attempts, troubles = :troubles,
           due_at = coalesce(:due_at, due_at), next_retry_at = :due_at, held_reason = :held_reason,
           not_before = :not_before,
           completed_at = CASE WHEN :final THEN clock_timestamp() END,
           call_id = coalesce(:call, call_id), call_seconds = coalesce(:call_seconds, call_seconds),
           answered_by = coalesce(:answered_by, answered_by)
    WHERE id = :contact AND {allowed}
"""
RECORD_OUTCOME = _OUTCOME.format(allowed=_from("queue_retry", "record_final_status"))
_CORRECT = text(_OUTCOME.format(allowed=_from("correct")))
_REOPEN = text(f"""
    UPDATE contacts SET status = 'dialing', completed_at = NULL WHERE id = :contact AND {_from("reopen")}
""")
_FINISH_EXHAUSTED = text(f"""
    UPDATE contacts SET status = :finals ->> d.outcome, next_retry_at = NULL, held_reason = NULL,
           completed_at = clock_timestamp()
    FROM dials d
    WHERE contacts.job_id = :job AND {_from("finish_exhausted")} AND contacts.attempts >= :max_attempts
      AND d.contact_id = contacts.id AND d.number_of_dial = contacts.dials
""").bindparams(bindparam("finals", type_=JSONB))
_BLOCK = text(f"""
    UPDATE contacts SET status = 'blocked', error_code = NULL, failure_reason = :reason, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE id = :contact AND {_from("block")}
""")
_BLOCK_NUMBERS = text(f"""
    UPDATE contacts SET status = 'blocked', error_code = NULL, failure_reason = :reason, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    FROM batch_jobs job
    WHERE contacts.organization_id = :organization AND {_from("block")}
      AND contacts.number = ANY(string_to_array(:numbers, chr(10)))
      AND job.id = contacts.job_id AND job.status NOT IN ('completed', 'failed', 'cancelled')
    RETURNING contacts.job_id
""")
_UNBLOCK_NUMBERS = text(f"""
    UPDATE contacts SET status = CASE WHEN contacts.dials > 0 THEN 'queued' ELSE 'pending' END, failure_reason = NULL,
           completed_at = NULL, due_at = greatest(now.at, job.scheduled_start_time, contacts.not_before),
           next_retry_at = CASE WHEN contacts.dials > 0 THEN greatest(now.at, contacts.not_before) END
    FROM batch_jobs job, (SELECT clock_timestamp() AS at) AS now
    WHERE job.organization_id = :organization AND job.status NOT IN ('completed', 'failed', 'cancelled')
      AND contacts.job_id = job.id AND {_from("unblock")} AND contacts.failure_reason = :reason
      AND contacts.removed_at IS NULL AND contacts.number = ANY(string_to_array(:numbers, chr(10)))
    RETURNING contacts.job_id
""")
_FAIL_WAITING = text(f"""
    UPDATE contacts SET status = 'failed', error_code = NULL, failure_reason = :reason, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE id = :contact AND {_from("fail_waiting")}
""")
_CANCEL_WAITING = text(f"""
    UPDATE contacts SET status = 'cancelled', error_code = NULL, failure_reason = :reason, next_retry_at = NULL,
           held_reason = NULL, completed_at = clock_timestamp()
    WHERE job_id = :job AND {_from("cancel_waiting")}
""")
_REMOVE = text(f"""
    UPDATE contacts SET removed_at = clock_timestamp(), held_reason = NULL, next_retry_at = NULL,
           status = CASE status WHEN 'dialing' THEN status ELSE 'cancelled' END,
           error_code = CASE status WHEN 'dialing' THEN error_code END,
           failure_reason = CASE status WHEN 'dialing' THEN failure_reason ELSE :reason END,
           completed_at = CASE status WHEN 'dialing' THEN NULL ELSE clock_timestamp() END
    WHERE id = :contact AND removed_at IS NULL AND {_from("remove")}
""")


async def reopen(connection: AsyncConnection, contact_id: str) -> None:
    """A call whose outcome was thought unknown turned up live."""
    await connection.execute(_REOPEN, {"contact": contact_id})


async def correct_outcome(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """What its last call came to is another than was thought: the values of RECORD_OUTCOME."""
    await connection.execute(_CORRECT, dict(values))


async def correct_attempts(connection: AsyncConnection, contact_id: str, attempts: int) -> None:
    """An earlier call of a contact was, or was not, an attempt after all."""
    query = text("UPDATE contacts SET attempts = :attempts WHERE id = :contact")
    await connection.execute(query, {"contact": contact_id, "attempts": attempts})


async def note_who_answered(connection: AsyncConnection, contact_id: str, answered_by: str | None) -> None:
    """Who answered its last call, and nothing else."""
    query = text("UPDATE contacts SET answered_by = coalesce(:answered_by, answered_by) WHERE id = :contact")
    await connection.execute(query, {"contact": contact_id, "answered_by": answered_by})


async def finish_exhausted(connection: AsyncConnection, job_id: str, max_attempts: int) -> None:
    """End the contacts that have had `max_attempts` by now, each by the outcome of its last dial."""
    finals = {outcome.value: rule.status.value for outcome, rule in OUTCOMES.items()}
    await connection.execute(_FINISH_EXHAUSTED, {"job": job_id, "max_attempts": max_attempts, "finals": finals})


async def block(connection: AsyncConnection, contact_id: str, reason: str) -> None:
    """End a contact that may never be called."""
    await connection.execute(_BLOCK, {"contact": contact_id, "reason": reason})


async def block_numbers(
    connection: AsyncConnection, organization_id: str, numbers: Collection[str], reason: str
) -> list[str]:
    """End whoever waits under these numbers, in any writing, in open jobs; return the job of each."""
    values = {"organization": organization_id, "numbers": "\n".join(list_all_writings(numbers)), "reason": reason}
    return list((await connection.execute(_BLOCK_NUMBERS, values)).scalars())


async def unblock_numbers(
    connection: AsyncConnection, organization_id: str, numbers: Collection[str], reason: str
) -> list[str]:
    """Let those of open jobs wait again who ended as blocked for `reason`; return the job of each."""
    values = {"organization": organization_id, "numbers": "\n".join(list_all_writings(numbers)), "reason": reason}
    return list((await connection.execute(_UNBLOCK_NUMBERS, values)).scalars())


async def fail_waiting(connection: AsyncConnection, contact_id: str, reason: str) -> None:
    """End a contact for which our own side failed for good."""
    await connection.execute(_FAIL_WAITING, {"contact": contact_id, "reason": reason})


async def cancel_waiting(connection: AsyncConnection, job_id: str, reason: str) -> int:
    """End everybody of a job who is not on the phone; how many."""
    return (await connection.execute(_CANCEL_WAITING, {"job": job_id, "reason": reason})).rowcount


async def remove(connection: AsyncConnection, contact_id: str, reason: str) -> bool:
    """Call a contact no more; False where it is final, or was removed before."""
    return (await connection.execute(_REMOVE, {"contact": contact_id, "reason": reason})).rowcount == 1
