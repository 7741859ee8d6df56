"""Whom a run calls: the jobs of two organizations, each with rules of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.end_to_end.batch import Numbers, contacts
from tests.end_to_end.live_stack import LiveStack

LINES = {"demo": 50, "other": 30}
NOON = 12
ZONES = [f"Etc/GMT{hours:+}" for hours in range(-14, 13)]  # of whole hours, one of which has noon
RETRY_DELAYS = {"delaysMinutes": [5, 15]}
LATE_JOBS, LATE_CONTACTS = 40, 4
TOP_UP = "1000.00"


@dataclass(frozen=True)
class Sort:
    """One job of a run: its share of all contacts, its rules, and what may be ordered of it."""

    name: str
    organization: str
    share: float
    lines: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    hours: bool = False  # a window that closes for some and opens for others while the run goes on
    may_be_cancelled: bool = False
    ends: bool = True  # by itself, within the run


SORTS = (
    Sort("Long", "demo", 0.42, 30, {"maxAttempts": 2, "circuitBreaker": False}),
    Sort("Hours", "demo", 0.10, 8, {"maxAttempts": 2}, hours=True, ends=False),
    Sort("Capped", "demo", 0.08, 12, {"maxAttempts": 3, "contactFrequency": {"callsPer24Hours": 1}}, ends=False),
    Sort("Elsewhere", "other", 0.28, 20, {"maxAttempts": 2, "priority": 7}),
    Sort("Given up", "other", 0.12, 15, {"maxAttempts": 3, "circuitBreaker": False}, may_be_cancelled=True),
)


@dataclass(frozen=True)
class Created:
    """One job of the run."""

    sort: Sort
    id: str
    numbers: tuple[str, ...]
    window: Mapping[str, Any] | None


@dataclass(frozen=True)
class Population:
    """All that is called, and the keys of those who call. `jobs` grows: some are created while everything fails."""

    jobs: list[Created]
    spare: list[str]  # numbers for those
    senders: Mapping[str, str]  # the numbers to call from, by the organization's name
    organizations: Mapping[str, str]  # id by name
    keys: Mapping[str, str]  # of the owners, by the organization's name

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(number for job in self.jobs for number in job.numbers)


def populate(stack: LiveStack, count: int) -> Population:
    """Create the jobs: they begin at once."""
    ready = stack.ready
    api, other = ready["api"], ready["otherOrganization"]
    keys = {"demo": api["ownerKey"], "other": other["ownerKey"]}
    senders = {"demo": ready["phoneNumbers"]["pipeline"], "other": other["phoneNumberId"]}
    for name, key in keys.items():
        with stack.http(key) as client:
            client.patch("/organization", json={"concurrentCallLimit": LINES[name]}).raise_for_status()
    _top_up(stack, other["organizationId"])
    opens, numbers = next_minute(), Numbers()
    jobs = []
    for sort in SORTS:
        with stack.http(keys[sort.organization]) as client:
            called = numbers.some(max(3, round(count * sort.share)))
            jobs.append(_create(client, sort, senders[sort.organization], called, opens))
    spare = numbers.some(LATE_JOBS * LATE_CONTACTS)
    return Population(jobs, spare, senders, {"demo": api["organizationId"], "other": other["organizationId"]}, keys)


def _top_up(stack: LiveStack, organization: str) -> None:
    """The other organization begins with too little for thousands of calls."""
    key = json.loads((stack.data_dir / "secrets.json").read_text())["platformKey"]
    with stack.http(key) as client:
        body = {"organizationId": organization, "amount": TOP_UP}
        client.post("/organization/credits", json=body).raise_for_status()


def next_minute() -> datetime:
    """When the windows close and open."""
    soon = datetime.now(UTC) + timedelta(seconds=10)
    return soon.replace(second=0, microsecond=0) + timedelta(minutes=1)


def late_job(population: Population, organization: str) -> tuple[Sort, list[str], dict[str, Any]]:
    """A small one to be created now: its sort, its numbers, and its body."""
    sort = Sort("Late", organization, 0.0, LATE_CONTACTS, {"maxAttempts": 1, "circuitBreaker": False})
    numbers = [population.spare.pop() for _ in range(LATE_CONTACTS)]
    return sort, numbers, _body(sort, population.senders[organization], contacts(numbers), {})


def _create(client: httpx.Client, sort: Sort, sender: str, numbers: list[str], opens: datetime) -> Created:
    rows, window = contacts(numbers), None
    fields: dict[str, Any] = {}
    if sort.hours:
        window = _window(opens)
        zones = _zones(opens)
        for at, row in enumerate(rows):
            row["zone"] = zones[at % len(zones)]
        fields |= {"callingWindow": window, "timezoneColumn": "zone"}
    answer = client.post("/batch/create", json=_body(sort, sender, rows, fields))
    assert answer.status_code == 200, answer.text
    return Created(sort, answer.json()["batchJobId"], tuple(numbers), window)


def _body(sort: Sort, sender: str, rows: list[dict[str, Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": sort.name,
        "fromPhoneNumberId": sender,
        "contacts": rows,
        "concurrentCallLimit": sort.lines,
        "retryPolicy": RETRY_DELAYS,
        **sort.fields,
        **fields,
    }


def _zones(opens: datetime) -> tuple[str, str, str]:
    """Where it is noon when the window opens; where it closes then; where it stays closed."""
    hours = {opens.astimezone(ZoneInfo(zone)).hour: zone for zone in ZONES}
    return hours[NOON], hours[NOON + 1], hours[NOON + 6]


def _window(opens: datetime) -> dict[str, str]:
    """An hour from noon's minute on, by the clock on the wall."""
    wall = opens.astimezone(ZoneInfo(_zones(opens)[0]))
    return {"from": f"{wall:%H:%M}", "to": f"{wall + timedelta(hours=1):%H:%M}"}
