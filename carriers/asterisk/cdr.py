"""Call detail records (CDR): what Asterisk keeps of calls that are over.

A CSV as `cdr_custom.conf` writes it: uniqueid, dst, disposition, start, answer, end, duration, billsec, cause, end in
seconds since the epoch (without this last one absence is proved by what this process saw of the file only).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from carriers import CarrierRefused
from carriers.asterisk.cdr_file import CallDetailRecord, RecordFile
from domain.calls.models import CallReport, CallState, Ending

MAX_RECORDS = 200_000
MAX_DELAY_SECONDS = 0.5  # a record is written right after its channel's end
MIN_RINGING_SECONDS = 10.0  # unanswered for so long it rang; what refuses a call does so sooner
MIN_TALK_SECONDS = 0.05  # answered for less, nobody held the event stream, so that Asterisk dropped the call
SIP_CODES = {Ending.COMPLETED: 200, Ending.BUSY: 486, Ending.FAILED: 503, Ending.NO_ANSWER: None}
UNREADABLE = "Asterisk's call detail records cannot be read."


class CallDetailRecords:
    """The newest records by channel id. Without a path there are none. A file that cannot be read: CarrierRefused."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else RecordFile(path)
        self._records: OrderedDict[str, CallDetailRecord] = OrderedDict()
        self._reading = asyncio.Lock()

    @property
    def configured(self) -> bool:
        """Whether there are records to read."""
        return self._file is not None

    async def covers(self, asked_at: float, asked_there: float) -> bool:
        """Whether all calls that ended since an instant are known for certain.

        The instant is `asked_at` by `boot_time()`, and `asked_there` by Asterisk's clock in seconds since the epoch.
        """
        if self._file is None:
            return False
        async with self._reading:
            await self._read()
            return self._file.covers(asked_at, asked_there)

    async def exist(self) -> bool:
        """Whether the file is there: Asterisk makes it with its first call."""
        if self._file is None:
            return False
        async with self._reading:
            await self._read()
            return self._file.exists

    async def read_all(self) -> Mapping[str, CallDetailRecord]:
        """Every record that is known, by channel id."""
        async with self._reading:
            await self._read()
            return dict(self._records)

    async def get(self, call_id: str, wait_seconds: float) -> CallDetailRecord | None:
        """The record of a call that is no longer live; one that is not there yet is waited for."""
        if self._file is None:
            return None
        found = await self._find(call_id)
        if found is None and wait_seconds:
            await asyncio.sleep(wait_seconds)
            found = await self._find(call_id)
        return found

    async def _find(self, call_id: str) -> CallDetailRecord | None:
        async with self._reading:
            if call_id not in self._records:
                await self._read()
            return self._records.get(call_id)

    async def _read(self) -> None:
        if self._file is None:
            return
        try:
            self._records.update(await asyncio.to_thread(self._file.read_new))
        except OSError:
            raise CarrierRefused(UNREADABLE) from None
        while len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)


def report_of_record(call_id: str, key: str | None, record: CallDetailRecord) -> CallReport | None:
    """How a call ended by its record; None where that is uncertain.

    Records do not know a SIP code: busy and congestion are certain, "no answer" is everything else that a network
    says, so only the time it took tells ringing from a refusal.
    """
    ending = _ending(record)
    if ending is None:
        return None
    completed = ending is Ending.COMPLETED
    return CallReport(
        call_id=call_id,
        key=key,
        state=CallState.ENDED,
        ending=ending,
        sip_code=SIP_CODES[ending],
        duration_seconds=round(record.talk_seconds) if completed else None,
    )


def _ending(record: CallDetailRecord) -> Ending | None:
    match record.disposition:
        case "ANSWERED" if record.talk_seconds >= MIN_TALK_SECONDS:
            return Ending.COMPLETED
        case "BUSY":
            return Ending.BUSY
        case "CONGESTION":
            return Ending.FAILED
        case "NO ANSWER" if record.seconds >= MIN_RINGING_SECONDS:
            return Ending.NO_ANSWER
        case _:
            return None
