"""One call at the simulator: its request, its state, and the steps to come."""

import math
from collections import deque
from dataclasses import dataclass, field

from carriers.simulator.scenarios import Scenario

MAX_DETECTION_SECONDS = 3.0
ENDINGS = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Step:
    """Something that will happen at an instant (seconds since the epoch)."""

    at: float
    event: str  # initiated, ringing, answered, detected, completed
    status: str | None = None  # the call's new status
    sip_code: int | None = None


@dataclass(slots=True)
class Call:
    """A dial. Instants are real seconds since the epoch; durations the carrier's seconds."""

    sid: str
    to: str
    from_: str
    key: str | None
    dial: int  # of this number, from 1
    status_callback: str | None
    events: frozenset[str]  # asked for
    amd_callback: str | None
    detects: bool
    timeout: int
    time_limit: int
    never_ends: bool
    asked_at: float
    dial_at: float  # when it leaves the queue
    status: str = "queued"
    initiated_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    updated_at: float = 0.0
    sip_code: int | None = None
    duration: int | None = None
    answered_by: str | None = None
    sequence: int = 0  # of the next event
    recording_sid: str | None = None  # of a call that was answered, until it is deleted
    deleted_at: float | None = None  # by its account: nobody else sees it any more
    told: bool = False  # its last callback was delivered or given up (a column of the database)
    steps: deque[Step] = field(default_factory=deque)

    @property
    def live(self) -> bool:
        return self.ended_at is None


def remaining_steps(call: Call, scenario: Scenario, speed: float) -> deque[Step]:
    """The steps that are still to come, in order."""
    ring_at = call.dial_at + scenario.setup / speed
    steps = [Step(call.dial_at, "initiated")]
    if not scenario.rings:
        steps.append(Step(ring_at, "completed", scenario.status, scenario.sip_code))
    else:
        steps.append(Step(ring_at, "ringing", "ringing"))
        steps += _after_ringing(call, scenario, ring_at, speed)
    return deque(step for step in steps if not _happened(call, step))


def _after_ringing(call: Call, scenario: Scenario, ring_at: float, speed: float) -> list[Step]:
    if call.never_ends:
        return []
    if scenario.ring > call.timeout:
        return [Step(ring_at + call.timeout / speed, "completed", "no-answer", 487)]
    answer_at = ring_at + scenario.ring / speed
    if scenario.talk is None:
        return [Step(answer_at, "completed", scenario.status, scenario.sip_code)]
    talk = min(scenario.talk, call.time_limit)
    steps = [Step(answer_at, "answered", "in-progress")]
    if call.detects and not scenario.detected_late:
        steps.append(Step(answer_at + min(MAX_DETECTION_SECONDS, talk / 2) / speed, "detected"))
    return [*steps, Step(answer_at + talk / speed, "completed", "completed", 200)]


def _happened(call: Call, step: Step) -> bool:
    done = {
        "initiated": call.initiated_at,
        "ringing": call.ringing_at,
        "answered": call.answered_at,
        "detected": call.answered_by,
        "completed": call.ended_at,
    }
    return done[step.event] is not None


def apply_step(call: Call, step: Step, scenario: Scenario, speed: float) -> None:
    """Change the call as a step says."""
    call.updated_at = step.at
    call.status = step.status or call.status
    match step.event:
        case "initiated":
            call.initiated_at = step.at
        case "ringing":
            call.ringing_at = step.at
        case "answered":
            call.answered_at = step.at
        case "detected":
            call.answered_by = scenario.answered_by
        case _:
            _end(call, step, speed)


def _end(call: Call, step: Step, speed: float) -> None:
    call.ended_at = step.at
    call.sip_code = step.sip_code
    call.steps.clear()
    if call.answered_at is not None:
        call.duration = max(1, math.ceil((step.at - call.answered_at) * speed - 0.01))


def hang_up_step(call: Call, now: float, unanswered: str = "canceled") -> Step:
    """The step that ends a live call by request."""
    if call.answered_at is not None:
        return Step(now, "completed", "completed", 200)
    return Step(now, "completed", unanswered, 487)
