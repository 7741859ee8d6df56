"""What a job's calls came to so far, and what became of the rows that it was made of."""

from fastapi import APIRouter
from pydantic import Field

from api.auth import KEYS, MemberDep
from api.dependencies import StatisticsDep
from api.http.responses import errors
from api.jobs.lookup import JobId
from domain.calls.models import Outcome
from domain.calls.outcome_table import OUTCOMES, FaultOf
from domain.contacts.report import IntakeReport
from domain.json_model import JsonModel, Timestamp
from store.jobs.statistics import JobStatistics

router = APIRouter(prefix="/batch/jobs/{id}", tags=["results"], dependencies=KEYS)


class OutcomeDials(JsonModel):
    outcome: Outcome = Field(examples=["busy"])
    dials: int = Field(examples=[12])
    fault_of: FaultOf | None
    meaning: str = Field(examples=["The line was busy."])


class CallsPlaced(JsonModel):
    at: Timestamp
    placed: int = Field(examples=[40])
    answered: int = Field(examples=[17])


class JobStatisticsView(JsonModel):
    """A job's calls, counted."""

    outcomes: list[OutcomeDials] = Field(description="Of dials that have ended, the most frequent first.")
    bucket_seconds: int = Field(description="How long each entry of `callsOverTime` lasts.", examples=[60])
    calls_over_time: list[CallsPlaced] = Field(description="By when they were placed; times without any are left out.")
    answered_calls: int = Field(examples=[120])
    short_calls: int = Field(description="Answered, and over within 5 seconds.", examples=[3])
    median_talk_seconds: float | None = Field(description="Of answered calls.", examples=[61.0])
    oldest_live_call_at: Timestamp | None = Field(description="When it was placed; null where none is live.")
    last_call_ended_at: Timestamp | None
    to_be_called_again: int = Field(description="Contacts.", examples=[8])
    next_retry_at: Timestamp | None
    calls_dropped_at: Timestamp | None = Field(
        description="When calls of the job were dropped from the archive, which are not counted here any more."
    )


@router.get("/statistics", operation_id="getBatchJobStatistics", responses=errors(401, 404, 429, 503))
async def statistics(caller: MemberDep, id: JobId, statistics: StatisticsDep) -> JobStatisticsView:
    """Count a job's calls: by outcome, over time, and what is still to come.

    Error codes: `job_not_found`.
    """
    return _render(await statistics.read(caller.organization_id, id))


@router.get("/report", operation_id="getBatchJobReport", responses=errors(401, 404, 429, 503))
async def report(caller: MemberDep, id: JobId, statistics: StatisticsDep) -> IntakeReport:
    """Read again what became of the rows that the job was created with: the `validation` of create's answer.

    Of contacts that were added later the answer to that request tells. Error codes: `job_not_found`.
    """
    return IntakeReport.model_validate(await statistics.read_report(caller.organization_id, id))


def _render(found: JobStatistics) -> JobStatisticsView:
    return JobStatisticsView(
        outcomes=[_outcome(one.outcome, one.dials) for one in found.outcomes],
        bucket_seconds=found.bucket_seconds,
        calls_over_time=[CallsPlaced(**bucket.model_dump()) for bucket in found.buckets],
        answered_calls=found.answered,
        short_calls=found.short_calls,
        median_talk_seconds=found.median_seconds,
        oldest_live_call_at=found.oldest_live,
        last_call_ended_at=found.last_end,
        to_be_called_again=found.to_be_called_again,
        next_retry_at=found.next_retry_at,
        calls_dropped_at=found.calls_dropped_at,
    )


def _outcome(outcome: Outcome, dials: int) -> OutcomeDials:
    rule = OUTCOMES[outcome]
    return OutcomeDials(outcome=outcome, dials=dials, fault_of=rule.fault_of, meaning=rule.meaning)
