"""What holds of the hours of calls, in a sentence for whoever creates a job."""

from domain.calling_rules.window import MIDNIGHT, WEEK, CallingWindow, Hours
from domain.calling_rules.window_json import END_OF_DAY

NO_WINDOW = "No calling window is set: calls may be made at any hour."


def describe_window(own: CallingWindow | None, of_organization: CallingWindow | None) -> str:
    """Say which window holds for a job: its own, else its organization's.

    >>> from datetime import time
    >>> window_sentence(CallingWindow(from_=time(9), to=time(20)), None)
    'Calls are made from 09:00 to 20:00, by the clock where the contact is.'
    """
    window = own or of_organization
    if window is None:
        return NO_WINDOW
    hours = " and ".join(_said(hours) for hours in (window, *window.also))
    parts = [f"Calls are made {hours}, by the clock where the contact is", _holidays(window)]
    if window.preset is not None:
        parts.append(f" (calling window {window.preset})")
    elif own is None:
        parts.append(" (the organization's calling window)")
    return "".join(parts) + "."


def _said(hours: Hours) -> str:
    to = END_OF_DAY if hours.to == MIDNIGHT else f"{hours.to:%H:%M}"
    days = "" if hours.weekdays == WEEK else " on " + ", ".join(hours.weekdays)
    return f"from {hours.from_:%H:%M} to {to}{days}"


def _holidays(window: CallingWindow) -> str:
    if not window.holidays:
        return ""
    return f", not on holidays of {window.holidays}" if isinstance(window.holidays, str) else ", not on its holidays"
