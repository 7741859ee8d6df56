"""Which contacts of an ended job are called again by a new one."""

from enum import StrEnum

from domain.statuses import ContactStatus

_REACHED = frozenset({ContactStatus.COMPLETED})
_NO_USE = frozenset({ContactStatus.INVALID_NUMBER})


class LeftOut(StrEnum):
    """Why a contact that was not reached is not called again, in words."""

    UNKNOWN = "whose outcome is unknown (send includeUnknown to call them again)"
    NO_NUMBER = "whose number does not exist"
    REMOVED = "who were removed from the job"
    LIVE = "whose call is still live"


def is_reached(status: ContactStatus) -> bool:
    return status in _REACHED


def why_left_out(status: ContactStatus, *, unknown: bool, removed: bool, include_unknown: bool) -> LeftOut | None:
    """Judge a contact that was not reached. `unknown`: of one of its calls nobody can tell whether it took place."""
    if not status.final:
        return LeftOut.LIVE
    if removed:
        return LeftOut.REMOVED
    if status in _NO_USE:
        return LeftOut.NO_NUMBER
    if unknown and not include_unknown:
        return LeftOut.UNKNOWN
    return None
