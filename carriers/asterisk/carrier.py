"""The carrier Asterisk. A call's id is made of its dial's key: while it lives, asking again does not ring again."""

import asyncio
import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from carriers import (
    Absent,
    BadSignature,
    CannotTell,
    CarrierAway,
    CarrierError,
    CarrierRefused,
    Connected,
    EventRequest,
    Finding,
    Gone,
    Health,
    Hear,
    Idempotency,
    Limits,
    NotPlaced,
    OverLimit,
    PlaceUnknown,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from carriers.asterisk.ari import Ari, NoChannel
from carriers.asterisk.cdr import LATEST_SECONDS, Records, report_of_record
from carriers.asterisk.channel_ids import call_id, key_of
from carriers.asterisk.channel_variables import channel_variables
from carriers.asterisk.event_stream import EventStream
from carriers.asterisk.options import Options
from carriers.asterisk.reports import report_of_channel
from carriers.asterisk.trunks import LOCAL, OwnTrunk, endpoint_of
from carriers.shared_stream import Stands
from domain.calls.models import Audio, CallOrder, CallReport, CallState

STREAM_BACK = timedelta(seconds=2)  # the stream connects again at once, or Asterisk is away
LOOK_SECONDS = 2.0  # for why there was no channel: an answer to `place` is waited for
LIMITS = Limits(over=OverLimit.REJECTS)  # its open files; how many calls these are depends on agents and codecs
NO_TRUNK = "Asterisk does not know the trunk."
OFFLINE, UNKNOWN = "offline", "unknown"  # states of an endpoint


class Asterisk:
    """Calls through an Asterisk of one's own."""

    name = "asterisk"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ari = Ari(options)
        self._records = Records(options.cdr_path)
        self._stream = EventStream(self._ari, options)
        self._elsewhere: Stands | None = None
        self._shared = self  # whose connections and stream these are

    @property
    def traits(self) -> Traits:
        search = Search.PROVES_ABSENCE if self._records.kept else Search.FINDS
        return Traits(idempotency=Idempotency.WHILE_LIVE, search=search, push=Push.STREAM, limits=LIMITS)

    @property
    def stands(self) -> bool:
        """Whether this process holds the event stream."""
        return self._stream.stands

    def trust(self, elsewhere: Stands) -> None:
        """Another process may hold the event stream: `elsewhere` tells whether it stands."""
        self._elsewhere = elsewhere

    def with_settings(self, settings: Mapping[str, Any]) -> "Asterisk":
        """For a number with a trunk of its own. See `carriers.number_settings.ForNumbers`."""
        try:
            trunk = OwnTrunk.model_validate(settings).trunk
        except ValidationError:
            raise CarrierRefused("The number's own trunk cannot be read: send its settings again.") from None
        own = copy.copy(self)
        own._options = self._options.model_copy(update={"trunk": trunk})
        return own

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Ask for a call. See `carriers.Carrier`."""
        if order.audio is Audio.TWIML:
            raise NotPlaced("An agent that is a TwiML address cannot be reached through Asterisk.")
        await self._require_stream()
        call = call_id(self._options.app, order.key)
        over = await self._ended(call, patience=0)
        if over is not None:
            return _told(over)
        parameters = {
            "endpoint": self._options.trunk.format(number=order.to),
            "app": self._options.app,
            "channelId": call,
            "callerId": order.from_,
            "timeout": order.ring_seconds,
        }
        try:
            await self._ari.originate(parameters, channel_variables(order), send_before)
        except NoChannel as refusal:
            raise await self._why(refusal) from None
        return CallReport(call_id=call, key=order.key, state=CallState.QUEUED)

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask how a call stands: among the live ones, then in the records."""
        channel = await self._ari.ask("GET", f"/channels/{call_id}")
        if channel is not None:
            return report_of_channel(channel, key_of(self._options.app, call_id))
        over = await self._ended(call_id)
        return over if isinstance(over, CallReport) else Gone()

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Look for a call by the id that its key makes.

        It was never placed if it neither lives nor has a record, and Asterisk has not started since it was asked for.
        """
        call = call_id(self._options.app, order.key)
        channel = await self._ari.ask("GET", f"/channels/{call}")
        if channel is not None:
            return report_of_channel(channel, order.key)
        over = await self._ended(call)
        if over is not None:
            return over
        return Absent() if await self._would_know(order) else CannotTell()

    async def hang_up(self, call_id: str) -> None:
        """End a call, whatever its state."""
        await self._ari.ask("DELETE", f"/channels/{call_id}")

    def read_event(self, request: EventRequest) -> CallReport:
        """Asterisk posts nothing: its events come over the stream."""
        raise BadSignature("Asterisk sends no callbacks.")

    async def stream(self, hear: Hear, connected: Connected) -> None:
        """Tell every event. See `carriers.Streaming`."""
        await self._stream.run(hear, connected)

    async def health(self) -> Health:
        """Ask for its state, whether it has the trunk, and whether anybody holds the event stream."""
        try:
            info = await self._ari.ask("GET", "/asterisk/info")
            trunk = _finding_of_trunk(await self._trunk())
            listener = await self._ari.ask("GET", f"/applications/{self._options.app}")
        except CarrierError as error:
            return Health(ok=False, detail=str(error))
        findings = (
            _finding("account", info is not None, "Asterisk answers.", "Asterisk does not answer as it should."),
            trunk,
            _finding("stream", listener is not None, "It is listened to.", "No worker listens: no call is placed."),
        )
        wrong = [finding.detail for finding in findings[:2] if not finding.ok]
        detail = " ".join(wrong) or "Asterisk answers and has the trunk."
        return Health(ok=not wrong, detail=detail, findings=findings)

    async def close(self) -> None:
        if self._shared is not self:
            return
        await self._stream.close()
        await self._ari.close()

    async def _trunk(self) -> str | None:
        """The state of the trunk's endpoint, None where there is none. Raises CarrierAway, CarrierRefused."""
        technology, name = endpoint_of(self._options.trunk)
        if technology == LOCAL:
            return UNKNOWN
        endpoint = await self._ari.ask("GET", f"/endpoints/{technology}/{name}")
        return None if endpoint is None else str(endpoint.get("state", UNKNOWN))

    async def _why(self, refusal: NoChannel) -> CarrierError:
        """A trunk that Asterisk does not know is for a person to mend."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                known = await self._trunk() is not None
        except (CarrierError, TimeoutError):
            return refusal
        return refusal if known else CarrierRefused(NO_TRUNK)

    async def _require_stream(self) -> None:
        """Without an event stream Asterisk drops a call the moment it is answered."""
        elsewhere = self._shared._elsewhere
        if self.stands or (elsewhere is not None and await elsewhere()):
            return
        raise NotPlaced("Nobody holds Asterisk's event stream: no call is placed.", STREAM_BACK)

    async def _ended(self, call: str, patience: float = LATEST_SECONDS) -> CallReport | CannotTell | None:
        """How a call ended; CannotTell where its record does not say; None without a record."""
        heard = self._stream.ended.get(call)
        if heard is not None:
            return heard
        record = await self._records.get(call, patience)
        if record is None:
            return None
        return report_of_record(call, key_of(self._options.app, call), record) or CannotTell()

    async def _would_know(self, order: SearchOrder) -> bool:
        """Whether a call that was placed would have been found."""
        if not await self._records.readable():
            return False
        info = await self._ari.ask("GET", "/asterisk/info")
        try:
            started = datetime.fromisoformat((info or {})["status"]["startup_time"])
        except (KeyError, ValueError):
            raise CarrierAway("Asterisk's answer cannot be read.") from None
        return started < order.asked_after


def _told(over: CallReport | CannotTell) -> CallReport:
    """The call was placed before, and is over. Raises PlaceUnknown where it cannot be told how it ended."""
    if isinstance(over, CannotTell):
        raise PlaceUnknown("The call was placed before; how it ended cannot be told.")
    return over


def _finding_of_trunk(state: str | None) -> Finding:
    details = {
        None: NO_TRUNK,
        OFFLINE: "Asterisk cannot reach the other end of the trunk.",
        UNKNOWN: "Asterisk does not say whether the trunk can be reached.",
    }
    return Finding(what="trunk", ok=state not in {None, OFFLINE}, detail=details.get(state, "Asterisk has the trunk."))


def _finding(what: str, ok: bool, good: str, bad: str) -> Finding:
    return Finding(what=what, ok=ok, detail=good if ok else bad)
