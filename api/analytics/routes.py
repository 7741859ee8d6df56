"""How many of an organization's calls are answered: by hour, number, country and more, and this week against last."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.analytics.queries import AnswerRateQueryDep, Format, WeekQueryDep
from api.analytics.render import render_answer_rates, render_csv, render_weeks
from api.analytics.schemas import AnswerRates, Weeks
from api.auth import KEYS, MemberDep
from api.dependencies import CallStatisticsDep
from api.http.responses import errors
from domain.analytics.weeks import compare_weeks, first_day
from store.analytics.statistics import MAX_ROWS, Range

router = APIRouter(prefix="/analytics", tags=["analytics"], dependencies=KEYS)

_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "hour,name,attempts,answered,…\r\n9,,412,173,…\r\n"}
        }
    }
}


@router.get(
    "/answer-rates",
    operation_id="readAnswerRates",
    response_model=AnswerRates,
    responses=errors(400, 401, 429, 503) | _CSV,
)
async def answer_rates(
    caller: MemberDep, query: AnswerRateQueryDep, statistics: CallStatisticsDep
) -> AnswerRates | Response:
    """See how many calls were answered, grouped by the hour of the callee's day, by weekday, number, country and more.

    Hours, weekdays and days are by the clock of the person called: the contact's time zone, else the job's. At most 92
    days; without `from` and `to` the last 28. With `format=csv` all entries come as a file, 10,000 at most.

    Error codes: `invalid_request` for other values of `by` and `format`, and for days out of bounds; `invalid_page`,
    `invalid_page_size`.
    """
    which = Range(first=query.first, last=query.last, job_id=query.batch_job_id, from_number=query.from_number)
    if query.format is Format.JSON:
        found = await statistics.group(caller.organization_id, query.by, which, query.page, query.page_size)
        return render_answer_rates(query, found)
    found = await statistics.group(caller.organization_id, query.by, which, 1, MAX_ROWS)
    name = f"answer-rates-by-{query.by}-{query.first}-{query.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(render_csv(query.by, found), media_type="text/csv", headers=headers)


@router.get("/weeks", operation_id="compareWeeks", responses=errors(400, 401, 429, 503))
async def weeks(caller: MemberDep, query: WeekQueryDep, statistics: CallStatisticsDep) -> Weeks:
    """Compare this week with last: its calls so far, last week's up to the same weekday and hour, and all of last week.

    Error codes: `invalid_timezone`.
    """
    now = datetime.now(UTC).astimezone(ZoneInfo(query.timezone))
    hours = await statistics.read_hours(caller.organization_id, first_day(now))
    return render_weeks(compare_weeks(hours, now), query.timezone)
