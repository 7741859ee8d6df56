"""What a failed request proves: that nothing rang, that it cannot be told, or that a person must act."""

import asyncio
import logging
import socket
import time
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from carriers import (
    CallerRefused,
    CarrierAway,
    CarrierBusy,
    CarrierError,
    CarrierRefused,
    CarrierUnreachable,
    NotPlaced,
    NumberRefused,
    PlaceUnknown,
    TooLate,
)
from carriers.twilio import Twilio
from carriers.twilio.failures import error_code, place_failure, retry_after
from domain.calls.models import CallReport
from stack.ports import free_port
from tests.carriers.simulation import (
    Callbacks,
    Simulator,
    an_order,
    closing,
    number_ending,
    place,
    until,
)
from tests.receiving import Receiver, answers

BLOCK_SECONDS = 0.06


@pytest.fixture
async def impatient(simulator: Simulator) -> AsyncIterator[Twilio]:
    async with closing(simulator.carrier(place_timeout_seconds=0.4)) as carrier:
        yield carrier


@pytest.mark.parametrize(
    ("faults", "error", "dials"),
    [
        ({"too_many_requests": 1, "retry_after_seconds": 7}, CarrierBusy, 0),
        ({"unavailable": 1, "retry_after_seconds": 7}, CarrierUnreachable, 0),
        ({"server_error": 1}, PlaceUnknown, 0),
        ({"hang": 1}, PlaceUnknown, 0),
        ({"answer_lost": 1}, PlaceUnknown, 1),
        ({"answer_lost": 1, "answer_lost_how": "hang"}, PlaceUnknown, 1),
        ({"answer_lost": 1, "answer_lost_how": "error"}, PlaceUnknown, 1),
        ({"create_delay_seconds": 0.8}, PlaceUnknown, 1),
    ],
)
async def test_a_failure_says_what_is_known_of_the_call(
    impatient: Twilio,
    callbacks: Callbacks,
    simulator: Simulator,
    faults: dict[str, object],
    error: type[CarrierError],
    dials: int,
) -> None:
    order = an_order(number_ending("01"))
    simulator.set_faults(numbers={order.to: faults})

    with pytest.raises(error) as raised:
        await place(impatient, callbacks, order)

    assert type(raised.value) is error
    assert order.to not in str(raised.value)
    assert len(simulator.dials_to(order.to)) == dials
    if isinstance(raised.value, NotPlaced):
        assert raised.value.retry_after == timedelta(seconds=7)


async def test_a_number_that_the_carrier_refuses(carrier: Twilio, callbacks: Callbacks) -> None:
    with pytest.raises(NumberRefused):
        await place(carrier, callbacks, an_order("+1"))


async def test_a_caller_id_that_the_carrier_refuses_is_the_accounts_matter(
    carrier: Twilio, callbacks: Callbacks
) -> None:
    with pytest.raises(CarrierRefused):
        await place(carrier, callbacks, an_order(number_ending("01"), from_="+1"))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_account(own_simulator: Simulator, callbacks: Callbacks, status: int) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        own_simulator.set_faults(account_refused=status)
        with pytest.raises(CarrierRefused):
            await place(carrier, callbacks, an_order(number_ending("01")))
        with pytest.raises(CarrierRefused):
            await carrier.fetch("CA" + "0" * 32)
        with pytest.raises(CarrierRefused):
            await carrier.hang_up("CA" + "0" * 32)
        assert not (await carrier.health()).ok


async def test_where_nobody_listens_nothing_was_placed(callbacks: Callbacks) -> None:
    async with closing(Twilio("AC1", "token", base_url=f"http://127.0.0.1:{free_port()}")) as carrier:
        with pytest.raises(NotPlaced):
            await place(carrier, callbacks, an_order(number_ending("01")))
        with pytest.raises(CarrierAway):
            await carrier.fetch("CA1")


