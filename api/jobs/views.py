"""From what the store knows to what clients read."""

from datetime import datetime, timedelta
from typing import Any

from api.jobs.schemas import (
    BatchContact,
    BatchJob,
    ContactFrequency,
    ConversationView,
    Progress,
    RetryPolicy,
    WaitingFor,
)
from domain.calling_rules import frequency_caps as frequencies
from domain.calling_rules.window_format import dump_window
from domain.calls.agent_report import Conversation
from domain.jobs.estimate import usable_lines
from domain.jobs.models import Contact, Job
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus, JobStatus
from workflows.web_ui import JobProgress

ENOUGH_TO_TELL = 10  # contacts with a final result, before a job's own pace is believed


def job_view(job: Job) -> BatchJob:
    return BatchJob(**job_fields(job))


def job_fields(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "description": job.description,
        "status": job.status,
        "status_reason": job.status_reason,
        "organization_id": job.organization_id,
        "agent_id": job.agent_id,
        "from_phone_number_id": job.from_phone_number_id,
        "total_contacts": job.total_contacts,
        "contacts_processed": job.counts.processed,
        "successful_calls": job.counts.successful,
        "failed_calls": job.counts.failed,
        "scheduled_start_time": job.scheduled_start_time,
        "actual_start_time": job.actual_start_time,
        "completed_at": job.completed_at,
        "created_at": job.created_at,
        "concurrent_call_limit": job.concurrent_call_limit,
        "retry_policy": RetryPolicy(max_attempts=job.max_attempts, **job.retry_policy.model_dump()),
        "on_machine": job.on_machine,
        "priority": job.priority,
        "timezone": job.timezone,
        "calling_window": None if job.calling_window is None else dump_window(job.calling_window),
        "contact_frequency": frequency_view(job.contact_frequency),
        "end_time": job.end_time,
        "start_within": job.start_within_minutes,
        "circuit_breaker": job.circuit_breaker,
        "max_cost": job.max_cost,
        "spent": job.spent,
        "retry_of": job.retry_of,
        "test_of": job.test_of,
    }


def frequency_view(frequency: frequencies.ContactFrequency | None) -> ContactFrequency | None:
    return None if frequency is None else ContactFrequency(**frequency.model_dump())


def contact_view(contact: Contact) -> BatchContact:
    return BatchContact(**contact_fields(contact), dials=contact.dials)


def contact_fields(contact: Contact) -> dict[str, Any]:
    """All of a contact but its dials."""
    return {
        "id": contact.id,
        "phone_number": contact.number,
        "contact_data": contact.data,
        "status": contact.status,
        "error_code": None if contact.status is ContactStatus.COMPLETED else contact.error_code,
        "attempt_count": contact.attempts,
        "max_attempts": contact.max_attempts,
        "last_attempt_at": contact.last_attempt_at,
        "next_retry_at": contact.next_retry_at,
        "completed_at": contact.completed_at,
        "room_name": contact.call_id,
        "failure_reason": contact.failure_reason,
        "call_duration": contact.call_seconds,
        "answered_by": contact.answered_by,
        "external_id": contact.external_id,
        "conversation": conversation_view(contact.conversation),
    }


def conversation_view(conversation: Conversation | None) -> ConversationView | None:
    if conversation is None:
        return None
    return ConversationView(**conversation.model_dump(exclude={"call_id"}))


def estimated_completion(job: Job, organization_limit: int, now: datetime) -> datetime | None:
    """When the job may be done: at its own pace once that can be told, before that in waves of two minutes.

    None where it has ended or is paused. Retries that are still to come are not foreseen.
    """
    if job.status.ended or job.status is JobStatus.PAUSED:
        return None
    own_pace = _at_own_pace(job, now)
    if own_pace is not None:
        return now + own_pace
    waves = -(-job.counts.open // usable_lines(job.concurrent_call_limit, organization_limit))
    return _start(job, now) + timedelta(minutes=waves * ASSUMED_MINUTES)


def _at_own_pace(job: Job, now: datetime) -> timedelta | None:
    if job.actual_start_time is None or job.counts.processed < ENOUGH_TO_TELL:
        return None
    return (now - job.actual_start_time) * job.counts.open / job.counts.processed


def _start(job: Job, now: datetime) -> datetime:
    if job.status is JobStatus.SCHEDULED and job.scheduled_start_time is not None:
        return max(job.scheduled_start_time, now)
    return now


def progress_view(said: JobProgress) -> Progress:
    waiting = said.waiting_for
    return Progress(
        live_calls=said.live_calls,
        lines_held=said.lines_held,
        lines_wanted=said.lines_wanted,
        waiting_for=None if waiting is None else WaitingFor(reason=waiting.reason, until=waiting.until),
    )
