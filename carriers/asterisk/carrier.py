"""The carrier Asterisk. A call's channel id is made of its dial's key: while it is live, asking again rings nobody."""

import asyncio
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from carriers import (
    Absent,
    BadSignature,
    CallerRefused,
    CannotTell,
    CarrierError,
    CarrierRefused,
    CarrierUnreachable,
    EventRequest,
    Finding,
    Gone,
    Health,
    Idempotency,
    Limits,
    OnConnected,
    OnReport,
    OverLimit,
    PlaceUnknown,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from carriers.asterisk.ari import Ari, NoChannel
from carriers.asterisk.cdr import MAX_DELAY_SECONDS, CallDetailRecords, report_of_record
from carriers.asterisk.cdr_file import CallDetailRecord
from carriers.asterisk.channel_ids import channel_id, dial_key
from carriers.asterisk.channel_variables import channel_variables, find_losses
from carriers.asterisk.event_stream import EventStream
from carriers.asterisk.options import Options
from carriers.asterisk.reports import report_of_channel
from carriers.asterisk.trunks import LOCAL, OwnTrunk, endpoint_of
from carriers.clock import boot_time
from carriers.shared_stream import IsConnected
from domain.calls.models import Audio, CallOrder, CallReport, CallState, PlacedCall

RECONNECT_DELAY = timedelta(seconds=2)  # the stream connects again at once, or Asterisk is away
TRUNK_CHECK_TIMEOUT_SECONDS = 2.0  # an answer to `place` is waited for
LIMITS = Limits(over=OverLimit.REJECTS)  # its open files; how many calls these are depends on agents and codecs
NO_TRUNK = "Asterisk does not know the trunk."
OFFLINE, UNKNOWN = "offline", "unknown"  # states of an endpoint


class Asterisk:
    """Calls through an Asterisk of one's own."""

    name = "asterisk"
    find_losses = staticmethod(find_losses)

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ari = Ari(options)
        self._cdr = CallDetailRecords(options.cdr_path)
        self._stream = EventStream(self._ari, options)
        self._is_connected_elsewhere: IsConnected | None = None
        self._shared = self  # the one that has the connections and the stream

    @property
    def traits(self) -> Traits:
        search = Search.PROVES_ABSENCE if self._cdr.configured else Search.FINDS
        return Traits(idempotency=Idempotency.WHILE_LIVE, search=search, push=Push.STREAM, limits=LIMITS)

    @property
    def is_connected(self) -> bool:
        """Whether this process holds the event stream."""
        return self._stream.is_connected

    def share_stream(self, is_connected_elsewhere: IsConnected) -> None:
        """Another process may hold the event stream. See `carriers.shared_stream.SharedStreaming`."""
        self._is_connected_elsewhere = is_connected_elsewhere

    def with_settings(self, settings: Mapping[str, Any]) -> "Asterisk":
        """For a number with a trunk of its own. See `carriers.number_settings.SupportsNumberSettings`."""
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
            raise CallerRefused("An agent that is a TwiML address cannot be reached through Asterisk.")
        await self._require_stream()
        call = channel_id(self._options.app, order.key)
        final = await self._final_report(call, wait_seconds=0)
        if final is not None:
            return _placed_before(final)
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
            raise await self._explain(refusal) from None
        return CallReport(call_id=call, key=order.key, state=CallState.QUEUED)

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask for a call's state: among live channels, then in the call detail records."""
        channel = await self._ari.ask("GET", f"/channels/{call_id}")
        if channel is not None:
            return report_of_channel(call_id, channel, dial_key(self._options.app, call_id))
        final = await self._final_report(call_id)
        return final if isinstance(final, CallReport) else Gone()

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Look for a call by the id that its key makes.

        It was never placed if it is not live and has no record, and Asterisk has not started since it was asked for.
        """
        asked_at = boot_time() - (order.searched_at - order.asked_after).total_seconds()
        call = channel_id(self._options.app, order.key)
        channel = await self._ari.ask("GET", f"/channels/{call}")
        if channel is not None:
            return report_of_channel(call, channel, order.key)
        final = await self._final_report(call)
        if final is not None:
            return final
        return Absent() if await self._would_be_found(asked_at) else CannotTell()

    async def list_calls(self, from_numbers: Collection[str], since: datetime) -> Sequence[PlacedCall] | CannotTell:
        """Every call of ours since then, by its key: records name no caller. See `carriers.Listing`.

        CannotTell without records that go back so far, or where Asterisk has started since: it writes none of the
        calls that died with it.
        """
        if not self._cdr.configured:
            return CannotTell()
        now, started = await self._ari.clock()
        channels = await self._ari.list_channels()
        await asyncio.sleep(MAX_DELAY_SECONDS)  # a call that ended meanwhile has its record by then
        records = await self._cdr.read_all()
        asked_at = boot_time() - (now - since).total_seconds()
        if started >= since or not await self._cdr.covers(asked_at, since.timestamp()):
            return CannotTell()
        ours = {id: record for id, record in records.items() if dial_key(self._options.app, id)}
        if any(record.began_at is None for record in ours.values()):
            return CannotTell()
        over = list(self._list_records(ours, since))
        ended = {call.report.call_id for call in over}
        live = [
            PlacedCall(to=None, from_=None, asked_at=now, report=report_of_channel(id, {"state": state}, key))
            for id, state in channels.items()
            if id not in ended and (key := dial_key(self._options.app, id)) is not None
        ]
        return sorted([*over, *live], key=lambda call: (call.asked_at, call.report.call_id))

    def _list_records(self, records: Mapping[str, CallDetailRecord], since: datetime) -> Iterator[PlacedCall]:
        for id, record in records.items():
            if record.began_at is None or record.began_at < since.timestamp():
                continue
            key = dial_key(self._options.app, id)
            uncertain = CallReport(call_id=id, key=key, state=CallState.ENDED)
            report = report_of_record(id, key, record) or uncertain
            yield PlacedCall(to=None, from_=None, asked_at=datetime.fromtimestamp(record.began_at, UTC), report=report)

    async def hang_up(self, call_id: str) -> None:
        """End a call, whatever its state."""
        await self._ari.ask("DELETE", f"/channels/{call_id}")

    def read_event(self, request: EventRequest) -> CallReport:
        """Asterisk posts nothing: its events come over the stream."""
        raise BadSignature("Asterisk sends no callbacks.")

    async def stream(self, on_report: OnReport, on_connected: OnConnected) -> None:
        """Deliver every event. See `carriers.Streaming`."""
        await self._stream.run(on_report, on_connected)

    async def health(self) -> Health:
        """Ask for its state, whether it has the trunk, and whether anybody holds the event stream."""
        try:
            info = await self._ari.ask("GET", "/asterisk/info")
            trunk = _trunk_finding(await self._trunk_state())
            listener = await self._ari.ask("GET", f"/applications/{self._options.app}")
        except CarrierError as error:
            return Health(ok=False, detail=str(error))
        findings = (
            _finding("account", info is not None, "Asterisk answers.", "Asterisk does not answer as it should."),
            trunk,
            _finding("stream", listener is not None, "It is listened to.", "No worker listens: no call is placed."),
            await self._records_finding(),
        )
        wrong = [finding.detail for finding in findings if not finding.ok and finding.what != "stream"]
        detail = " ".join(wrong) or "Asterisk answers and has the trunk."
        return Health(ok=not wrong, detail=detail, findings=findings)

    async def close(self) -> None:
        if self._shared is not self:
            return
        await self._stream.close()
        await self._ari.close()

    async def _trunk_state(self) -> str | None:
        """The state of the trunk's endpoint, None where there is none. Raises CarrierAway, CarrierRefused."""
        technology, name = endpoint_of(self._options.trunk)
        if technology == LOCAL:
            return UNKNOWN
        endpoint = await self._ari.ask("GET", f"/endpoints/{technology}/{name}")
        return None if endpoint is None else str(endpoint.get("state", UNKNOWN))

    async def _records_finding(self) -> Finding:
        """Whether the records of calls that are over can be read here: a call is requested only where they can."""
        if not self._cdr.configured:
            return Finding(what="records", ok=True, detail="None are set up: calls that get lost end as unknown.")
        try:
            exist = await self._cdr.exist()
        except CarrierRefused as error:
            return Finding(what="records", ok=False, detail=f"{error} Let this user read {self._options.cdr_path}.")
        missing = f"{self._options.cdr_path} is not there yet: Asterisk makes it with its first call."
        return Finding(what="records", ok=True, detail="They can be read." if exist else missing)

    async def _explain(self, refusal: NoChannel) -> CarrierError:
        """A trunk that Asterisk does not know is for a person to fix."""
        try:
            async with asyncio.timeout(TRUNK_CHECK_TIMEOUT_SECONDS):
                known = await self._trunk_state() is not None
        except (CarrierError, TimeoutError):
            return refusal
        return refusal if known else self._no_trunk()

    def _no_trunk(self) -> CarrierRefused:
        """A number's own trunk concerns that number alone."""
        return CallerRefused(NO_TRUNK) if self._shared is not self else CarrierRefused(NO_TRUNK)

    async def _require_stream(self) -> None:
        """Without an event stream Asterisk drops a call the moment it is answered."""
        is_connected_elsewhere = self._shared._is_connected_elsewhere
        if self.is_connected or (is_connected_elsewhere is not None and await is_connected_elsewhere()):
            return
        raise CarrierUnreachable("Nobody holds Asterisk's event stream: no call is placed.", RECONNECT_DELAY)

    async def _final_report(self, call: str, wait_seconds: float = MAX_DELAY_SECONDS) -> CallReport | CannotTell | None:
        """How a call ended; CannotTell where its record does not say; None without a record.

        The record may come before the event of the end, which says more: where it does not suffice that is waited for.
        """
        received = self._stream.final_reports.get(call)
        if received is not None:
            return received
        record = await self._cdr.get(call, wait_seconds)
        if record is None:
            return self._stream.final_reports.get(call)
        recorded = report_of_record(call, dial_key(self._options.app, call), record)
        if recorded is None:
            await asyncio.sleep(wait_seconds)
        return self._stream.final_reports.get(call) or recorded or CannotTell()

    async def _would_be_found(self, asked_at: float) -> bool:
        """Whether a call that was requested after `asked_at` (`boot_time()`) would have been found, live or over.

        The instant is counted back from now by Asterisk's own clock: two clocks are never compared.
        """
        if not self._cdr.configured:
            return False
        now, started = await self._ari.clock()
        asked_there = now - timedelta(seconds=boot_time() - asked_at)
        return started < asked_there and await self._cdr.covers(asked_at, asked_there.timestamp())


def _placed_before(final: CallReport | CannotTell) -> CallReport:
    """The report of a call that was placed before and is over. Raises PlaceUnknown where its ending is uncertain."""
    if isinstance(final, CannotTell):
        raise PlaceUnknown("The call was placed before; how it ended cannot be told.")
    return final


def _trunk_finding(state: str | None) -> Finding:
    details = {
        None: NO_TRUNK,
        OFFLINE: "Asterisk cannot reach the other end of the trunk.",
        UNKNOWN: "Asterisk does not say whether the trunk can be reached.",
    }
    return Finding(what="trunk", ok=state not in {None, OFFLINE}, detail=details.get(state, "Asterisk has the trunk."))


def _finding(what: str, ok: bool, good: str, bad: str) -> Finding:
    return Finding(what=what, ok=ok, detail=good if ok else bad)
