"""The carrier Twilio. Placing has no idempotency key: the dial's key travels in the callback URL."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TypeVar
from urllib.parse import parse_qsl

from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from twilio.rest.api.v2010.account.call import CallInstance, CallPage  # type: ignore[import-untyped]

from carriers import (
    Absent,
    BadSignature,
    CannotTell,
    CarrierAway,
    CarrierError,
    CarrierRefused,
    EventRequest,
    Gone,
    Health,
    Idempotency,
    Instructions,
    Limits,
    OverLimit,
    PlaceUnknown,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from carriers.foreign import read_moment, read_text
from carriers.twilio.client import TRANSPORT_ERRORS, OutgoingRequest, PooledHttpClient, current_request
from carriers.twilio.failures import NOT_IN_PROGRESS, error_code, place_failure, request_failure, transport_failure
from carriers.twilio.instructions import fetched_twiml, find_losses, instruction_arguments
from carriers.twilio.reports import EVENTS, report_of_event, report_of_resource
from domain.calls.models import CallOrder, CallReport, PlacedCall

SEARCH_PAGE_SIZE = 200  # the newest calls between two numbers; never so many are placed in one search window
LIST_PAGE_SIZE = 1_000  # the most that a page may have
MAX_RECORDINGS = 200  # of one call: it has one, or one of each side
SIGNATURE_HEADERS = ("x-twilio-signature", "x-signalwire-signature")  # computed alike by either
REJECTIONS = (TwilioRestException, TwilioServiceException)
NO_ENVIRONMENT = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}  # the client would rewrite our base URL by these
T = TypeVar("T")


class Twilio:
    """Calls through Twilio, or what answers at `base_url` in its stead: the simulator, a compatible carrier.

    `place_timeout_seconds` bounds a request as a whole, from connecting to its answer. `detect_machines` has
    Twilio tell persons from machines while the call goes on (it charges for that). One of `signing_keys` is
    what events are signed with where that is not the auth token. `record` has Twilio record both sides of every call.
    """

    name = "twilio"
    traits = Traits(
        idempotency=Idempotency.NONE,
        search=Search.FINDS,
        push=Push.CALLBACK,
        limits=Limits(calls_per_second=1.0, over=OverLimit.QUEUES),
    )

    find_losses = staticmethod(find_losses)

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        base_url: str | None = None,
        signing_keys: Sequence[str] = (),
        place_timeout_seconds: float = 10.0,
        detect_machines: bool = True,
        record: bool = False,
    ) -> None:
        self._http = PooledHttpClient(place_timeout_seconds)
        self._client = Client(account_sid, auth_token, http_client=self._http, environment=NO_ENVIRONMENT)
        if base_url is not None:
            self._client.api.base_url = base_url.rstrip("/")
        self._validators = [RequestValidator(key) for key in signing_keys or (auth_token,)]
        self._detect_machines = detect_machines
        self._record = record

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Ask for a call. See `carriers.Carrier`."""
        outgoing = OutgoingRequest(send_before)
        current_request.set(outgoing)
        try:
            return report_of_resource(await self._create(order, callback_url))
        except REJECTIONS as rejected:
            raise place_failure(outgoing.status, error_code(rejected.code), outgoing.headers) from None
        except TRANSPORT_ERRORS:
            raise transport_failure(outgoing) from None
        except (ValueError, TypeError, KeyError, AttributeError, TwilioException):
            raise _unreadable(outgoing) from None
        finally:
            outgoing.abandon()

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask for a call's state."""
        try:
            return report_of_resource(await self._ask(self._client.calls(call_id).fetch_async))
        except _NotFoundError:
            return Gone()
        except ValueError:
            raise CarrierAway("The carrier's answer cannot be read.") from None

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Find the one call between two numbers that was created in time and belongs to no other dial.

        Without a time filter: Twilio's has whole days, and a queued call has no start time. Never `Absent`:
        the list lags behind.
        """

        async def newest() -> list[CallInstance]:
            page = await self._client.calls.page_async(to=order.to, from_=order.from_, page_size=SEARCH_PAGE_SIZE)
            return list(page)

        try:
            calls = await self._ask(newest)
            matching = [call for call in calls if _matches(call, order)]
            if len(matching) != 1 or _is_cut_off(calls, order):
                return CannotTell()
            return report_of_resource(matching[0])
        except _NotFoundError:
            return CannotTell()
        except ValueError:
            raise CarrierAway("The carrier's answer cannot be read.") from None

    async def list_calls(self, from_numbers: Collection[str], since: datetime) -> Sequence[PlacedCall] | CannotTell:
        """Every call from these numbers that was created since then, the oldest first. See `carriers.Listing`."""
        try:
            listed = [call for number in sorted(from_numbers) for call in await self._list_from(number, since)]
            placed = {call.report.call_id: call for call in map(_placed, listed) if call.asked_at >= since}
        except _NotFoundError:
            raise CarrierRefused("The carrier does not know the account.") from None
        except ValueError:
            raise CarrierAway("The carrier's answer cannot be read.") from None
        return sorted(placed.values(), key=lambda call: (call.asked_at, call.report.call_id))

    async def _list_from(self, number: str, since: datetime) -> list[CallInstance]:
        """Page by page, the newest first, until a whole page is older: a queued call may stand a little out of turn.

        Without a time filter, as in `find`. A call that another one placed is a leg to an agent.
        """
        page: CallPage | None = await self._ask(
            lambda: self._client.calls.page_async(from_=number, page_size=LIST_PAGE_SIZE)
        )
        listed: list[CallInstance] = []
        while page is not None:
            calls = list(page)
            listed += [call for call in calls if read_text(call.parent_call_sid) is None]
            if all((created := _created(call)) is not None and created < since for call in calls):
                break
            page = await self._ask(page.next_page_async)
        return listed

    async def hang_up(self, call_id: str) -> None:
        """End a call. `completed` ends it whether it is queued, rings or talks: no race can be lost."""
        try:
            await self._ask(lambda: self._client.calls(call_id).update_async(status="completed"))
        except (_NotFoundError, _NotInProgressError):
            return

    async def call_off(self, call_id: str) -> None:
        """End a call that is queued or rings. `canceled` leaves one alone that was answered meanwhile."""
        try:
            await self._ask(lambda: self._client.calls(call_id).update_async(status="canceled"))
        except (_NotFoundError, _NotInProgressError):
            return

    async def erase_call(self, call_id: str) -> int:
        """Delete a call and its recordings. Twilio keeps them else until somebody deletes them.

        A call that is live cannot be deleted: CarrierAway.
        """

        async def list_recordings() -> list[str]:
            page = await self._client.recordings.page_async(call_sid=call_id, page_size=MAX_RECORDINGS)
            return [recording.sid for recording in page]

        deleted = 0
        try:
            for recording in await self._ask(list_recordings):
                deleted += await self._delete(self._client.recordings(recording).delete_async)
            await self._delete(self._client.calls(call_id).delete_async)
        except (_NotFoundError, _NotInProgressError):  # an account without recordings
            raise CarrierAway("The carrier's answer cannot be read.") from None
        return deleted

    async def _delete(self, delete: Callable[[], Awaitable[bool]]) -> bool:
        """False: it was gone already."""
        try:
            return bool(await self._ask(delete))
        except _NotFoundError:
            return False

    def read_event(self, request: EventRequest) -> CallReport:
        """Check a callback's signature, on the form exactly as it came, and read it."""
        return report_of_event(self._signed_form(request), request.url)

    async def health(self) -> Health:
        """Ask for the account."""
        try:
            account = await self._ask(self._client.api.accounts(self._client.account_sid).fetch_async)
        except _NotFoundError:
            return Health(ok=False, detail="The carrier does not know the account.")
        except CarrierError as error:
            return Health(ok=False, detail=str(error))
        active = account.status == "active"
        return Health(ok=active, detail="The account is active." if active else "The account is not active.")

    async def close(self) -> None:
        await self._http.close()

    def instruct(self, request: EventRequest, order: CallOrder) -> Instructions:
        """Serve the TwiML that was too long for the request."""
        self._signed_form(request)
        callback_url = request.url.replace("/instructions?", "/events?", 1)
        return Instructions(content_type="text/xml", body=fetched_twiml(order, callback_url))

    def _signed_form(self, request: EventRequest) -> dict[str, str]:
        signature = next((request.headers[name] for name in SIGNATURE_HEADERS if name in request.headers), "")
        try:
            form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=bool(request.body)))
            signed = self._is_signed(request.url, form, signature)
        except ValueError:
            signed = False
        if not signed:
            raise BadSignature("The event was not signed with the account's token.")
        return form

    def _is_signed(self, url: str, form: dict[str, str], signature: str) -> bool:
        """By the address as it is, first: the library's check also tries it with a port, and without."""
        signatures = [validator.compute_signature(url, form) for validator in self._validators]
        if any([compare_digest(one.encode(), signature.encode()) for one in signatures]):
            return True
        return any(validator.validate(url, form, signature) for validator in self._validators)

    async def _create(self, order: CallOrder, callback_url: str) -> CallInstance:
        detection = {
            "machine_detection": "Enable",
            "async_amd": "true",
            "async_amd_status_callback": callback_url,
            "async_amd_status_callback_method": "POST",
        }
        recording = {
            "record": True,
            "recording_channels": "dual",
            "recording_status_callback": callback_url,
            "recording_status_callback_event": ["completed"],
            "recording_status_callback_method": "POST",
        }
        return await self._client.calls.create_async(
            to=order.to,
            from_=order.from_,
            timeout=order.ring_seconds,
            time_limit=order.max_call_seconds,
            status_callback=callback_url,
            status_callback_event=EVENTS,
            status_callback_method="POST",
            **instruction_arguments(order, callback_url),
            **(detection if self._detect_machines else {}),
            **(recording if self._record else {}),
        )

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Raises CarrierAway, CarrierRefused, _NotFoundError, _NotInProgressError."""
        outgoing = OutgoingRequest()
        current_request.set(outgoing)
        try:
            return await question()
        except REJECTIONS as rejected:
            raise _request_failure(outgoing.status, error_code(rejected.code)) from None
        except TRANSPORT_ERRORS:
            raise CarrierAway("The carrier did not answer the question.") from None
        except (ValueError, TypeError, KeyError, AttributeError, TwilioException):
            raise CarrierAway("The carrier's answer cannot be read.") from None


class _NotFoundError(Exception):
    """The carrier knows no such thing."""


class _NotInProgressError(Exception):
    """The call has ended."""


def _request_failure(status: int, code: int | None) -> Exception:
    if code == NOT_IN_PROGRESS:
        return _NotInProgressError()
    return _NotFoundError() if status == 404 and code is not None else request_failure(status, code)


def _unreadable(outgoing: OutgoingRequest) -> CarrierError:
    if outgoing.sent:
        return PlaceUnknown("The carrier's answer cannot be read.")
    return transport_failure(outgoing)


def _placed(call: CallInstance) -> PlacedCall:
    """Raises ValueError where it cannot be read: a call that is left out might be placed again."""
    created = _created(call)
    if created is None:
        raise ValueError("A call without a time.")
    return PlacedCall(
        to=read_text(call.to), from_=read_text(call._from), asked_at=created, report=report_of_resource(call)
    )


def _matches(call: CallInstance, order: SearchOrder) -> bool:
    created = _created(call)
    if created is None or call.sid in order.not_these:
        return False
    return order.asked_after - timedelta(seconds=1) < created <= order.asked_before


def _is_cut_off(calls: list[CallInstance], order: SearchOrder) -> bool:
    """Whether the page ended before the search window did."""
    oldest = _created(calls[-1]) if len(calls) >= SEARCH_PAGE_SIZE else None
    return oldest is not None and oldest >= order.asked_after - timedelta(seconds=1)


def _created(call: CallInstance) -> datetime | None:
    """`date_created` is cut to whole seconds."""
    return read_moment(call.date_created)
