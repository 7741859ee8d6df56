"""The seam to the telephone network: one protocol, one error tree.

CarrierError
├── NotPlaced        certain that nothing rang: dialing again is safe
│   ├── TooLate      not sent: `send_before` had passed
│   ├── NumberRefused  the carrier will not dial this number at all
│   ├── CarrierUnreachable  nothing reaches what places its calls, whoever calls
│   └── CarrierBusy  a limit of the carrier: it takes no call just then
├── PlaceUnknown     sent, and no answer that can be trusted: find it first, never place again blindly
├── CarrierRefused   account or configuration: a person must act
│   ├── CallerRefused  it names the caller id, an address or a right of this call: others of the account are well
│   └── NotSetUp     this process has no settings for the carrier
├── CarrierAway      a request about a call (fetch, find, hang up) was not answered: ask again later
└── BadSignature     an event that did not come from the carrier
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from domain.calls.agent_parameters import Loss
from domain.calls.models import CallOrder, CallReport, PlacedCall
from domain.model import Model

BUSY_DELAY = timedelta(seconds=5)  # of a carrier that does not say when


class CarrierError(Exception):
    """Anything a carrier can do wrong. The message is our own sentence, without numbers or the carrier's text."""


class NotPlaced(CarrierError):
    """Certain that nothing rang."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLate(NotPlaced):
    """The request was not sent: `send_before` had passed."""


class NumberRefused(NotPlaced):
    """The carrier says that this number cannot be dialed: calling again is of no use."""


class CarrierUnreachable(NotPlaced):
    """No request reaches what would place it: no connection, no service, no stream. It concerns every call."""


class CarrierBusy(NotPlaced):
    """The carrier has reached a limit; `retry_after` is when it will take a call again."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message, retry_after or BUSY_DELAY)


class PlaceUnknown(CarrierError):
    """The request was sent, and no answer that can be trusted came back."""


class CarrierRefused(CarrierError):
    """The account or its configuration is refused."""


class CallerRefused(CarrierRefused):
    """Refused is what this call brings: its caller id, its agent's address, a right for its destination.

    An account is shared between organizations: raise `CarrierRefused` only for what no caller can bring about.
    """


class NotSetUp(CarrierRefused):
    """This process has no settings for the carrier."""


class CarrierAway(CarrierError):
    """A request about a call was not answered."""


class BadSignature(CarrierError):
    """An event whose signature does not fit."""


class Idempotency(StrEnum):
    """Whether asking twice with one key places one call."""

    BY_KEY = "by_key"
    WHILE_LIVE = "while_live"  # afterwards the key is free again: find the call first
    NONE = "none"


class Search(StrEnum):
    """What a carrier can say about a call whose id was lost."""

    PROVES_ABSENCE = "proves_absence"  # finds it, or is certain that it was never placed
    FINDS = "finds"  # "not found" proves nothing
    NONE = "none"


class Push(StrEnum):
    """How a carrier reports a call's events without being asked."""

    CALLBACK = "callback"  # it posts to our API: `read_event`
    STREAM = "stream"  # over a connection of the worker: `Streaming`
    NONE = "none"  # it is asked


class OverLimit(StrEnum):
    """What happens to a request beyond the carrier's limits."""

    QUEUES = "queues"  # accepted, and dialed later
    REJECTS = "rejects"  # refused: NotPlaced


class Limits(Model):
    """What a carrier accepts. None: it sets no limit, or does not say."""

    calls_per_second: float | None = None
    concurrent_calls: int | None = None
    over: OverLimit = OverLimit.REJECTS


class Traits(Model):
    """What a carrier declares about itself. The conformance suite holds it to that."""

    idempotency: Idempotency
    search: Search
    push: Push
    limits: Limits = Limits()


class SearchOrder(Model):
    """What is known of a call whose id is not: enough to find it."""

    key: str
    to: str
    from_: str
    asked_after: datetime  # UTC; the call was created between these two
    asked_before: datetime
    searched_at: datetime  # now, by the clock of those two: not the carrier's, nor this machine's
    not_these: frozenset[str] = frozenset()  # call ids that other dials hold


class Absent(Model):
    """Certain that no such call was placed so far. A request may still wait in a carrier that stood still."""


