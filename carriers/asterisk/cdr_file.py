"""The file of call detail records, read on from where it was left: also when it is rotated meanwhile.

That a call has no record proves something only where no line can have been missed since it was requested: this
reader has followed the file since before then, or the file holds a line that was written before then.
"""

import csv
import math
import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from carriers.clock import boot_time
from domain.model import Model

MAX_FIRST_READ_BYTES = 64 * 1024 * 1024  # from the end: some hundred thousand calls
TAIL_BYTES = 256  # what was read last is compared: a file cut off in place may have grown past that point again
END_SECONDS = 1.0  # of what Asterisk writes as the end of a call: whole seconds, cut off
COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst"})
Records = list[tuple[str, "CallDetailRecord"]]


class CallDetailRecord(Model):
    """One call that is over, in seconds. `ended_at`: since the epoch, by Asterisk's clock."""

    disposition: str
    seconds: float
    talk_seconds: float
    ended_at: float | None = None

    @property
    def began_at(self) -> float | None:
        """The same of its beginning."""
        return None if self.ended_at is None else self.ended_at - self.seconds


class RecordFile:
    """For one reader. Nothing is kept of what it has read but where it stands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode: int | None = None  # 0: it was rotated away to its end, and the next one is not there yet
        self._offset = 0
        self._tail = b""
        self._followed_since: float | None = None  # by `boot_time()`: from then on no line was missed
        self._beside: set[tuple[str, int, int]] = set()  # the rotated files, while nothing is in this one
        self._oldest_end: float | None = None  # of the lines since which none was missed
        self.exists = False

    def covers(self, asked_at: float, asked_there: float) -> bool:
        """Whether no line since an instant can have been missed; see `CallDetailRecords.covers`."""
        if not self.exists or self._followed_since is None:
            return False
        if self._followed_since < asked_at:
            return True
        return self._oldest_end is not None and self._oldest_end + END_SECONDS < asked_there

    def read_new(self) -> Records:
        """Read the lines written since the last time, of rotated files too. Raises OSError."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self.exists = False
            return self._finish_rotated() if self._inode else []
        with file:
            self.exists = True
            before = self._move_to(file)
            return before + self._read_on(file)

    def _move_to(self, file: BufferedReader) -> Records:
        """Find the place to read on in what is the file now; the records of others that belong before it."""
        inode = os.fstat(file.fileno()).st_ino
        if self._inode == inode and self._continues(file):
            return []
        if self._inode is None or self._inode == inode:  # never read, or cut off in place: lines may be missing
            before = self._begin_anew()
        else:
            before = self._finish_rotated() if self._inode else []
        followed = self._inode == 0
        self._inode, self._tail, self._beside = inode, b"", self._list_beside()
        self._offset = 0 if followed else max(0, os.fstat(file.fileno()).st_size - MAX_FIRST_READ_BYTES)
        return before

    def _continues(self, file: BufferedReader) -> bool:
        """Whether what was read last is still there. Where nothing was, lines may have come and been cut off again."""
        if not self._offset and self._inode:
            return self._beside == self._list_beside()
        return self._has_tail(file)

    def _has_tail(self, file: BufferedReader) -> bool:
        file.seek(self._offset - len(self._tail))
        return file.read(len(self._tail)) == self._tail

    def _begin_anew(self) -> Records:
        """From now on no line is missed. The newest rotated file is read as well: it may hold the call looked for."""
        self._followed_since, self._oldest_end = boot_time(), None
        rotated = max(self._rotated(), key=lambda path: path.stat().st_mtime, default=None)
        if rotated is None:
            return []
        with rotated.open("rb") as file:
            file.seek(max(0, rotated.stat().st_size - MAX_FIRST_READ_BYTES))
            return list(_parse(file.read()))

    def _finish_rotated(self) -> Records:
        """Read the file that was followed to its end, under its new name. Without it lines may be missing."""
        for path in self._rotated():
            if path.stat().st_ino == self._inode:
                with path.open("rb") as file:
                    rest = self._read_on(file) if self._has_tail(file) else None
                if rest is not None:
                    self._inode, self._offset, self._tail = 0, 0, b""
                    return rest
        self._inode = None
        return self._begin_anew()

    def _rotated(self) -> list[Path]:
        siblings = [path for separator in ".-" for path in self._path.parent.glob(f"{self._path.name}{separator}*")]
        return [path for path in siblings if path.suffix not in COMPRESSED and path.is_file()]

    def _list_beside(self) -> set[tuple[str, int, int]]:
        return {(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self._rotated()}

    def _read_on(self, file: BufferedReader) -> Records:
        file.seek(self._offset)
        read = file.read()
        whole = read[: read.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._tail = (self._tail + whole)[-TAIL_BYTES:]
        records = list(_parse(whole))
        if self._oldest_end is None:
            self._oldest_end = next((record.ended_at for _, record in records if record.ended_at is not None), None)
        return records


def _parse(lines: bytes) -> Iterator[tuple[str, CallDetailRecord]]:
    """Line by line: what is cut at the beginning, or is no record, costs no other line."""
    for line in lines.decode(errors="replace").splitlines():
        try:
            call_id, _, disposition, _, _, _, seconds, talk_seconds, *rest = next(csv.reader([line]))
        except (ValueError, StopIteration, csv.Error):
            continue
        took, talked = _seconds(seconds), _seconds(talk_seconds)
        if took is not None and talked is not None:
            ended_at = _seconds(rest[1]) if len(rest) > 1 else None
            yield (
                call_id,
                CallDetailRecord(disposition=disposition, seconds=took, talk_seconds=talked, ended_at=ended_at),
            )


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None
