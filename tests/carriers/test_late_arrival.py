"""A request that has timed out here must not reach the carrier afterwards: TCP sends unacknowledged bytes again.

What is bounded: `carriers/placing_sockets.py` says how.
"""

import asyncio
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from carriers import Carrier, PlaceUnknown, TooLate
from carriers.asterisk import Asterisk
from carriers.asterisk.options import Options
from carriers.clock import boot_time
from carriers.placing_sockets import open_socket
from carriers.twilio import Twilio
from examples.tincan import carrier as tincan
from examples.tincan.carrier import TinCan
from tests.carriers.cut_off import CAN_CUT, FarEnd
from tests.carriers.simulation import an_order, number_ending

TIMEOUT = 0.7  # seconds that a request may take
AFTERWARDS = 3.0  # seconds in which TCP, left alone, sends again

pytestmark = pytest.mark.skipif(not CAN_CUT, reason="socket filters, by which the network is cut, are Linux's")


def a_carrier(name: str, url: str) -> Carrier:
    if name == "twilio":
        return Twilio("AC1", "token", base_url=url, place_timeout_seconds=TIMEOUT)
    if name == "tincan":
        return TinCan(url, "secret")
    asterisk = Asterisk(
        Options(url=f"{url}/ari", user="u", password=SecretStr("p"), place_timeout_seconds=TIMEOUT, cdr_path=None)
    )
    asterisk.share_stream(_is_connected)
    return asterisk


async def _is_connected() -> bool:
    return True


async def place_once(carrier: Carrier) -> None:
    order = an_order(number_ending("01"))
    await carrier.place(order, callback_url="http://127.0.0.1:9/", send_before=boot_time() + 5)


@asynccontextmanager
async def connected(name: str, far: FarEnd) -> AsyncIterator[Carrier]:
    """An adapter whose connection stands, as usual."""
    carrier = a_carrier(name, far.url)
    try:
        await carrier.fetch("nobody")
        assert b"GET" in far.received
        yield carrier
    finally:
        await carrier.close()


NAMES = ["twilio", "asterisk", "tincan"]


@pytest.mark.parametrize("name", NAMES)
async def test_what_timed_out_here_does_not_arrive_when_the_network_is_back(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tincan, "TIMEOUT_SECONDS", TIMEOUT)
    async with FarEnd.listening() as far, connected(name, far) as carrier:
        far.cut()
        with pytest.raises(PlaceUnknown):
            await place_once(carrier)
        far.heal()
        await asyncio.sleep(AFTERWARDS)

        assert far.received == b""


@pytest.mark.parametrize("name", ["twilio", "asterisk"])
@pytest.mark.parametrize("what", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_process_that_stands_still_or_dies_leaves_nothing_to_arrive(name: str, what: signal.Signals) -> None:
    """It has written its request and can do nothing about it any more: the bound is the kernel's."""
    async with FarEnd.listening() as far, another_process(name, far.url) as process:
        await _until_received(far, b"GET")
        far.cut()
        assert process.stdin is not None
        process.stdin.write(b"\n")
        await process.stdin.drain()
        await asyncio.sleep(TIMEOUT / 2)  # it has been written, and its time is not over
        os.kill(process.pid, what)
        await asyncio.sleep(TIMEOUT * 1.5)
        far.heal()
        await asyncio.sleep(AFTERWARDS)

        assert far.received == b""


def test_the_bound_is_the_kernels_own() -> None:
    with open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0)), 10.0) as opened:
        milliseconds = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        on, seconds = struct.unpack("ii", opened.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))

    assert milliseconds == 10_000
    assert (on, seconds) == (1, 0)


@pytest.mark.parametrize("name", NAMES)
async def test_a_machine_that_slept_after_the_claim_sends_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`time.monotonic()` does not count the night; the clock that does is read right before the first byte."""
    async with FarEnd.listening() as far, connected(name, far) as carrier:
        far.received = b""
        for module in ("carriers.twilio.client", "carriers.outgoing_request"):
            monkeypatch.setattr(f"{module}.boot_time", lambda: boot_time() + 8 * 3600)
        with pytest.raises(TooLate):
            await place_once(carrier)
        await asyncio.sleep(0.1)

        assert far.received == b""


@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_that_drips_is_given_up_in_time_as_a_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time; the whole never does."""
    monkeypatch.setattr(tincan, "TIMEOUT_SECONDS", TIMEOUT)
    async with FarEnd.listening() as far, connected(name, far) as carrier:
        far.drips = True
        began = time.monotonic()
        with pytest.raises(PlaceUnknown):
            await place_once(carrier)

    assert time.monotonic() - began < 3 * TIMEOUT


async def _until_received(far: FarEnd, what: bytes) -> None:
    deadline = time.monotonic() + 20
    while what not in far.received:
        assert time.monotonic() < deadline, "the other process did not connect"
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)  # its answer has been read


@asynccontextmanager
async def another_process(name: str, url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker: connects, and places a call when a line comes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.carriers.test_late_arrival", name, url),
        stdin=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _work(name: str, url: str) -> None:
    carrier = a_carrier(name, url)
    await carrier.fetch("nobody")
    await asyncio.to_thread(sys.stdin.readline)
    await place_once(carrier)


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