class CannotTell(Model):
    """Not found, or more than one: nothing may be concluded."""


class Gone(Model):
    """The carrier knows no call of that id."""


class EventRequest(Model):
    """A callback as it arrived: the signature is checked on exactly these."""

    url: str  # as the carrier addressed it, with the query
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Finding(Model):
    """One thing that was checked."""

    what: str  # account, trunk, stream, callback address
    ok: bool
    detail: str


class Health(Model):
    """Whether the carrier accepts calls now."""

    ok: bool
    detail: str
    findings: tuple[Finding, ...] = ()  # one by one, where the carrier can tell them apart


@runtime_checkable
class Carrier(Protocol):
    """One way to the telephone network. Its client's own retries are off."""

    @property
    def name(self) -> str: ...

    @property
    def traits(self) -> Traits: ...

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Ask for a call and return it with the carrier's id.

        `send_before` is an instant of `carriers.clock.boot_time()`, checked right before the request's first byte is
        sent; once past, nothing is sent and `TooLate` is raised. Nothing may reach the carrier later than the
        adapter's time limit after that either: see `carriers.placing_sockets`.
        Raises NotPlaced, PlaceUnknown, CarrierRefused or one of their kinds.
        """
        ...

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask for a call's state. Raises CarrierAway, CarrierRefused."""
        ...

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Find a call whose id was lost. Raises CarrierAway, CarrierRefused."""
        ...

    async def hang_up(self, call_id: str) -> None:
        """End a call, whatever its state; one that is over already is no error. Raises CarrierAway, CarrierRefused."""
        ...

    def read_event(self, request: EventRequest) -> CallReport:
        """Check a callback's signature and read it. Raises BadSignature; ValueError where it cannot be read."""
        ...

    async def health(self) -> Health:
        """Ask the carrier for something harmless."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class Instructions(Model):
    """What an answered call is connected to, in the carrier's own language."""

    content_type: str
    body: str


@runtime_checkable
class Instructing(Carrier, Protocol):
    """A carrier that may ask at the order's `instructions_url` what an answered call is connected to."""

    def instruct(self, request: EventRequest, order: CallOrder) -> Instructions:
        """Check the signature of such a request and answer it. Raises BadSignature."""
        ...


@runtime_checkable
class Listing(Carrier, Protocol):
    """A carrier that lists the calls it was asked for: by that a restored database learns whom it has called."""

    async def list_calls(self, from_numbers: Collection[str], since: datetime) -> Sequence[PlacedCall] | CannotTell:
        """Every call from these numbers that was asked for since then, live or over, the oldest first.

        A carrier whose record names no caller may list those of others too: the key tells whose they are.
        CannotTell where one may be missing for good. What the carrier's list does not have yet is not missed: who
        asks has let the time pass by which a list may lag behind. Raises CarrierAway, CarrierRefused.
        """
        ...


async def list_calls(
    carrier: Carrier, from_numbers: Collection[str], since: datetime
) -> Sequence[PlacedCall] | CannotTell:
    """The same of any carrier; CannotTell for one that lists nothing."""
    if not isinstance(carrier, Listing):
        return CannotTell()
    return await carrier.list_calls(from_numbers, since)


FindLosses = Callable[[CallOrder, str], Mapping[str, Loss]]


@runtime_checkable
class Foretelling(Carrier, Protocol):
    """A carrier that passes on less than any parameters: what it would lose is said when contacts come in."""

    @property
    def find_losses(self) -> FindLosses:
        """Which parameters of an order, with its callback address, are cut or left out.

        A module's function: it is run in another process, for each contact.
        """
        ...


OnReport = Callable[[CallReport], Awaitable[None]]
OnConnected = Callable[[], Awaitable[None]]


@runtime_checkable
class Streaming(Carrier, Protocol):
    """A carrier whose events come over a connection that the worker holds: `Push.STREAM`."""

    async def stream(self, on_report: OnReport, on_connected: OnConnected) -> None:
        """Pass every event to `on_report`, reconnecting by itself, until cancelled.

        `on_connected` is awaited after each connection, the first one too: what happened before is not sent
        again, and the caller asks about the calls that are open. An exception of either is passed on. Without a
        connection, a carrier whose calls need one places none: `NotPlaced`.
        """
        ...
