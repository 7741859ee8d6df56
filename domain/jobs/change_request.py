"""A request to change a job: from a JSON body to a change that keeps every rule of create."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.errors import InvalidRequest
from domain.jobs.models import JobChange
from domain.jobs.settings import NULL, PATCH, list_accepted
from domain.jobs.times import resolve_times
from domain.model import Model
from domain.requests.limits import quoted
from domain.requests.reading import Problems, read_model, require_object

CHANGEABLE = list_accepted(PATCH)


class ParsedChange(Model):
    """A change whose times are not yet resolved: without an offset they are wall-clock times in the job's zone."""

    change: JobChange

    def resolve(
        self, zone: str, start: datetime | None, end: datetime | None, now: datetime
    ) -> tuple[JobChange, str | None]:
        """The change, and what a clock change did to its times, for people.

        `zone` and `end` (UTC) are the job's, `start` (UTC) where it is still to come. A start of a moment ago is now.
        Raises InvalidTimezone, InvalidRequest, PastScheduledTime.
        """
        written, given = self.change, self.change.model_fields_set
        own_zone = written.timezone if "timezone" in given else zone
        resolved = resolve_times(written.scheduled_start_time, written.end_time, own_zone, now)
        times = {"scheduled_start_time": resolved.start or now, "end_time": resolved.end, "timezone": resolved.zone}
        change = written.model_copy(update={name: time for name, time in times.items() if name in given})
        start = change.scheduled_start_time if "scheduled_start_time" in given else start
        end = change.end_time if "end_time" in given else end
        require_order(change, start, end, now)
        return change, resolved.note


def read_change(body: Any) -> ParsedChange:
    """Read a JSON body as `parse_json` gave it. What is not changeable is refused, not ignored.

    Raises InvalidRequest naming every bad field.
    """
    fields = require_object(body)
    if not fields:
        raise InvalidRequest(f"Nothing is to be changed: send at least one of {', '.join(sorted(CHANGEABLE))}.")
    _refuse_others(fields)
    problems = Problems(list(CHANGEABLE))
    change = read_model(JobChange, fields, problems)
    problems.raise_if_any()
    return ParsedChange(change=change)


def _refuse_others(fields: Mapping[str, Any]) -> None:
    """Before any value is read: fields that the model would leave alone, and null, which only some settings may be."""
    problems = Problems()
    for name, value in fields.items():
        if name not in CHANGEABLE:
            problems.note(quoted(name), "cannot be changed")
        elif value is None and name not in list_accepted(NULL):
            problems.note(name, "cannot be null")
    problems.raise_if_any()


def require_order(change: JobChange, start: datetime | None, end: datetime | None, now: datetime) -> None:
    """Raise InvalidRequest where a change of a job's times would let it end before its start, or at once.

    `start` (UTC; None: it has come) and `end` are those that the job would have.
    """
    if end is None or end > (start or now):
        return
    problems = Problems()
    if "end_time" in change.model_fields_set:
        problems.note("endTime", "must be after the start")
    elif "scheduled_start_time" in change.model_fields_set:
        problems.note("scheduledStartTime", "must be before endTime")
    problems.raise_if_any()
