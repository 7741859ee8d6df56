"""The rules of a job and its organization, as their rows hold them, for claims, pages and endings."""

from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import get_preset_frequency
from domain.calling_rules.window import CallingWindow, find_lasting_opening
from domain.calls.deadlines import SEND_TIMEOUT_SECONDS

NEVER_OPENS = timedelta(days=400)  # as far as windows are looked at
ARRIVES_WITHIN = timedelta(seconds=SEND_TIMEOUT_SECONDS + 1)  # of the claim: a request leaves in time, and travels


def calling_window(facts: RowMapping) -> CallingWindow | None:
    """The job's own, else its organization's."""
    window = facts["job_window"] or facts["organization_window"]
    return None if window is None else CallingWindow.model_validate(window)


def opens_at(window: CallingWindow | None, zones: list[str] | None, timezone: str, at: datetime) -> datetime:
    """The first instant from `at` on at which a contact may be called; one without zones is where its job is.

    The carrier hears of a call somewhat later than it is claimed, and is not asked either when the window has closed.
    """
    if window is None:
        return at
    return find_lasting_opening(window, tuple(zones or (timezone,)), at, ARRIVES_WITHIN) or at + NEVER_OPENS


def frequencies(facts: RowMapping) -> list[ContactFrequency]:
    """All caps that hold: the job's, its organization's, and that of the preset whose hours hold."""
    given = (facts["job_frequency"], facts["organization_frequency"])
    found = [ContactFrequency.model_validate(frequency) for frequency in given if frequency is not None]
    brought = get_preset_frequency(calling_window(facts))
    return found if brought is None else [*found, brought]
