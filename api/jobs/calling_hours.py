"""When the contacts of a new job may be called, and whom the hours leave out."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from api.http.fork_pool import ForkPool
from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_format import describe_window
from domain.contacts.report import Intake
from domain.jobs.estimate import usable_lines
from domain.jobs.forecast import Group, window_warnings
from domain.jobs.models import JobRequest, Organization


@dataclass(frozen=True)
class Hours:
    """`sentence`: which calling window holds. `warnings`: what it and the end mean for this job."""

    sentence: str
    warnings: list[str]


async def hours_of(
    pool: ForkPool, organization: Organization, request: JobRequest, intake: Intake, now: datetime
) -> Hours:
    """Foresee a job, in a forked process: a year of days in many zones takes longer than other requests may wait."""
    window = request.calling_window or organization.calling_window
    sentence = describe_window(request.calling_window, organization.calling_window)
    if window is None and request.end_time is None and not any(contact.not_before for contact in intake.contacts):
        return Hours(sentence=sentence, warnings=[])
    groups = Counter(
        Group(contact.zones or (), contact.not_before) for contact in intake.contacts if contact.is_placed(window)
    )
    lines = usable_lines(request.concurrent_call_limit, organization.concurrent_call_limit)
    return Hours(sentence, await pool.run(organization.id, _warnings, window, groups, request, lines, now))


def _warnings(
    window: CallingWindow | None, groups: Counter[Group], request: JobRequest, lines: int, now: datetime
) -> list[str]:
    return window_warnings(
        window,
        groups,
        timezone=request.timezone,
        start=request.scheduled_start_time or now,
        end_time=request.end_time,
        lines=lines,
    )
