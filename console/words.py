"""What pages say: statuses, reasons, outcomes, times and sums in words."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.organizations.schemas import ClosedGateView
from console.vocabulary import (
    ACTION,
    ACTOR,
    CONTACT,
    LEDGER,
    NEXT_STEP,
    SIP,
    SOURCE,
    WAITING,
)
from domain.audit import Action
from domain.calls.models import Outcome
from domain.calls.outcome_table import OUTCOMES, Redial
from domain.jobs.views import ContactFrequency
from domain.phone.masking import mask_number, mask_numbers
from domain.quotas import EXPLANATIONS, Quota
from domain.statuses import ContactStatus


def waiting(reason: str) -> str:
    return WAITING.get(reason, reason.replace("_", " "))


def next_step(reason: str) -> str:
    return NEXT_STEP.get(reason, "")


def action(done: str) -> str:
    return ACTION.get(Action(done), done.replace("_", " "))


def actor(id: str, names: Mapping[str, str]) -> str:
    """The name of who did it: of a key, where it is one of the organization's."""
    if id in ACTOR:
        return ACTOR[id]
    return names.get(id) or ("A call's agent" if id.startswith("call_") else id)


def code(sip: str | None) -> str:
    """A SIP code in words."""
    return "" if sip is None else f"{sip} {SIP.get(sip, '')}".strip()


def outcome(value: Any) -> str:
    return OUTCOMES[value].meaning


def again(value: Any) -> str:
    """What follows an outcome."""
    if value is Outcome.ANSWERED:
        return "Final, unless a machine answered and the job's onVoicemail calls again."
    rule = OUTCOMES[value]
    return {
        Redial.NEVER: "Final: it is not called again for this.",
        Redial.POLICY: f"Called again where the job's {rule.setting} says so.",
        Redial.UNCHARGED: "Called again soon; it does not count as an attempt.",
    }[rule.retried]


def number(value: float) -> str:
    return f"{value:,}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{value:,} {noun if value == 1 else plural or many}"


def percent(part: float, whole: float) -> str:
    return "–" if not whole else f"{100 * part / whole:.0f} %"


def dollars(value: Decimal | float | str) -> str:
    amount = Decimal(str(value))
    sign = "−" if amount < 0 else ""
    digits = 2 if amount == amount.quantize(Decimal("0.01")) or abs(amount) >= 1 else 4
    return f"{sign}${abs(amount):,.{digits}f}"


def seconds(value: float | None) -> str:
    """A duration: 8 s, 1:05 min, 2:10 h."""
    if value is None:
        return "–"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def within(until: datetime, now: datetime | None = None) -> str:
    """How long until then, roughly."""
    left = until - (now or datetime.now(UTC))
    if left <= timedelta(0):
        return "now"
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return f"in {round(left.total_seconds())} s"
    if minutes < 120:
        return f"in {count(minutes, 'minute')}"
    hours = round(minutes / 60)
    return f"in {count(hours, 'hour')}" if hours < 48 else f"in {count(round(hours / 24), 'day')}"


def when(value: datetime | None, zone: str = "UTC", *, seconds: bool = False) -> Markup:
    """A time in a zone; the script of the page shows it in the reader's, and keeps this one beside it."""
    if value is None:
        return Markup("–")
    there = value.astimezone(ZoneInfo(zone))
    utc = f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    clock = "%H:%M:%S" if seconds else "%H:%M"
    said = f"{there:%b} {there.day}, {there:{clock}} {there.tzname() or zone}"
    mark = Markup(" data-seconds") if seconds else ""
    return Markup('<time datetime="{}" data-zone="{}"{}>{}</time>').format(utc, zone, mark, said)


def local(value: datetime | None, zone: str) -> str:
    """For a field of a form: the clock there, to the minute."""
    return "" if value is None else f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def name_of(data: Mapping[str, Any]) -> str:
    """The contact's name, whatever the letter case of its column."""
    return next((str(value) for key, value in data.items() if key.lower() == "name" and value), "")


def contact_list(statuses: Sequence[ContactStatus]) -> str:
    return ", ".join(CONTACT[status].lower() for status in statuses) or "nothing"


def window(value: Mapping[str, Any]) -> str:
    """A calling window, as the API writes it."""
    if "preset" in value:
        return str(value["preset"])
    days = ", ".join(str(day).capitalize() for day in value.get("weekdays") or ())
    holidays = f", not on holidays of {value['holidays']}" if value.get("holidays") else ""
    return f"{value.get('from', '')}–{value.get('to', '')} {days}{holidays}".strip()


def frequency(caps: ContactFrequency | None) -> str:
    if caps is None:
        return "none of its own"
    parts = [
        f"{caps.calls_per_24_hours} in 24 hours" if caps.calls_per_24_hours else "",
        f"{caps.calls_per_7_days} in 7 days" if caps.calls_per_7_days else "",
        f"{caps.quiet_hours} hours after a conversation" if caps.quiet_hours else "",
    ]
    return ", ".join(filter(None, parts)) or "none of its own"


def details(values: Mapping[str, Any]) -> str:
    """What an entry of the activity holds, as text."""
    return mask_numbers(", ".join(f"{_spaced(name)}: {_plain(value)}" for name, value in values.items()))


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def masked(number: str) -> str:
    return mask_number(number)


def rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def change(value: Decimal) -> str:
    """A sum that is added or taken away."""
    return "" if not value else f"+{dollars(value)}" if value > 0 else dollars(value)


def ledger(kind: StrEnum) -> str:
    return LEDGER.get(kind.value, kind.value)


def source(value: StrEnum) -> str:
    return SOURCE.get(value.value, value.value)


def quota(value: Quota) -> str:
    said = EXPLANATIONS[value][0].partition(",")[0]
    return said[:1].upper() + said[1:]


def step_in_console(gate: ClosedGateView) -> str:
    """What to do about a closed gate, here."""
    if gate.scope == "organization":
        return "Press Resume calling above."
    if gate.scope == "number" and gate.phone_number_id and gate.phone_number_id in gate.next_step:
        return "Mend the reason, then open the number: on the page Numbers."
    return gate.next_step


FILTERS = {
    "number": number,
    "count": count,
    "dollars": dollars,
    "seconds": seconds,
    "when": when,
    "within": within,
    "masked": masked,
    "masked_text": mask_numbers,
}
