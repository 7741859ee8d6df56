"""Call detail records: what Asterisk remembers of calls that are over.

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

READ_AT_FIRST = 64 * 1024 * 1024  # bytes from the end: some hundred thousand calls
REMEMBERED = 200_000
LATEST_SECONDS = 0.5  # a record is written right after its channel's end
RANG_SECONDS = 10.0  # without an answer for so long: it rang. What refuses a call does so sooner
DROPPED_SECONDS = 0.05  # answered for less: nobody held the event stream, so that Asterisk dropped the call


class Record(Model):
    """One call that is over, in seconds."""

    disposition: str
    seconds: float
    talk_seconds: float


class Records:
    """The newest records by channel id. Without a path nothing is known."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._at = 0
        self._file = 0
        self._known: OrderedDict[str, Record] = OrderedDict()
        self._turn = asyncio.Lock()

    @property
    def kept(self) -> bool:
        """Whether there are records to look at."""
        return self._path is not None

    async def readable(self) -> bool:
        """Whether a call that is over would be found: without a file nothing proves anything."""
        return self._path is not None and await asyncio.to_thread(os.access, self._path, os.R_OK)

    async def get(self, call_id: str, patience: float) -> Record | None:
        """The record of a call that is no longer live."""
        if self._path is None:
            return None
        found = await self._look(call_id)
        if found is None and patience:
            await asyncio.sleep(patience)
            found = await self._look(call_id)
        return found

    async def _look(self, call_id: str) -> Record | None:
        async with self._turn:
            if call_id not in self._known:
                await asyncio.to_thread(self._read_on)
            return self._known.get(call_id)

    def _read_on(self) -> None:
        """Read what was written since the last time; from the beginning in a file that is another one now."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino != self._file or status.st_size < self._at:
                self._file, self._at = status.st_ino, max(0, status.st_size - READ_AT_FIRST)
            file.seek(self._at)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._at += len(whole)
        self._known.update(_records(whole.decode(errors="replace")))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def report_of_record(call_id: str, key: str | None, record: Record) -> CallReport | None:
    """What a record says of a call's end; None where that cannot be told.

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
        sip_code=_SIP_CODES[ending],
        duration_seconds=round(record.talk_seconds) if completed else None,
    )


_SIP_CODES = {Ending.COMPLETED: 200, Ending.BUSY: 486, Ending.FAILED: 503, Ending.NO_ANSWER: None}


def _ending(record: Record) -> Ending | None:
    match record.disposition:
        case "ANSWERED" if record.talk_seconds >= DROPPED_SECONDS:
            return Ending.COMPLETED
        case "BUSY":
            return Ending.BUSY
        case "CONGESTION":
            return Ending.FAILED
        case "NO ANSWER" if record.seconds >= RANG_SECONDS:
            return Ending.NO_ANSWER
        case _:
            return None


def _records(text: str) -> Iterator[tuple[str, Record]]:
    for row in csv.reader(text.splitlines()):
        try:
            yield row[0], Record(disposition=row[2], seconds=float(row[6]), talk_seconds=float(row[7]))
        except (IndexError, ValueError):
            continue  # cut at the beginning, or none of ours
