"""What must hold of every run, whatever died in it: judged by the carrier's own record, never by our tables.

Each invariant is a function of a `Run` that returns the exact records of every breach. Times are seconds since the
epoch by the machine's clock, money is dollars. None of them asks the project's code whether the project was right.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Dial = Mapping[str, Any]  # as the simulator's report has it, with its `sid` and `duration`

NEVER = 1e12
FINAL = frozenset(
    "completed no_answer busy timeout blocked invalid_number carrier_error failed cancelled".split()  # noqa: SIM905
)
ENDED = ("completed", "cancelled")  # as a job should
UNCALLED = frozenset({"blocked", "cancelled", "carrier_error"})  # that a contact may be without any call
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MICRODOLLAR = Decimal("0.000001")
CLOCK = re.compile(r"\d\d:\d\d:\d\d[.,]\d+")  # with its fractions of a second
NATIONAL_DIGITS = 10  # a North American number without its country code
DAY_SECONDS = 86_400
STATUS_BY_CODE = {  # of a call that no one answered; its code comes with the callback alone, not where one asks
    404: "invalid_number",
    603: "failed",
    608: "blocked",
}


@dataclass(frozen=True)
class Job:
    """A job as it was created and as the API tells of it when all is over."""

    id: str
    organization: str
    lines: int
    rate: Decimal  # dollars a minute
    detail: Mapping[str, Any]  # of GET /batch/jobs/{id}
    contacts: tuple[Mapping[str, Any], ...]
    window: Mapping[str, Any] | None = None  # the JSON that was sent
    zone_column: str = "zone"
    calls_per_day: int | None = None


@dataclass(frozen=True)
class Organization:
    """What it may, and its money by its ledger: `captured` is what its calls were charged."""

    id: str
    lines: int
    captured: Decimal
    complaints: tuple[str, ...] = ()  # of a ledger that does not add up by itself


@dataclass(frozen=True)
class Order:
    """What an operator was answered: from `answered_at` on none of these is dialed, until `until`."""

    what: str
    answered_at: float
    jobs: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    until: float = NEVER
    not_stopped: int = 0  # calls of which the answer itself says that they may still ring

    def concerns(self, dial: Dial, job: Job) -> bool:
        return job.id in self.jobs and (not self.numbers or dial["to"] in self.numbers)

    def holds_at(self, moment: float) -> bool:
        return self.answered_at < moment < self.until


@dataclass(frozen=True)
class Run:
    """All that is judged."""

    dials: tuple[Dial, ...]  # in the order in which the carrier was asked
    jobs: tuple[Job, ...]
    organizations: tuple[Organization, ...]
    orders: tuple[Order, ...] = ()
    finals: tuple[tuple[str, str, str], ...] = ()  # (contact, status, reason): each final status that was ever seen
    texts: Mapping[str, str] = field(default_factory=dict)  # histories, logs, metrics: what must not tell a number

    def job_of(self, dial: Dial) -> Job | None:
        return self._jobs_by_contact.get(contact_of(dial))

    @cached_property
    def _jobs_by_contact(self) -> dict[str, Job]:
        return {contact["id"]: job for job in self.jobs for contact in job.contacts}


@dataclass(frozen=True)
class Verdict:
    """Of one invariant."""

    name: str
    breaches: tuple[str, ...]


def read_carrier_record(file: Path) -> tuple[Dial, ...]:
    """All calls that the simulator ever took, from its file: it is there also while its process is dead."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM calls ORDER BY asked_at").fetchall()
    return tuple(
        {
            "sid": row["sid"],
            "key": row["key"],
            "to": row["to"],
            "from": row["from_"],
            "askedAt": row["asked_at"],
            "ringingAt": row["ringing_at"],
            "answeredAt": row["answered_at"],
            "endedAt": row["ended_at"],
            "outcome": None if row["ended_at"] is None else row["status"],
            "sipCode": row["sip_code"],
            "duration": row["duration"],
        }
        for row in rows
    )


