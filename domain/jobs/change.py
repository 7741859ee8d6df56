"""The fields of a job that can be changed: from a JSON body to a change that keeps every rule of create."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import InvalidRequest
from domain.jobs.fields import body_values, read_call_limit, read_description, read_name
from domain.jobs.models import JobChange
from domain.jobs.rule_fields import read_attempts, read_on_machine, read_priority, read_window
from domain.jobs.start_fields import MOMENT_FIELDS, WrittenMoments, place_moments, read_moments
from domain.requests.limits import quoted
from domain.requests.raw_values import RawValues

READERS: dict[str, tuple[str, Callable[[RawValues], Any]]] = {
    "name": ("name", read_name),
    "description": ("description", read_description),
    "concurrentCallLimit": ("concurrent_call_limit", read_call_limit),
    "maxAttempts": ("max_attempts", read_attempts),
    "priority": ("priority", read_priority),
    "callingWindow": ("calling_window", read_window),
    "onMachine": ("on_machine", read_on_machine),
    "maxCost": ("max_cost", lambda values: values.dollars("maxCost")),
}
CHANGEABLE = frozenset(READERS) | MOMENT_FIELDS
EMPTYABLE = frozenset({"description", "callingWindow", "endTime", "maxCost"})  # null takes away what is set


@dataclass(frozen=True)
class WrittenChange:
    """A change whose times are not yet placed: without an offset they are wall-clock times in the job's zone."""

    values: RawValues
    fields: dict[str, Any]
    moments: WrittenMoments

    def placed(
        self, zone: str, start: datetime | None, end: datetime | None, now: datetime
    ) -> tuple[JobChange, str | None]:
        """The change, and what a clock change did to its times, for people.

        `zone` and `end` (UTC) are the job's, `start` (UTC) where it is still to come. A start of a moment ago is now.
        Raises InvalidTimezone, InvalidRequest, PastScheduledTime.
        """
        moments = place_moments(self.moments, self.values, zone, now)
        placed: dict[str, Any] = {}
        if self.moments.start is not None:
            placed["scheduled_start_time"] = start = moments.start or now
        if "endTime" in self.values.names():
            placed["end_time"] = end = moments.end
        if self.moments.zone is not None:
            placed["timezone"] = moments.zone
        if end is not None and end <= (start or now):
            self._refuse_order(placed)
        return JobChange(**self.fields, **placed), moments.note

    def _refuse_order(self, placed: dict[str, Any]) -> None:
        if "end_time" in placed:
            self.values.blame("endTime", "must be after the start")
        elif "scheduled_start_time" in placed:
            self.values.blame("scheduledStartTime", "must be before endTime")
        self.values.refuse_problems()


def read_change(body: Any) -> WrittenChange:
    """Read a JSON body as `parse_json` gave it. What is not changeable is refused: it must not go unheard.

    Raises InvalidRequest naming every bad field.
    """
    values = body_values(body)
    names = list(values.names())
    if not names:
        raise InvalidRequest(f"Nothing is to be changed: send at least one of {', '.join(sorted(CHANGEABLE))}.")
    for name in names:
        if name not in CHANGEABLE:
            values.blame(quoted(name), "cannot be changed")
        elif values.given(name) is None and name not in EMPTYABLE:
            values.blame(name, "cannot be null")
    values.refuse_problems()
    fields = {ours: read(values) for name, (ours, read) in READERS.items() if name in names}
    moments = read_moments(values)
    values.refuse_problems()
    return WrittenChange(values=values, fields=fields, moments=moments)
