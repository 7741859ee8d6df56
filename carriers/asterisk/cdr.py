"""Call detail records (CDR): what Asterisk keeps of calls that are over.

A CSV as `cdr_custom.conf` writes it: uniqueid, dst, disposition, start, answer, end, duration, billsec …
"""

import asyncio
import csv
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from domain.calls.models import CallReport, CallState, Ending
from domain.model import Model

MAX_FIRST_READ_BYTES = 64 * 1024 * 1024  # from the end: some hundred thousand calls
MAX_RECORDS = 200_000
MAX_DELAY_SECONDS = 0.5  # a record is written right after its channel's end
MIN_RINGING_SECONDS = 10.0  # unanswered for so long it rang; what refuses a call does so sooner
MIN_TALK_SECONDS = 0.05  # answered for less, nobody held the event stream, so that Asterisk dropped the call
SIP_CODES = {Ending.COMPLETED: 200, Ending.BUSY: 486, Ending.FAILED: 503, Ending.NO_ANSWER: None}


class CallDetailRecord(Model):
    """One call that is over, in seconds."""

    disposition: str
    seconds: float
    talk_seconds: float


class CallDetailRecords:
    """The newest records by channel id. Without a path there are none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._offset = 0
        self._inode = 0
        self._records: OrderedDict[str, CallDetailRecord] = OrderedDict()
        self._reading = asyncio.Lock()

    @property
    def configured(self) -> bool:
        """Whether there are records to read."""
        return self._path is not None

    async def is_readable(self) -> bool:
        """Whether a call that is over would be found: without a file nothing is proved."""
        return self._path is not None and await asyncio.to_thread(os.access, self._path, os.R_OK)

    async def get(self, call_id: str, wait_seconds: float) -> CallDetailRecord | None:
        """The record of a call that is no longer live; one that is not there yet is waited for."""
        if self._path is None:
            return None
        found = await self._find(call_id)
        if found is None and wait_seconds:
            await asyncio.sleep(wait_seconds)
            found = await self._find(call_id)
        return found

    async def _find(self, call_id: str) -> CallDetailRecord | None:
        async with self._reading:
            if call_id not in self._records:
                await asyncio.to_thread(self._read_new_lines)
            return self._records.get(call_id)

    def _read_new_lines(self) -> None:
        """Read what was written since the last time; from the beginning in a file that is another one now."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino != self._inode or status.st_size < self._offset:
                self._inode, self._offset = status.st_ino, max(0, status.st_size - MAX_FIRST_READ_BYTES)
            file.seek(self._offset)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._records.update(_parse(whole.decode(errors="replace")))
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


def _parse(text: str) -> Iterator[tuple[str, CallDetailRecord]]:
    for row in csv.reader(text.splitlines()):
        try:
            yield row[0], CallDetailRecord(disposition=row[2], seconds=float(row[6]), talk_seconds=float(row[7]))
        except (IndexError, ValueError):
            continue  # cut at the beginning, or no call of ours
