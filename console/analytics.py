"""How many calls are answered: by hour, weekday, number, country, attempt and job, and this week against last."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from api.analytics.queries import AnswerRateQueryDep
from api.analytics.routes import answer_rates, weeks
from api.analytics.schemas import AnswerRate, AnswerRates, Weeks
from console import vocabulary
from console.pages import FrameDep, PageRoute, page
from domain.analytics.counts import Dimension

NAMES = {
    Dimension.HOUR: "Hour of the day",
    Dimension.WEEKDAY: "Weekday",
    Dimension.DAY: "Day",
    Dimension.NUMBER: "Number called from",
    Dimension.COUNTRY: "Country",
    Dimension.ATTEMPT: "Attempt",
    Dimension.JOB: "Job",
}

router = APIRouter(route_class=PageRoute)


@router.get("/analytics")
async def analytics(
    frame: FrameDep,
    rates: Annotated[AnswerRates | Response, Depends(answer_rates)],
    query: AnswerRateQueryDep,
    compared: Annotated[Weeks, Depends(weeks)],
) -> Response:
    """A page; the file that the API makes, where one is asked for."""
    if isinstance(rates, Response):
        return rates
    rows = [(_name(query.by, entry), entry.attempts, entry.answered) for entry in rates.entries]
    names = [(_name(query.by, entry), entry) for entry in rates.entries]
    html: HTMLResponse = page(
        frame, "analytics.html", rates=rates, query=query, weeks=compared, rows=rows, names=names, dimensions=NAMES
    )
    return html


def _name(by: Dimension, entry: AnswerRate) -> str:
    if entry.key is None:
        return "none"
    if by is Dimension.HOUR:
        return f"{int(entry.key):02d}:00"
    if by is Dimension.WEEKDAY:
        return vocabulary.WEEKDAYS.get(entry.key, entry.key)
    return entry.name or entry.key
