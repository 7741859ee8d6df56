"""Calls of which the carrier should have told us, and did not: counted by account until one event arrives.

The count ends at SILENT_CALLS, and an account whose events arrive is never written.
"""

import logging
import time

from domain.calls.models import CallReport, HangUpReason
from domain.calls.order import parse_dial_key
from domain.calls.silence import NOTHING_ARRIVES, SILENT_CALLS
from domain.model import Model
from store.calls.dial_rows import OF_ACCOUNT, OF_CALL, OF_KEY
from store.db.engine import Database

LOG_INTERVAL_SECONDS = 300.0
OWN_END = (HangUpReason.CALLED_OFF, HangUpReason.WITHDRAWN)  # asked for at once, before the event can be here

logger = logging.getLogger(__name__)

_HEARD = """
    WITH heard AS (
      UPDATE dials d SET heard = true WHERE {which} AND d.heard IS NOT TRUE RETURNING d.carrier_account_id
    )
    UPDATE carrier_accounts a SET silent_calls = 0, silent_since = NULL FROM heard
    WHERE a.id = heard.carrier_account_id AND a.silent_calls > 0
"""
_HEARD_BY_KEY = _HEARD.format(which=OF_KEY + OF_ACCOUNT)
_HEARD_BY_CALL = _HEARD.format(which=OF_CALL)
_SILENT = """
    WITH silent AS (
      UPDATE dials SET heard = false
      WHERE id = %(dial)s AND heard IS NULL AND coalesce(hang_up_reason, '') <> ALL(%(own_end)s)
      RETURNING carrier_account_id
    ), counted AS (
      UPDATE carrier_accounts a
      SET silent_calls = a.silent_calls + 1, silent_since = coalesce(a.silent_since, clock_timestamp())
      FROM silent WHERE a.id = silent.carrier_account_id AND a.silent_calls < %(enough)s
      RETURNING a.silent_calls
    )
    SELECT carrier_account_id AS account, coalesce((SELECT silent_calls FROM counted), %(enough)s) AS calls FROM silent
"""
_ACCOUNTS = "SELECT count(*) FROM carrier_accounts WHERE silent_calls >= %(enough)s"
_OF_JOB = """
    SELECT a.silent_calls >= %(enough)s
    FROM batch_jobs j JOIN phone_numbers p ON p.id = j.phone_number_id
    JOIN carrier_accounts a ON a.id = p.carrier_account_id WHERE j.id = %(job)s
"""


class _Silent(Model):
    account: str
    calls: int


class CallbackSilence:
    """Whether events arrive of carriers that post them to us."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._said_at: dict[str, float] = {}  # by account, in monotonic seconds

    async def note_event(self, report: CallReport, account: str, key: str | None) -> None:
        """An event arrived; the first of its call ends the account's silence. `account` and `key` as the carrier
        addressed it."""
        dial = parse_dial_key(key or report.key or "")
        async with self._database.reading() as connection:
            if dial is not None:
                await connection.run(_HEARD_BY_KEY, {"contact": dial[0], "dial": dial[1], "account": account})
            else:
                await connection.run(_HEARD_BY_CALL, {"account": account, "call": report.call_id})

    async def note_silence(self, dial_id: str) -> None:
        """The carrier, asked, says that a call rang or ended. Where no event of it had come, it counts, once."""
        values = {"dial": dial_id, "enough": SILENT_CALLS, "own_end": list(OWN_END)}
        async with self._database.reading() as connection:
            silent = await connection.fetch_one(_Silent, _SILENT, values)
        if silent is not None and silent.calls >= SILENT_CALLS:
            self._say(silent.account)

    async def count_accounts(self) -> int:
        """Carrier accounts of which no event arrives."""
        async with self._database.reading() as connection:
            return int(await connection.fetch_value(_ACCOUNTS, {"enough": SILENT_CALLS}))

    async def concerns(self, job_id: str) -> bool:
        """Whether no event arrives of the account that a job calls through."""
        async with self._database.reading() as connection:
            return bool(await connection.fetch_value(_OF_JOB, {"job": job_id, "enough": SILENT_CALLS}))

    def _say(self, account: str) -> None:
        now = time.monotonic()
        if now - self._said_at.get(account, -LOG_INTERVAL_SECONDS) >= LOG_INTERVAL_SECONDS:
            self._said_at[account] = now
            logger.critical("carrier account %s: %s", account, NOTHING_ARRIVES)