def contact_of(dial: Dial) -> str:
    """The contact's id, in the key that was sent with the call."""
    return str(dial["key"] or "").rpartition(":")[0]


def judge(run: Run) -> list[Verdict]:
    """Every invariant's verdict."""
    return [Verdict(name, tuple(invariant(run))) for name, invariant in INVARIANTS.items()]


def placed_once(run: Run) -> Iterator[str]:
    """The carrier has one call at most for each dial of a contact, and no two of one contact at once."""
    by_contact: dict[str, list[Dial]] = defaultdict(list)
    for dial in run.dials:
        by_contact[contact_of(dial)].append(dial)
    for contact, dials in by_contact.items():
        for key, times in Counter(dial["key"] for dial in dials).items():
            if times > 1:
                yield f"{key} was placed {times} times: {[show(d) for d in dials if d['key'] == key]}"
        for earlier, later in pairwise(dials):
            if later["askedAt"] < (earlier["endedAt"] or NEVER) and earlier["key"] != later["key"]:
                yield f"{contact} was on the phone and was called again: {show(earlier)}, {show(later)}"


def known(run: Run) -> Iterator[str]:
    """Who is called is a contact of a job, at its own number, as often as our side claimed at most."""
    called: Counter[str] = Counter()
    numbers = {c["id"]: c for job in run.jobs for c in job.contacts}
    for dial in run.dials:
        contact = numbers.get(contact_of(dial))
        if contact is None or contact["phoneNumber"] != dial["to"]:
            yield f"no contact of a job: {show(dial)}"
        else:
            called[contact["id"]] += 1
    for contact_id, times in called.items():
        if times > numbers[contact_id]["dials"]:
            yield f"{contact_id}: {numbers[contact_id]['dials']} dials by the API, {times} by the carrier"


def nobody_lost(run: Run) -> Iterator[str]:
    """No job fails, and every contact has a final status that the carrier's record bears out."""
    by_contact: dict[str, list[Dial]] = defaultdict(list)
    for dial in run.dials:
        by_contact[contact_of(dial)].append(dial)
    for job in run.jobs:
        if job.detail["status"] not in ENDED:
            yield f"{job.id} is {job.detail['status']}: {job.detail.get('statusReason')}"
        for contact in job.contacts:
            yield from _about_status(contact, by_contact[contact["id"]])


def one_final_status(run: Run) -> Iterator[str]:
    """A final status stays, but where the carrier told more afterwards.

    Of an unknown outcome that there was a call; of one it had said only to have failed, the code.
    """
    at_last = {c["id"]: c["status"] for job in run.jobs for c in job.contacts}
    codes = {contact_of(dial): dial["sipCode"] or 0 for dial in run.dials}  # of each contact's last call
    for contact, status, reason in run.finals:
        last, told = at_last.get(contact), STATUS_BY_CODE.get(codes.get(contact, 0))
        by_code = status == "carrier_error" and last == told
        if last != status and "unknown" not in reason and not by_code:
            yield f"{contact} was {status} ({reason}), and is {last}"


def within_limits(run: Run) -> Iterator[str]:
    """No more calls at once than a job's lines, and than its organization's."""
    of_jobs: dict[str, list[Dial]] = defaultdict(list)
    of_organizations: dict[str, list[Dial]] = defaultdict(list)
    for dial in run.dials:
        if (job := run.job_of(dial)) is not None:
            of_jobs[job.id].append(dial)
            of_organizations[job.organization].append(dial)
    for job in run.jobs:
        yield from _over(job.lines, job.id, of_jobs[job.id])
    for organization in run.organizations:
        yield from _over(organization.lines, organization.id, of_organizations[organization.id])


def within_windows(run: Run) -> Iterator[str]:
    """Nobody is called outside the hours of the job, by the clock on the wall of the contact's zone."""
    zones = {c["id"]: c["contactData"].get(job.zone_column) for job in run.jobs for c in job.contacts}
    for dial in run.dials:
        job = run.job_of(dial)
        if job is None or job.window is None:
            continue
        zone = zones[contact_of(dial)]
        local = datetime.fromtimestamp(dial["askedAt"], UTC).astimezone(ZoneInfo(zone))
        if not _is_open(job.window, local):
            yield f"{show(dial)} was called at {local:%a %H:%M:%S.%f} of {zone}, the window is {dict(job.window)}"


