"""When the contacts of a new job may be called, and whom the hours leave out."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from api.http.fork_pool import ForkPool
from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_format import describe_window
from domain.jobs.estimate import usable_lines
from domain.jobs.forecast import Group, is_short, window_warnings
from domain.jobs.models import JobRequest, Organization
from store.contacts.packed import PackedContacts, Place

T = TypeVar("T")


@dataclass(frozen=True)
class Hours:
    """`sentence`: which calling window holds. `warnings`: what it and the end mean for this job."""

    sentence: str
    warnings: list[str]


async def hours_of(
    pool: ForkPool, organization: Organization, request: JobRequest, contacts: PackedContacts, now: datetime
) -> Hours:
    """What the hours mean for a new job of this organization."""
    window = request.calling_window or organization.calling_window
    sentence = describe_window(request.calling_window, organization.calling_window)
    if window is None and request.end_time is None and not any(place.not_before for place in contacts.places):
        return Hours(sentence=sentence, warnings=[])
    groups = count_groups(contacts.count_places(), window, None)
    lines = usable_lines(request.concurrent_call_limit, organization.concurrent_call_limit)
    warn = partial(_warnings, window, groups, request, lines, now)
    return Hours(sentence, await foresee(pool, organization.id, window, groups, warn))


async def foresee(
    pool: ForkPool, owner: str, window: CallingWindow | None, groups: Counter[Group], play: Callable[[], T]
) -> T:
    """`play` a forecast of these groups, in a forked process where it may take longer than other requests may wait."""
    return play() if is_short(window, groups) else await pool.run(owner, play)


def count_groups(places: Mapping[Place, int], window: CallingWindow | None, timezone: str | None) -> Counter[Group]:
    """Contacts by when they may be called; `timezone`: of those whom no window holds and no zone is known of."""
    groups: Counter[Group] = Counter()
    for place, count in places.items():
        if place.is_placed(window):
            groups[Group(place.zones or ((timezone,) if timezone else ()), place.not_before)] += count
    return groups


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
