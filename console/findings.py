"""What an operator asks of a job, answered by what is known of it: why it does not start, call, reach or retry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from api.jobs.schemas import JobDetail
from api.jobs.statistics_routes import JobStatisticsView
from api.organizations.schemas import ClosedGates
from console import vocabulary, words
from domain.calls.models import Outcome
from domain.contacts.report import IntakeReport
from domain.phone.masking import mask_numbers
from domain.statuses import ContactStatus, JobStatus

ENOUGH_CALLS = 20  # before a share says anything
MANY_UNANSWERED = 0.6  # of the calls that ended
MANY_SHORT = 0.5  # of the answered ones
QUIET_FOR = timedelta(minutes=10)  # without any call that ended or was placed
LONG_CALL = timedelta(minutes=20)
UNREACHED = (ContactStatus.NO_ANSWER, ContactStatus.BUSY, ContactStatus.TIMEOUT)
WITHOUT_AGENT = {Outcome.AGENT_UNREACHABLE, Outcome.NO_SPEECH}


class Question(StrEnum):
    """What a finding answers."""

    START = "start"
    NOBODY = "nobody"
    NO_ANSWERS = "no-answers"
    SILENT = "silent"
    DETAILS = "details"
    RETRIES = "retries"
    HANGS = "hangs"
    ROWS = "rows"


class Weight(StrEnum):
    """How much it matters: the names are those of the stylesheet."""

    BAD = "bad"
    WARN = "warn"
    INFO = "info"
    GOOD = "good"


@dataclass(frozen=True)
class Finding:
    question: Question
    weight: Weight
    title: str
    text: str
    until: datetime | None = None  # then it changes by itself


@dataclass(frozen=True)
class JobFacts:
    """All that the page knows of a job. `report`: of the rows that it was created with.

    `window`: the organization's, as the API writes it; `workflow`: where Temporal's web UI shows it, if that is known.
    """

    job: JobDetail
    statistics: JobStatisticsView
    gates: ClosedGates
    report: IntakeReport
    window: Mapping[str, Any] | None = None
    workflow: str | None = None

    @property
    def counts(self) -> dict[ContactStatus, int]:
        return self.job.status_breakdown

    @property
    def open(self) -> bool:
        return not self.job.status.ended

    @property
    def ended_dials(self) -> int:
        return sum(one.dials for one in self.statistics.outcomes)

    def dials(self, *outcomes: Outcome) -> int:
        return sum(one.dials for one in self.statistics.outcomes if one.outcome in outcomes)


def explain(facts: JobFacts, now: datetime) -> list[Finding]:
    """What there is to say, the worst first."""
    found = [finding for find in FINDERS for finding in find(facts, now)]
    return sorted(found, key=lambda finding: list(Weight).index(finding.weight))


def _start(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    job = facts.job
    if job.status is JobStatus.SCHEDULED and job.scheduled_start_time is not None:
        text = f"It starts by itself {words.within(job.scheduled_start_time, now)}. {words.next_step('start')}"
        yield Finding(Question.START, Weight.INFO, "It has not started yet.", text, job.scheduled_start_time)
    elif job.status is JobStatus.PENDING:
        known = job.progress is not None
        text = "It is taken up in a moment." if known else f"{vocabulary.SCHEDULER_AWAY} It starts when they answer."
        yield Finding(Question.START, Weight.INFO if known else Weight.WARN, "It is about to start.", text)
    elif job.status is JobStatus.PAUSED:
        text = job.status_reason or "Somebody paused it: see Activity for who and when."
        yield Finding(
            Question.START, Weight.WARN, "It is paused: no call starts.", f"{text} {words.next_step('resume')}"
        )
    elif job.status is JobStatus.FAILED:
        yield Finding(Question.START, Weight.BAD, "It failed.", job.status_reason or "No reason was recorded.")


def _nobody(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    job = facts.job
    for gate in facts.gates.gates if facts.open else ():
        if gate.scope != "organization" and gate.phone_number_id == job.from_phone_number_id:
            title = f"The {'number' if gate.scope == 'number' else 'carrier account'} that it calls from is closed."
            yield Finding(
                Question.NOBODY, Weight.BAD, title, f"{gate.reason} {words.step_in_console(gate)}", gate.closed_until
            )
    if job.status is not JobStatus.RUNNING:
        return
    if job.progress is None:
        text = f"{vocabulary.SCHEDULER_AWAY} Live calls go on; new ones start when they answer."
        yield Finding(Question.NOBODY, Weight.WARN, "Nobody says how it goes.", text)
    elif (waiting := job.progress.waiting_for) is not None:
        title = f"Nobody is called just now: it waits for {words.waiting(waiting.reason)}."
        text = " ".join(filter(None, (waiting.detail, words.next_step(waiting.reason))))
        yield Finding(Question.NOBODY, Weight.INFO if waiting.until else Weight.WARN, title, text, waiting.until)


def _no_answers(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    unanswered = facts.dials(Outcome.NO_ANSWER, Outcome.TIMEOUT)
    if facts.ended_dials >= ENOUGH_CALLS and unanswered >= MANY_UNANSWERED * facts.ended_dials:
        share = words.percent(unanswered, facts.ended_dials)
        text = (
            f"{unanswered:,} of {facts.ended_dials:,} calls ({share}). Compare the hours below, call from a number that"
            " people there know, and ask your carrier whether it is shown as spam."
        )
        yield Finding(Question.NO_ANSWERS, Weight.WARN, "Most calls are not answered.", text)


def _silent(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    for one in facts.statistics.outcomes:
        if one.outcome in WITHOUT_AGENT:
            text = "Look at the agent: its address, whether it runs, what it logs. People heard nothing."
            title = f"{words.count(one.dials, 'call was', 'calls were')} answered without an agent: {one.meaning}"
            yield Finding(Question.SILENT, Weight.BAD, title, text)
    answered, short = facts.statistics.answered_calls, facts.statistics.short_calls
    if answered >= ENOUGH_CALLS and short >= MANY_SHORT * answered:
        text = "Either the agent is silent, or people hang up at its first words. Listen to a test call."
        title = f"{short:,} of {answered:,} answered calls were over within 5 seconds."
        yield Finding(Question.SILENT, Weight.WARN, title, text)


def _details(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    warnings = facts.report.warnings
    if warnings:
        more = f" And {words.count(len(warnings) - 3, 'more note')} below." if len(warnings) > 3 else ""
        title = "What the agent receives may differ from the file."
        yield Finding(Question.DETAILS, Weight.WARN, title, mask_numbers(" ".join(warnings[:3])) + more)


def _retries(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    waiting, policy = facts.statistics.to_be_called_again, facts.job.retry_policy
    unreached = sum(facts.counts[status] for status in UNREACHED)
    if facts.open and waiting:
        next_at = facts.statistics.next_retry_at
        when = "" if next_at is None else f" The next one is due {words.within(next_at, now)}."
        title = f"{words.count(waiting, 'contact waits', 'contacts wait')} to be called again."
        yield Finding(
            Question.RETRIES, Weight.INFO, title, f"Up to {policy.max_attempts} attempts each.{when}", next_at
        )
    elif facts.open and unreached and (policy.max_attempts == 1 or not policy.retryable_statuses):
        text = "Its rules allow no second attempt: raise attempts under Change, for those not called yet."
        yield Finding(Question.RETRIES, Weight.INFO, "Nobody is called again.", text)
    elif not facts.open and unreached:
        text = "They had all their attempts. Retry calls them again, in a new job."
        yield Finding(
            Question.RETRIES, Weight.INFO, f"{words.count(unreached, 'person was', 'people were')} not reached.", text
        )


def _hangs(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    job, statistics = facts.job, facts.statistics
    if facts.open and job.warning:
        yield Finding(Question.HANGS, Weight.WARN, "The carrier's events do not arrive.", job.warning)
    oldest = statistics.oldest_live_call_at
    if oldest is not None and now - oldest > LONG_CALL:
        text = (
            f"It was placed {words.seconds((now - oldest).total_seconds())} ago. A call ends at the job's longest call"
            " at the latest; one that the carrier forgot is ended by Outdial soon after. Or press Hang up."
        )
        yield Finding(Question.HANGS, Weight.INFO, "One call has been live for long.", text)
    waits = job.progress is None or job.progress.waiting_for is not None
    last = max(filter(None, (statistics.last_call_ended_at, job.actual_start_time)), default=None)
    if job.status is JobStatus.RUNNING and oldest is None and not waits and last and now - last > QUIET_FOR:
        text = (
            "Contacts are left, and nothing is said to hold them. Look at its workflow in Temporal, and whether workers"
            " run; pausing and resuming wakes it."
        )
        title = f"No call was placed for {words.seconds((now - last).total_seconds())}."
        yield Finding(Question.HANGS, Weight.BAD, title, text)


def _rows(facts: JobFacts, now: datetime) -> Iterator[Finding]:
    report = facts.report
    blocked = facts.counts[ContactStatus.BLOCKED]
    if report.invalid_total or report.duplicates_total:
        parts = []
        if report.invalid_total:
            parts.append(f"{words.count(report.invalid_total, 'row')} could not be read")
        if report.duplicates_total:
            parts.append(f"{words.count(report.duplicates_total, 'number')} stood there twice")
        missing = report.invalid_total + report.duplicates_total
        title = f"{missing:,} of {words.count(report.rows, 'row')} are not in the job."
        text = f"{' and '.join(parts).capitalize()}: see The file, and download what was rejected to send it again."
        yield Finding(Question.ROWS, Weight.WARN, title, text)
    if blocked:
        text = "They are on the do-not-call list, in a country that may not be called, or their network refused."
        yield Finding(
            Question.ROWS, Weight.INFO, f"{words.count(blocked, 'contact is', 'contacts are')} blocked.", text
        )


FINDERS: tuple[Callable[[JobFacts, datetime], Iterator[Finding]], ...] = (
    _start,
    _nobody,
    _hangs,
    _silent,
    _no_answers,
    _details,
    _rows,
    _retries,
)
