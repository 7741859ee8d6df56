"""Every metric of a process. Labels are closed sets: no ids, no telephone numbers, no text of clients."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from domain.audit import Action
from domain.calls.dispatch import NotNow
from domain.calls.models import Outcome, Recorded
from domain.calls.outcome_table import OUTCOMES

disable_created_metrics()  # type: ignore[no-untyped-call]  # half as many lines
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

DIALS = Counter(
    "outdial_dials",
    "Dials whose end a worker followed. fault: on whose side it lies that there was no conversation.",
    ("carrier", "outcome", "fault", "connected"),
    registry=REGISTRY,
)
TALK_SECONDS = Counter("outdial_talk_seconds", "Talk time by the carriers' clocks.", ("carrier",), registry=REGISTRY)
RING_SECONDS = Histogram(
    "outdial_ring_seconds",
    "From a dial's claim to the carrier's word that a telephone rings.",
    ("carrier",),
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
    registry=REGISTRY,
)
HELD = Counter("outdial_claims_held", "Contacts that were due and might not be called.", ("reason",), registry=REGISTRY)
CALLBACKS = Counter(
    "outdial_callbacks",
    "Events that carriers posted. nothing: doubled, late, or of a state that is behind; refused: a wrong signature.",
    ("result",),
    registry=REGISTRY,
)
WEBHOOK_ATTEMPTS = Counter("outdial_webhook_attempts", "Requests to receivers.", ("result",), registry=REGISTRY)
ACTIONS = Counter(
    "outdial_actions",
    "What was done to jobs and organizations, by people and by rules.",
    ("action",),
    registry=REGISTRY,
)
START_DELAY = Histogram(
    "outdial_job_start_delay_seconds",
    "How late jobs with a set start began.",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
REQUESTS = Histogram(
    "outdial_http_request_seconds",
    "Requests to the API, by the path as it is declared. none: there is no such path.",
    ("method", "route", "status"),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30),
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "outdial_event_loop_lag_seconds",
    "How late the event loop runs what is due.",
    buckets=(0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
DATABASE_WAIT = Histogram(
    "outdial_database_wait_seconds",
    "For a connection of the process's pool, and an answer on it; asked every few seconds.",
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
    registry=REGISTRY,
)
DATABASE_FAILURES = Counter("outdial_database_failures", "Such questions that were not answered.", registry=REGISTRY)
LOG_RECORDS = Counter("outdial_log_records", "Lines of the log.", ("level",), registry=REGISTRY)
BUILD = Gauge("outdial_build_info", "Always 1.", ("version", "process"), registry=REGISTRY)

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
OWN = "_"  # what separates a carrier's name from the rest of an account's id; see carriers.accounts


class EndedDial(Protocol):
    """What is counted of one."""

    @property
    def account(self) -> str: ...
    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def asked_at(self) -> datetime: ...
    @property
    def ringing_at(self) -> datetime | None: ...
    @property
    def call_seconds(self) -> int | None: ...


def carrier_of(account: str) -> str:
    """The carrier of an account: accounts of organizations have ids, which are no labels."""
    return account.partition(OWN)[0]


def observe_dial(dial: EndedDial) -> None:
    """A dial has ended, and the worker that followed it says so."""
    carrier = carrier_of(dial.account)
    if dial.outcome is not None:
        fault = OUTCOMES[dial.outcome].fault_of
        connected = "yes" if dial.outcome.connected else "no"
        DIALS.labels(carrier, dial.outcome.value, "none" if fault is None else fault.value, connected).inc()
    if dial.ringing_at is not None:
        RING_SECONDS.labels(carrier).observe(max(0.0, (dial.ringing_at - dial.asked_at).total_seconds()))
    if dial.call_seconds:
        TALK_SECONDS.labels(carrier).inc(dial.call_seconds)


def observe_held(held: NotNow | None) -> None:
    if held is not None:
        HELD.labels(held.reason.value).inc()


def observe_callback(result: Recorded | str) -> None:
    CALLBACKS.labels(str(result)).inc()


def observe_webhook(*, delivered: bool) -> None:
    WEBHOOK_ATTEMPTS.labels("delivered" if delivered else "failed").inc()


def observe_start(late: timedelta) -> None:
    """A job begins so long after its time."""
    START_DELAY.observe(max(0.0, late.total_seconds()))


def observe_action(action: Action) -> None:
    ACTIONS.labels(action.value).inc()


def observe_request(method: str, route: str | None, status: int | None, seconds: float) -> None:
    """`route`: as declared, "/batch/jobs/{job_id}"; `status`: None where the client left before there was one."""
    known = method if method in METHODS else "other"
    REQUESTS.labels(known, route or "none", "none" if status is None else f"{status // 100}xx").observe(seconds)


def start_at_zero(carriers: Iterable[str]) -> None:
    """A counter that appears with its first event has no rate for it: what alerts ask for exists from the start."""
    for result in (*Recorded, "refused", "unreadable"):
        CALLBACKS.labels(str(result))
    for carrier in carriers:
        for outcome, rule in OUTCOMES.items():
            fault = "none" if rule.fault_of is None else rule.fault_of.value
            DIALS.labels(carrier, outcome.value, fault, "yes" if outcome.connected else "no")
    for result in ("delivered", "failed"):
        WEBHOOK_ATTEMPTS.labels(result)
    for action in Action:
        ACTIONS.labels(action.value)
    for level in ("warning", "error", "critical"):
        LOG_RECORDS.labels(level)
