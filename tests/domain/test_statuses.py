"""The closed sets."""

from domain.jobs.models import JobCounts
from domain.statuses import Architecture, ContactStatus, JobStatus, Role


def test_a_contact_has_twelve_statuses_and_nine_are_final() -> None:
    assert [status.value for status in ContactStatus] == [
        "pending", "queued", "dialing", "completed", "no_answer", "busy", "timeout", "blocked",
        "invalid_number", "carrier_error", "failed", "cancelled",
    ]  # fmt: skip
    assert [status.value for status in ContactStatus if not status.final] == ["pending", "queued", "dialing"]
    assert [status.value for status in ContactStatus if status.may_be_dialed] == ["pending", "queued"]


def test_counts_follow_the_contract() -> None:
    counts = JobCounts(by_status={status: 2**place for place, status in enumerate(ContactStatus)})
    assert counts.total == 4095
    assert counts.successful == 8
    assert counts.failed == 16 + 32 + 64 + 128 + 256 + 512 + 1024
    assert counts.processed == counts.successful + counts.failed + 2048
    assert counts.open == 1 + 2 + 4


def test_three_job_statuses_are_ends_and_two_wait() -> None:
    assert {status.value for status in JobStatus if status.ended} == {"completed", "failed", "cancelled"}
    assert {status.value for status in JobStatus if status.waiting_to_start} == {"pending", "scheduled"}


def test_owners_and_admins_change_things_and_members_read() -> None:
    assert [role.value for role in Role if role.may_change] == ["owner", "admin"]


def test_a_text_agent_cannot_talk() -> None:
    assert [kind.value for kind in Architecture if kind.can_talk] == ["pipeline", "realtime"]
