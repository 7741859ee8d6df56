"""Live dials as they were last read or moved by this process, so that the next report of one needs no read.

Others may have changed them since: what is decided by a row that is remembered is written only where it still is so
(moves.py), or decided again under the lock. A dial that ended is forgotten.
"""

from collections import OrderedDict

from store.calls.dial_rows import DialLookup, DialRow

MAX_REMEMBERED = 5_000  # dials, of about 3 kB; the one that was heard of least lately is forgotten first


class LatestDials:
    """By how their reports find them."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._rows: OrderedDict[DialLookup, DialRow] = OrderedDict()

    def get(self, lookup: DialLookup) -> DialRow | None:
        return self._rows.get(lookup)

    def keep(self, lookup: DialLookup, dial: DialRow) -> None:
        self._rows[lookup] = dial
        self._rows.move_to_end(lookup)
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)

    def forget(self, lookup: DialLookup) -> None:
        self._rows.pop(lookup, None)
