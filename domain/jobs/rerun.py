"""Calling again: the fields of a retry, and which contacts of an ended job its new one calls."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from domain.jobs.models import JobChange, JobRequest
from domain.jobs.settings import MAX_NAME_LENGTH, RETRY, TIMES, list_accepted
from domain.jobs.times import resolve_times, warn_of_fixed_zone
from domain.model import Model
from domain.requests.field_types import Boolean
from domain.requests.reading import Problems, drop_nulls, list_unknown, read_model, require_object
from domain.requests.request_model import RequestModel, aliases
from domain.statuses import ContactStatus

_REACHED = frozenset({ContactStatus.COMPLETED})
_NO_USE = frozenset({ContactStatus.INVALID_NUMBER})
_AGAIN = " (retry)"


class RetryOptions(RequestModel):
    """The fields of a retry besides the settings of its job."""

    include_unknown: Annotated[bool, Boolean()] = Field(
        default=False, description="Also those of whom nobody can tell whether they were called."
    )


class ParsedRetry(Model):
    """The request of the new job, what a clock change did to its start, and what was ignored."""

    request: JobRequest
    include_unknown: bool
    start_note: str | None
    warnings: list[str]


def read_retry(body: Any, earlier: JobRequest, now: datetime) -> ParsedRetry:
    """Read a JSON body on top of the request of the earlier job, whose zone is the usual one.

    Raises InvalidRequest naming every bad field, then InvalidTimezone, then PastScheduledTime.
    """
    fields, settings, options = require_object(body), list_accepted(RETRY), aliases(RetryOptions)
    problems = Problems(["name", *(name for name in settings if name not in TIMES), *options, *TIMES])
    changed = _read_changed(fields, problems)
    include_unknown = read_model(RetryOptions, drop_nulls(fields), problems).include_unknown
    problems.raise_if_any()
    changed = {"name": _named_again(earlier.name)} | changed
    start, zone = changed.get("scheduled_start_time"), changed.get("timezone", earlier.timezone)
    times = resolve_times(start, None, zone, now)
    changed |= {"scheduled_start_time": times.start, "timezone": times.zone}
    return ParsedRetry(
        request=earlier.model_copy(update=changed),
        include_unknown=include_unknown,
        start_note=times.note,
        warnings=[*list_unknown(fields, settings | options), *warn_of_fixed_zone(times.zone)],
    )


def _read_changed(fields: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The settings that are not to be those of the earlier job. An end must be well written before it is ignored."""
    read = list_accepted(RETRY).keys() | {"endTime"}
    given = {name: value for name, value in drop_nulls(fields).items() if name in read}
    if given.get("fromPhoneNumberId") == "":  # not given
        del given["fromPhoneNumberId"]
    change = read_model(JobChange, given, problems)
    return {name: getattr(change, name) for name in change.model_fields_set - {"end_time"}}


class LeftOut(StrEnum):
    """Why a contact that was not reached is not called again, in words."""

    UNKNOWN = "whose outcome is unknown (send includeUnknown to call them again)"
    NO_NUMBER = "whose number does not exist"
    REMOVED = "who were removed from the job"
    LIVE = "whose call is still live"


def is_reached(status: ContactStatus) -> bool:
    return status in _REACHED


def why_left_out(status: ContactStatus, *, unknown: bool, removed: bool, include_unknown: bool) -> LeftOut | None:
    """Of a contact that was not reached. `unknown`: it is not known whether one of its calls took place."""
    if not status.final:
        return LeftOut.LIVE
    if removed:
        return LeftOut.REMOVED
    if status in _NO_USE:
        return LeftOut.NO_NUMBER
    if unknown and not include_unknown:
        return LeftOut.UNKNOWN
    return None


def _named_again(name: str) -> str:
    return name if name.endswith(_AGAIN) else f"{name[: MAX_NAME_LENGTH - len(_AGAIN)]}{_AGAIN}"
