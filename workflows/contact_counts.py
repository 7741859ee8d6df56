"""How many contacts have which status: by the last page, and what happened since."""

from collections import Counter
from collections.abc import Mapping

from domain.calls.dispatch import DueContact, JobPage
from domain.statuses import ContactStatus


class ContactCounts:
    """For people who look at Temporal's web UI, without a query at every call."""

    def __init__(self) -> None:
        self._counts: Counter[ContactStatus] = Counter()
        self._ended_on_page: set[str] = set()  # in flight here, over by the page

    @property
    def counts(self) -> Mapping[ContactStatus, int]:
        """Those statuses that somebody has."""
        return {status: count for status, count in self._counts.items() if count > 0}

    def take(self, page: JobPage, in_flight: Mapping[str, DueContact]) -> None:
        """Begin anew from a page. It names those in flight that are still due or live; the others have ended."""
        self._counts = Counter(page.counts)
        on_page = {contact.contact_id: contact for contact in page.due}
        self._ended_on_page = {contact_id for contact_id in in_flight if contact_id not in on_page}
        for contact_id in in_flight:
            if contact_id in on_page:
                self.dialed(on_page[contact_id])

    def dialed(self, contact: DueContact) -> None:
        """Its call begins, or goes on."""
        if not contact.live:
            self._move(_before(contact), ContactStatus.DIALING)

    def ended(self, contact: DueContact, status: ContactStatus | None) -> None:
        """Its call is over; None: it was not called."""
        if contact.contact_id in self._ended_on_page:
            self._ended_on_page.discard(contact.contact_id)
        else:
            self._move(ContactStatus.DIALING, status or _before(contact))

    def _move(self, old: ContactStatus, new: ContactStatus) -> None:
        self._counts[old] -= 1
        self._counts[new] += 1


def _before(contact: DueContact) -> ContactStatus:
    return ContactStatus.PENDING if contact.dial == 1 else ContactStatus.QUEUED