async def test_no_number_and_no_carriers_text_reaches_logs_or_errors(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    order = an_order(number_ending("01"), from_="+1")

    with pytest.raises(CarrierRefused) as raised:
        await place(carrier, callbacks, order)
    await carrier.fetch("CA1")

    written = caplog.text + "".join(traceback.format_exception(raised.value))
    assert order.to not in written
    assert order.to.removeprefix("+") not in written
    assert "caller ID" not in written


async def test_an_answer_that_cannot_be_read_leaves_it_unknown(server: Receiver, callbacks: Callbacks) -> None:
    server.answering = answers(201, "nope")
    async with closing(Twilio("AC1", "token", base_url=server.origin)) as carrier:
        with pytest.raises(PlaceUnknown):
            await place(carrier, callbacks, an_order(number_ending("01")))


async def test_a_connection_that_comes_too_late_carries_nothing(callbacks: Callbacks) -> None:
    """The listener's queue is full: the connection stands only once somebody accepts, after `send_before`."""
    received: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())
        writer.close()

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [_connecting_to(listener) for _ in range(3)]
    carrier = Twilio("AC1", "token", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    placing = asyncio.create_task(place(carrier, callbacks, an_order(number_ending("01")), seconds=0.2))
    await asyncio.sleep(0.4)
    async with await asyncio.start_server(take, sock=listener) as server:
        try:
            with pytest.raises(TooLate):
                await placing
        finally:
            await carrier.close()
            for client in waiting:
                client.close()
            server.close()
    await until(lambda: len(received) >= len(waiting))
    assert not any(received)


def _connecting_to(listener: socket.socket) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    return client


@pytest.mark.parametrize("connected", [False, True])
async def test_nothing_leaves_late_wherever_the_process_stands_still(
    simulator: Simulator, callbacks: Callbacks, connected: bool
) -> None:
    """The loop is blocked at each of its next turns: on the way to the connection, and between it and the write."""
    outcomes = set()
    for turn in range(10):
        async with closing(simulator.carrier()) as carrier:
            if connected:
                await carrier.health()
            outcomes.add(await _place_blocked_at(turn, carrier, callbacks, simulator))
    assert outcomes == {"placed", "held back"}


async def _place_blocked_at(turn: int, carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> str:
    order = an_order(number_ending("01"))
    deadline = time.time() + BLOCK_SECONDS / 2
    blocking = asyncio.create_task(_block_at(turn))
    try:
        await place(carrier, callbacks, order, seconds=BLOCK_SECONDS / 2)
    except TooLate:
        assert simulator.dials_to(order.to) == []
        return "held back"
    finally:
        await blocking
    (dial,) = simulator.dials_to(order.to)
    assert dial["askedAt"] < deadline + BLOCK_SECONDS / 3
    return "placed"


async def _block_at(turn: int) -> None:
    for _ in range(turn):
        await asyncio.sleep(0)
    time.sleep(BLOCK_SECONDS)


async def test_calls_placed_together_share_connections_and_all_arrive(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    orders = [an_order(number_ending("00")) for _ in range(40)]

    placed: list[CallReport] = await asyncio.gather(*(place(carrier, callbacks, order) for order in orders))

    assert len({report.call_id for report in placed}) == 40
    await until(lambda: all(len(callbacks.states(order.key)) == 3 for order in orders))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, NumberRefused),
        (400, 21214, NumberRefused),
        (400, 21215, NumberRefused),
        (400, 21217, NumberRefused),
        (400, 13224, NumberRefused),
        (400, 21408, NumberRefused),
        (403, 13227, NumberRefused),
        (400, 21203, NumberRefused),
        (400, 10004, CarrierBusy),
        (403, 10004, CarrierBusy),
        (400, 20003, CarrierRefused),
        (403, 20403, CarrierRefused),
        (401, 20005, CarrierRefused),
        (401, None, CarrierRefused),
        (407, None, CarrierRefused),
        (403, None, PlaceUnknown),
        (403, 10001, CarrierRefused),
        (403, 10005, CarrierRefused),
        (400, 21205, CallerRefused),
        (400, 21210, CallerRefused),
        (400, 21212, CallerRefused),
        (400, 21219, NumberRefused),
        (400, 21606, CallerRefused),
        (400, 21609, CallerRefused),
        (403, 10002, CallerRefused),
        (403, 20001, CallerRefused),
        (404, 20404, CarrierRefused),
        (404, None, PlaceUnknown),
        (413, None, PlaceUnknown),
        (429, None, PlaceUnknown),
        (400, 20001, NotPlaced),
        (429, 20429, CarrierBusy),
        (503, 20503, CarrierUnreachable),
        (503, None, PlaceUnknown),
        (500, 20500, PlaceUnknown),
        (502, None, PlaceUnknown),
        (504, None, PlaceUnknown),
    ],
)
def test_each_answer_has_its_place_in_the_error_tree(status: int, code: int | None, error: type[CarrierError]) -> None:
    assert type(place_failure(status, code, {})) is error


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, "<html>Service Unavailable</html>"),
        (503, '{"message": "no healthy upstream"}'),
        (503, '{"code": 503, "message": "upstream connect error"}'),
        (429, "slow down"),
        (403, "<html>blocked by policy</html>"),
        (404, "<html>nginx</html>"),
        (400, '{"code": "bad_request"}'),
        (301, ""),
    ],
)
async def test_an_answer_that_is_not_the_carriers_own_proves_nothing(
    server: Receiver, callbacks: Callbacks, status: int, body: str
) -> None:
    """A proxy may have passed the request on before it answered so."""
    server.answering = answers(status, body)
    async with closing(Twilio("AC1", "token", base_url=server.origin)) as carrier:
        with pytest.raises(PlaceUnknown):
            await place(carrier, callbacks, an_order(number_ending("01")))
        with pytest.raises(CarrierAway):
            await carrier.fetch("CA1")
        with pytest.raises(CarrierAway):
            await carrier.hang_up("CA1")


def test_a_code_is_the_carriers_also_where_it_is_written_as_text() -> None:
    assert error_code("21211") == error_code(21211) == 21211
    assert [error_code(other) for other in (503, "503", None, True, "bad", 10**12, "２１２１１")] == [None] * 7


def test_retry_after_is_read_in_both_its_forms() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert retry_after({"Retry-After": "30"}) == timedelta(seconds=30)
    assert retry_after({"Retry-After": "Thu, 01 Jan 2026 00:01:00 GMT"}, now) == timedelta(minutes=1)
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None