def within_caps(run: Run) -> Iterator[str]:
    """No number rings more often in 24 hours than its job's cap lets it."""
    for job in run.jobs:
        if job.calls_per_day is None:
            continue
        rung: dict[str, list[float]] = defaultdict(list)
        for dial in run.dials:
            if run.job_of(dial) is job and dial["ringingAt"] is not None:
                rung[contact_of(dial)].append(dial["askedAt"])
        for contact, times in rung.items():
            most = max(sum(1 for other in times if 0 <= other - at < DAY_SECONDS) for at in times)
            if most > job.calls_per_day:
                yield f"{contact} rang {most} times, at {times}; the cap is {job.calls_per_day} a day"


def silent_after_answers(run: Run) -> Iterator[str]:
    """From the answer of cancel, pause, stop or do-not-call on the carrier is asked for no call of theirs."""
    for order, dials in _late(run, "askedAt").items():
        if len(dials) > order.not_stopped:
            shown = [f"{d['askedAt'] - order.answered_at:.3f} s later {show(d)}" for d in dials]
            yield f"{order.what} was answered at {order.answered_at:.3f}; then came {shown}"


def unrung_after_answers(run: Run) -> Iterator[str]:
    """What had not rung when such an order was answered does not ring any more, but for as many as the answer says."""
    for order, dials in _late(run, "ringingAt").items():
        if len(dials) > order.not_stopped:
            shown = [f"{d['ringingAt'] - order.answered_at:.3f} s later {show(d)}" for d in dials]
            yield f"{order.what} was answered at {order.answered_at:.3f}; then rang {shown}"


def ledger_exact(run: Run) -> Iterator[str]:
    """What an organization was charged is what the carrier's seconds cost; its ledger adds up, and holds nothing."""
    for organization in run.organizations:
        yield from organization.complaints
        cost = carrier_cost(run, organization.id)
        if cost != organization.captured:
            yield f"{organization.id}: charged {organization.captured}, by the carrier's seconds {cost}"


def carrier_cost(run: Run, organization: str) -> Decimal:
    """What its calls cost by the carrier's seconds: six decimals a call, half-up."""
    total = Decimal(0)
    for dial in run.dials:
        job = run.job_of(dial)
        if job is not None and job.organization == organization and dial["outcome"] == "completed":
            total += (job.rate * int(dial["duration"]) / 60).quantize(MICRODOLLAR, ROUND_HALF_UP)
    return total


def counters_exact(run: Run) -> Iterator[str]:
    """A job's counters are the counts of its contacts."""
    for job in run.jobs:
        counted = Counter(c["status"] for c in job.contacts)
        failed = sum(n for status, n in counted.items() if status in FINAL - {"completed", "cancelled"})
        told = {status: n for status, n in job.detail["statusBreakdown"].items() if n}
        expected = {
            "totalContacts": len(job.contacts),
            "successfulCalls": counted["completed"],
            "failedCalls": failed,
            "contactsProcessed": counted["completed"] + failed + counted["cancelled"],
        }
        if told != dict(counted):
            yield f"{job.id}: the breakdown is {told}, the contacts {dict(counted)}"
        for name, value in expected.items():
            if job.detail[name] != value:
                yield f"{job.id}: {name} is {job.detail[name]}, by its contacts {value}"


def discreet(run: Run) -> Iterator[str]:
    """No history, log or metric tells the number of a contact."""
    nationals = {c["phoneNumber"][-NATIONAL_DIGITS:] for job in run.jobs for c in job.contacts}
    for name, text in run.texts.items():
        told = numbers_in(text) & nationals
        if told:
            yield f"{name} tells {len(told)} numbers, {sorted(told)[:3]} …"


