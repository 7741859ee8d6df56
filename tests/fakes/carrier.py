"""A carrier with memory: does what a test scripted for each number, and remembers every call it ever took."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from carriers import (
    Absent,
    CannotTell,
    CarrierAway,
    EventRequest,
    Gone,
    Health,
    Idempotency,
    PlaceUnknown,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from domain.calls.models import AnsweredBy, CallOrder, CallReport, CallState, Ending
from domain.model import Model
from store.calls.dials import Dials

NAME = "twilio"  # the account that numbers are given
CALL_SECONDS = 60  # talk time that a call reports which ended by itself


class Question(StrEnum):
    """Requests about a call that was placed."""

    FETCH = "fetch"
    FIND = "find"
    HANG_UP = "hang_up"


class EventDelivery(StrEnum):
    """How the events of a call reach the database."""

    AT_ONCE = "at_once"
    DOUBLED = "doubled"
    REVERSED = "reversed"  # the last one first
    BEFORE_THE_ANSWER = "before_the_answer"  # to the request that placed the call
    NEVER = "never"


class Script(Model):
    """What one call meets. Times in real seconds."""

    model_config = Model.model_config | {"arbitrary_types_allowed": True}

    refusal: Exception | None = None  # raised, and nothing rings
    answer_lost: bool = False  # the call is placed, the answer to the request is lost
    answer_after: float = 0.0
    rings: bool = True
    answered: bool = False
    ending: Ending | None = None  # None: goes on until it is hung up
    ends_after: float = 0.0
    sip_code: int | None = None
    events: EventDelivery = EventDelivery.AT_ONCE
    confirms_hang_up: bool = True  # False: hanging up is accepted, and nothing follows

    def but(self, **changes: object) -> "Script":
        """The same, but for this."""
        return self.model_copy(update=changes)


ANSWERS = Script(answered=True, ending=Ending.COMPLETED)
BUSY = Script(rings=False, ending=Ending.BUSY, sip_code=486)
NO_ANSWER = Script(ending=Ending.NO_ANSWER, sip_code=480)
NO_SUCH_NUMBER = Script(rings=False, ending=Ending.FAILED, sip_code=404)
CARRIER_ERROR = Script(rings=False, ending=Ending.FAILED, sip_code=503)
TALKS_ON = Script(answered=True)
RINGS_ON = Script()
WAITS_IN_QUEUE = Script(rings=False)


class PlacedCall:
    """One call that the carrier took."""

    def __init__(
        self, call_id: str, order: CallOrder, callback_url: str, script: Script, clock: Callable[[], datetime]
    ) -> None:
        self.call_id = call_id
        self.order = order
        self.callback_url = callback_url
        self.script = script
        self.placed_at = clock()
        self._clock = clock
        self.ended_at: datetime | None = None
        self.reports: list[CallReport] = []
        self.answered_by: AnsweredBy | None = None  # as reported; a person, unless that was reported
        self.hung_up = False

    @property
    def now(self) -> CallReport:
        return self.reports[-1]

    def report(self, state: CallState, ending: Ending | None = None) -> CallReport:
        """Move on to a state."""
        answered = ending is Ending.COMPLETED
        report = CallReport(
            call_id=self.call_id,
            key=self.order.key,
            state=state,
            sequence=len(self.reports),
            at=self._clock(),
            ending=ending,
            sip_code=self.script.sip_code if ending is not None else None,
            duration_seconds=CALL_SECONDS if answered else None,
            answered_by=self.answered_by or (AnsweredBy.HUMAN if answered else None),
        )
        self.reports.append(report)
        if ending is not None:
            self.ended_at = report.at
        return report


class FakeCarrier:
    """Implements `carriers.Carrier`. Events go straight into the database, as the API would write them."""

    def __init__(
        self,
        dials: Dials | None = None,
        *,
        idempotency: Idempotency = Idempotency.NONE,
        search: Search = Search.FINDS,
    ) -> None:
        self.calls: list[PlacedCall] = []
        self.asked: list[CallOrder] = []  # every request that arrived, taken or refused
        self.questions: list[tuple[Question, str]] = []
        self.away: set[Question] = set()
        self.most_live = 0
        self.clock: Callable[[], datetime] = _real_time
        self._dials = dials
        self._traits = Traits(
            idempotency=idempotency, search=search, push=Push.NONE if dials is None else Push.CALLBACK
        )
        self._scripts: dict[str, deque[Script]] = {}
        self._usual = ANSWERS
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what a test arranges and sees ---------------------------------------------------------------------------

    def script(self, number: str, *scripts: Script) -> None:
        """What the calls to a number meet, one after another; the last one for ever."""
        self._scripts[number] = deque(scripts)

    def usually(self, script: Script) -> None:
        """What calls to all other numbers meet."""
        self._usual = script

    def calls_to(self, number: str) -> list[PlacedCall]:
        return [call for call in self.calls if call.order.to == number]

    @property
    def live(self) -> list[PlacedCall]:
        return [call for call in self.calls if call.ended_at is None]

    async def detect(self, call: PlacedCall, answered_by: AnsweredBy) -> None:
        """Report who answered a call that goes on."""
        call.answered_by = answered_by
        await self._deliver([call.report(CallState.ANSWERED)])

    async def end(self, call: PlacedCall, ending: Ending = Ending.COMPLETED) -> None:
        """The other side hangs up."""
        report = call.report(CallState.ENDED, ending)
        if call.script.events is not EventDelivery.NEVER:
            await self._deliver([report])

    async def end_all(self) -> None:
        """Everybody hangs up."""
        for call in self.live:
            await self.end(call)

    # --- the protocol --------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return NAME

    @property
    def traits(self) -> Traits:
        return self._traits

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Place a call, unless its script refuses it."""
        self.asked.append(order)
        again = next((call for call in self.calls if call.order.key == order.key), None)
        if again is not None and self._traits.idempotency is Idempotency.BY_KEY:
            return again.now
        script = self._next_script(order.to)
        if script.refusal is not None:
            await asyncio.sleep(script.answer_after)
            raise script.refusal
        call = PlacedCall(f"CA{next(self._numbers):04}", order, callback_url, script, self.clock)
        self.calls.append(call)
        self.most_live = max(self.most_live, len(self.live))
        taken = call.report(CallState.QUEUED)
        if script.events is EventDelivery.BEFORE_THE_ANSWER:
            await self._live_through(call)
        else:
            self._later(self._live_through(call))
        await asyncio.sleep(script.answer_after)
        if script.answer_lost:
            raise PlaceUnknown("The answer was lost.")
        return taken

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """The call's state."""
        self._answer(Question.FETCH, call_id)
        found = self._by_id(call_id)
        return Gone() if found is None else found.now

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Find exactly one call of this pair and time that no dial holds."""
        self._answer(Question.FIND, order.key)
        found = [
            call
            for call in self.calls
            if (call.order.to, call.order.from_) == (order.to, order.from_)
            and order.asked_after <= call.placed_at <= order.asked_before
            and call.call_id not in order.not_these
        ]
        if len(found) == 1:
            return found[0].now
        return Absent() if not found and self._traits.search is Search.PROVES_ABSENCE else CannotTell()

    async def hang_up(self, call_id: str) -> None:
        """End a call; the event that it ended follows, as with real carriers."""
        self._answer(Question.HANG_UP, call_id)
        call = self._by_id(call_id)
        if call is None or call.ended_at is not None:
            return
        call.hung_up = True
        if call.script.confirms_hang_up:
            answered = call.now.state is CallState.ANSWERED
            self._later(self.end(call, Ending.COMPLETED if answered else Ending.CANCELED))

    def read_event(self, request: EventRequest) -> CallReport:
        raise NotImplementedError("Events do not travel over HTTP here.")

    async def health(self) -> Health:
        return Health(ok=True, detail="a fake")

    async def close(self) -> None:
        """Forget what was still going to happen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- a call's life -------------------------------------------------------------------------------------------

    async def _live_through(self, call: PlacedCall) -> None:
        script, reports = call.script, []
        if script.rings:
            reports.append(call.report(CallState.RINGING))
        if script.answered:
            reports.append(call.report(CallState.ANSWERED))
        if script.ending is None or script.ends_after:
            await self._deliver(_in_order(reports, script.events))
            reports = []
        if script.ending is not None:
            await asyncio.sleep(script.ends_after)
            reports.append(call.report(CallState.ENDED, script.ending))
        await self._deliver(_in_order(reports, script.events))

    async def _deliver(self, reports: Iterable[CallReport]) -> None:
        if self._dials is None:
            return
        for report in reports:
            await self._dials.record(report, NAME, report.key)

    def _later(self, happening: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(happening)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next_script(self, number: str) -> Script:
        scripts = self._scripts.get(number)
        if scripts is None:
            return self._usual
        return scripts.popleft() if len(scripts) > 1 else scripts[0]

    def _by_id(self, call_id: str) -> PlacedCall | None:
        return next((call for call in self.calls if call.call_id == call_id), None)

    def _answer(self, question: Question, about: str) -> None:
        self.questions.append((question, about))
        if question in self.away:
            raise CarrierAway("The carrier does not answer.")


def _real_time() -> datetime:
    return datetime.now(UTC)


def _in_order(reports: list[CallReport], events: EventDelivery) -> list[CallReport]:
    match events:
        case EventDelivery.NEVER:
            return []
        case EventDelivery.DOUBLED:
            return [report for report in reports for _ in range(2)]
        case EventDelivery.REVERSED:
            return reports[::-1]
        case _:
            return reports
