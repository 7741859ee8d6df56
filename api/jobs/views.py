"""From what the store knows to what clients read."""

from datetime import datetime, timedelta

from api.jobs.schemas import Progress, WaitingFor
from domain.jobs.estimate import usable_lines
from domain.jobs.models import Job
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus, JobStatus
from workflows.web_ui import JobProgress

ENOUGH_TO_TELL = 10  # contacts with a final result, before a job's own pace is believed


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


def render_progress(said: JobProgress, job: Job) -> Progress:
    """The workflow counts calls that wait for a line or a pace as well: the database tells which are live."""
    waiting = said.waiting_for
    return Progress(
        live_calls=job.counts.by_status[ContactStatus.DIALING],
        lines_held=said.lines_held,
        lines_wanted=said.lines_wanted,
        waiting_for=None if waiting is None else WaitingFor(**waiting.model_dump()),
    )
