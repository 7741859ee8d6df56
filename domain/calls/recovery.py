"""Whose calls a carrier lists that the database does not know: it was restored from a backup that is older.

A carrier that gives the dial's key back says it. Of others it is told by both numbers: a call is the contact's who
waits under that number for a call from the same caller id, where there is only one. Where there are several, none of
them may be called before a person has looked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.models import PlacedCall
from domain.calls.order import parse_dial_key
from domain.model import Model
from domain.phone.identity import identify

MARGIN = timedelta(minutes=5)  # before a backup's moment: calls that were claimed then, and two clocks
CLOCK_SLACK = timedelta(seconds=60)  # between the carrier's clock and the database's, at the most
LIST_LAG_SECONDS = 60.0  # how long a carrier's list of calls may lag behind


class UnnamedDial(Model):
    """A dial that the database knows, and whose call it does not: a request may have been on its way."""

    contact_id: str
    number_of_dial: int
    from_: str
    to: str
    asked_at: datetime

    def may_be(self, call: PlacedCall) -> bool:
        latest = self.asked_at + timedelta(seconds=PLACE_TIMEOUT_SECONDS) + CLOCK_SLACK
        return self.asked_at - CLOCK_SLACK <= call.asked_at <= latest


class WaitingContact(Model):
    """A contact of an open job who waits for a call, or is on the phone. `dials`: as many as were claimed."""

    id: str
    from_: str
    to: str
    dials: int
    job_created_at: datetime


class FoundDial(Model):
    """A call that is the `dial`-th of a contact. `is_new`: the database has no such dial.

    `rivals`: the other contacts whose call it may be as well.
    """

    call: PlacedCall
    contact_id: str
    dial: int
    is_new: bool
    rivals: tuple[str, ...] = ()


class FoundCalls(Model):
    """What became of a carrier's list. `unowned`: of no job that the database knows."""

    known: tuple[PlacedCall, ...] = ()
    dials: tuple[FoundDial, ...] = ()
    unowned: tuple[PlacedCall, ...] = ()


class Matching:
    """What the database knows of those whom a carrier says it has called."""

    def __init__(
        self, known_ids: Collection[str], unnamed: Iterable[UnnamedDial], waiting: Iterable[WaitingContact]
    ) -> None:
        self._known_ids = known_ids
        self._unnamed = {(dial.contact_id, dial.number_of_dial): dial for dial in unnamed}
        self._waiting = {contact.id: contact for contact in waiting}
        self._by_pair: dict[tuple[str, str], list[WaitingContact]] = defaultdict(list)
        for contact in self._waiting.values():
            self._by_pair[_pair(contact.from_, contact.to)].append(contact)
        self._dials = {contact.id: contact.dials for contact in self._waiting.values()}  # with those that were found

    def sort(self, calls: Sequence[PlacedCall]) -> FoundCalls:
        """Tell whose calls these are."""
        known, dials, unowned = [], [], []
        for call in sorted(calls, key=lambda each: (each.asked_at, each.report.call_id)):
            if call.report.call_id in self._known_ids:
                known.append(call)
            elif (found := self._find(call)) is not None:
                dials.append(found)
            else:
                unowned.append(call)
        return FoundCalls(known=tuple(known), dials=tuple(dials), unowned=tuple(unowned))

    def _find(self, call: PlacedCall) -> FoundDial | None:
        key = parse_dial_key(call.report.key or "")
        if key is not None:
            return self._find_by_key(call, *key)
        return self._find_by_numbers(call, *_pair(call.from_ or "", call.to or ""))

    def _find_by_key(self, call: PlacedCall, contact_id: str, dial: int) -> FoundDial | None:
        if self._unnamed.pop((contact_id, dial), None) is not None:
            return FoundDial(call=call, contact_id=contact_id, dial=dial, is_new=False)
        if contact_id not in self._waiting or dial <= self._dials[contact_id]:
            return None
        self._dials[contact_id] = dial
        return FoundDial(call=call, contact_id=contact_id, dial=dial, is_new=True)

    def _find_by_numbers(self, call: PlacedCall, from_: str, to: str) -> FoundDial | None:
        asked = [key for key, dial in self._unnamed.items() if _pair(dial.from_, dial.to) == (from_, to)]
        mine = [key for key in asked if self._unnamed[key].may_be(call)]
        if mine:
            (contact_id, dial), *others = mine
            del self._unnamed[contact_id, dial]
            rivals = tuple(sorted({other for other, _ in others} - {contact_id}))
            return FoundDial(call=call, contact_id=contact_id, dial=dial, is_new=False, rivals=rivals)
        contacts = [
            contact
            for contact in self._by_pair.get((from_, to), ())
            if contact.job_created_at <= call.asked_at + CLOCK_SLACK
        ]
        if not contacts:
            return None
        first, *more = sorted(contacts, key=lambda each: (self._dials[each.id], each.job_created_at, each.id))
        self._dials[first.id] += 1
        rivals = tuple(sorted(contact.id for contact in more))
        return FoundDial(call=call, contact_id=first.id, dial=self._dials[first.id], is_new=True, rivals=rivals)


def _pair(from_: str, to: str) -> tuple[str, str]:
    """Two telephones, however their numbers are written."""
    return identify(from_), identify(to)
