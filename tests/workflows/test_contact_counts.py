"""The table of progress stays true between two readings of the record."""

from domain.calls.dispatch import DueContact, JobPage
from domain.statuses import ContactStatus, JobStatus
from workflows.contact_counts import ContactCounts


def a_contact(number: int, *, dial: int = 1, live: bool = False) -> DueContact:
    return DueContact(contact_id=f"contact_{number}", row=number, ends_in="…01", dial=dial, attempt=dial, live=live)


def a_page(*due: DueContact, **counts: int) -> JobPage:
    return JobPage(
        status=JobStatus.RUNNING,
        status_reason=None,
        scheduled_start_time=None,
        lines=5,
        counts={ContactStatus(status): count for status, count in counts.items()},
        due=list(due),
        next_due_at=None,
    )


def test_a_call_moves_its_contact() -> None:
    tally, first, second = ContactCounts(), a_contact(1), a_contact(2, dial=2)
    tally.take(a_page(first, second, pending=1, queued=1), {})

    tally.dialed(first)
    tally.dialed(second)
    tally.ended(first, ContactStatus.COMPLETED)
    tally.ended(second, None)

    assert tally.counts == {"completed": 1, "queued": 1}


def test_a_call_that_the_record_knows_to_be_over_counts_once() -> None:
    tally, over, live, asked = ContactCounts(), a_contact(1), a_contact(2), a_contact(3)
    page = a_page(a_contact(2, live=True), asked, completed=1, dialing=1, pending=1)
    tally.take(page, {contact.contact_id: contact for contact in (over, live, asked)})

    tally.ended(over, ContactStatus.COMPLETED)

    assert tally.counts == {"completed": 1, "dialing": 2}