INVARIANTS: dict[str, Callable[[Run], Iterator[str]]] = {
    "placed twice": placed_once,
    "unknown to us": known,
    "lost": nobody_lost,
    "a second final status": one_final_status,
    "over a limit": within_limits,
    "outside a window": within_windows,
    "over a cap": within_caps,
    "asked for after an answer": silent_after_answers,
    "rung after an answer": unrung_after_answers,
    "ledger not exact": ledger_exact,
    "counters not exact": counters_exact,
    "a number told": discreet,
}


def most_live(dials: Iterable[Dial]) -> int:
    """The largest number of calls live at once. One that ends when another begins is over."""
    moments = sorted(moment for dial in dials for moment in ((dial["askedAt"], 1), (dial["endedAt"] or NEVER, -1)))
    live = most = 0
    for _, change in moments:
        live += change
        most = max(most, live)
    return most


def numbers_in(text: str) -> set[str]:
    """All ten digits in a row, as they stand and without what people write between digits; a clock's are none."""
    text = CLOCK.sub(" ", text)
    digits = re.findall(r"\d{10,}", text) + [re.sub(r"\D", "", part) for part in re.findall(r"\+?[\d ().-]{11,}", text)]
    return {run[at : at + NATIONAL_DIGITS] for run in digits for at in range(len(run) - NATIONAL_DIGITS + 1)}


def is_uncertain(contact: Mapping[str, Any]) -> bool:
    """Whether its outcome is said to be unknown."""
    return "unknown" in (contact["failureReason"] or "")


def show(dial: Dial) -> str:
    """A dial without its number: enough to find it in the carrier's record."""
    ended = "live" if dial["endedAt"] is None else f"{dial['endedAt']:.3f} {dial['outcome']} {dial['sipCode']}"
    return f"{dial['key']} {dial.get('sid', '')} {dial['askedAt']:.3f}-{ended}"


def _about_status(contact: Mapping[str, Any], dials: list[Dial]) -> Iterator[str]:
    who = f"{contact['id']} ({contact['status']}, {contact['failureReason']})"
    if contact["status"] not in FINAL:
        yield f"{who} has no final status"
    elif is_uncertain(contact):
        return
    elif not dials and contact["status"] not in UNCALLED:
        yield f"{who} was never called"
    elif dials and dials[-1]["endedAt"] is None:
        yield f"{who} is still on the phone: {show(dials[-1])}"
    elif dials and (dials[-1]["outcome"] == "completed") != (contact["status"] == "completed"):
        yield f"{who}: the carrier's last word was {show(dials[-1])}"


def _over(lines: int, whose: str, dials: list[Dial]) -> Iterator[str]:
    most = most_live(dials)
    if most > lines:
        moment = next(d["askedAt"] for d in dials if _live_at(dials, d["askedAt"]) > lines)
        live = [show(d) for d in dials if d["askedAt"] <= moment < (d["endedAt"] or NEVER)]
        yield f"{whose}: {most} calls at once on {lines} lines, first at {moment:.3f}: {live}"


def _live_at(dials: list[Dial], moment: float) -> int:
    return sum(1 for dial in dials if dial["askedAt"] <= moment < (dial["endedAt"] or NEVER))


def _is_open(window: Mapping[str, Any], local: datetime) -> bool:
    """Whether one of the window's hours, this day's, holds the local time; dates of holidays hold none."""
    if local.date().isoformat() in (window.get("holidays") or ()):
        return False
    return any(
        WEEKDAYS[local.weekday()] in (hours.get("weekdays") or WEEKDAYS)
        and hours["from"] <= f"{local:%H:%M}" < hours["to"].replace("00:00", "24:00")
        for hours in (window, *(window.get("also") or ()))
    )


def _late(run: Run, moment: str) -> dict[Order, list[Dial]]:
    """By order, the dials of which something happened while it held."""
    late: dict[Order, list[Dial]] = defaultdict(list)
    for dial in run.dials:
        job, at = run.job_of(dial), dial[moment]
        if job is not None and at is not None:
            for order in run.orders:
                if order.holds_at(at) and order.concerns(dial, job):
                    late[order].append(dial)
    return late
