"""What Asterisk's live channels and call detail records prove of a call whose answer was lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from carriers import Absent, CannotTell, CarrierRefused, Gone, SearchOrder
from carriers.asterisk import Asterisk
from carriers.asterisk.channel_ids import channel_id
from carriers.asterisk.options import Options
from carriers.clock import boot_time
from domain.calls.models import CallReport, Ending
from tests.carriers.simulation import an_order, number_ending
from tests.conformance.line import Ear
from tests.serving import served

KEY = "contact_1f:1"
CALL = channel_id("outdial", KEY)
RECORD_FIRST_SECONDS = 0.2


class Interface:
    """Asterisk's REST interface without any call. `started_ago` and `ahead`, by which its clock is wrong, in hours."""

    def __init__(self) -> None:
        self.url = ""
        self.started_ago = 100.0
        self.ahead = 0.0
        self.destroys = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/ari/channels/{id}", self._no_channel)
        app.router.add_get("/ari/asterisk/info", self._info)
        app.router.add_get("/ari/endpoints/PJSIP/trunk", self._trunk)
        app.router.add_get("/ari/applications/outdial", self._trunk)
        app.router.add_get("/ari/events", self._events)
        return app

    async def _no_channel(self, _: web.Request) -> web.Response:
        return web.json_response({"message": "Channel not found"}, status=404)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        """Nothing but the end of the call, once that is allowed: it rang until the timer ended it."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self.destroys.wait()
        channel = {"id": CALL, "state": "Ringing"}
        await socket.send_json({"type": "ChannelDestroyed", "cause": 19, "tech_cause": 480, "channel": channel})
        await socket.receive()
        return socket

    async def _trunk(self, _: web.Request) -> web.Response:
        return web.json_response({"state": "online"})

    async def _info(self, _: web.Request) -> web.Response:
        now = datetime.now(UTC) + timedelta(hours=self.ahead)
        started = now - timedelta(hours=self.started_ago)
        return web.json_response(
            {"status": {"startup_time": started.isoformat(timespec="milliseconds")}},
            headers={"Date": format_datetime(now, usegmt=True)},
        )


@pytest.fixture
async def interface() -> AsyncIterator[Interface]:
    interface = Interface()
    async with served(interface.app()) as interface.url:
        yield interface


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "Master.csv"
    path.write_text("")
    return path


@pytest.fixture
async def asterisk(interface: Interface, records: Path) -> AsyncIterator[Asterisk]:
    asterisk = open_asterisk(interface, records)
    yield asterisk
    await asterisk.close()


def open_asterisk(interface: Interface, records: Path) -> Asterisk:
    """As another process would have it."""
    return Asterisk(Options(url=f"{interface.url}/ari", user="u", password=SecretStr("p"), cdr_path=records))


def a_search(seconds_ago: float = 90) -> SearchOrder:
    now = datetime.now(UTC)
    asked = now - timedelta(seconds=seconds_ago)
    return SearchOrder(
        key=KEY, to="+12025550101", from_="+12025550100", asked_after=asked, asked_before=now, searched_at=now
    )


@pytest.mark.parametrize("ahead", [-5.0, 0.0, 5.0])
async def test_an_asterisk_that_started_since_proves_nothing_whatever_its_clock_says(
    asterisk: Asterisk, interface: Interface, ahead: float
) -> None:
    """A clock five hours slow makes a start of a minute ago look like one of five hours ago."""
    await follow(asterisk, 0.3)
    interface.ahead, interface.started_ago = ahead, 100.0
    assert isinstance(await asterisk.find(a_search(seconds_ago=0.1)), Absent)

    interface.started_ago = -0.01 / 3600
    assert isinstance(await asterisk.find(a_search(seconds_ago=0.1)), CannotTell)


async def test_who_followed_the_records_since_before_the_request_knows_that_there_is_none(
    asterisk: Asterisk, interface: Interface, records: Path
) -> None:
    await follow(asterisk, 0.3)
    assert isinstance(await asterisk.find(a_search(seconds_ago=0.1)), Absent)
    assert isinstance(await asterisk.find(a_search(seconds_ago=90)), CannotTell)

    another = open_asterisk(interface, records)
    assert isinstance(await another.find(a_search(seconds_ago=0.1)), CannotTell)
    await another.close()


@pytest.mark.parametrize(("ended_ago", "kind"), [(100, Absent), (80, CannotTell)])
async def test_a_line_written_before_the_request_proves_the_same(
    asterisk: Asterisk, records: Path, ended_ago: float, kind: type
) -> None:
    """By Asterisk's clock, in its own words: the last column."""
    records.write_text(a_line("outdial-contact_2f-1", ended_ago) + a_line("outdial-contact_3f-1", 1))

    assert isinstance(await asterisk.find(a_search(seconds_ago=90)), kind)


async def test_lines_without_that_column_prove_nothing_by_their_age(asterisk: Asterisk, records: Path) -> None:
    records.write_text(a_line("outdial-contact_2f-1", 10_000).rsplit(",", 1)[0] + "\n")

    assert isinstance(await asterisk.find(a_search(seconds_ago=90)), CannotTell)


def rename(path: Path) -> None:
    """As logrotate's `create` does."""
    path.rename(path.with_name("Master.csv.1"))
    path.write_text("")


def rename_alone(path: Path) -> None:
    """As `nocreate` does: Asterisk makes the file with its next record."""
    path.rename(path.with_name("Master.csv-20261128"))


def copy_and_truncate(path: Path) -> None:
    path.with_name("Master.csv.1").write_text(path.read_text())
    os.truncate(path, 0)


ROTATIONS = [rename, rename_alone, copy_and_truncate]


@pytest.mark.parametrize("rotate", ROTATIONS)
async def test_a_record_that_was_rotated_away_unread_is_found(
    asterisk: Asterisk, records: Path, rotate: Callable[[Path], None]
) -> None:
    """And one of another process, which has never read the file."""
    await follow(asterisk, 0)
    records.write_text(a_line(CALL, 30))
    rotate(records)

    found = await asterisk.find(a_search(seconds_ago=90))

    assert isinstance(found, CallReport)
    assert found.ending is Ending.BUSY


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate])
async def test_a_process_that_starts_after_a_rotation_finds_it_too(
    asterisk: Asterisk, records: Path, rotate: Callable[[Path], None]
) -> None:
    records.write_text(a_line(CALL, 30))
    rotate(records)

    assert isinstance(await asterisk.find(a_search(seconds_ago=90)), CallReport)


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate])
async def test_a_rotated_file_that_is_gone_proves_nothing(
    asterisk: Asterisk, records: Path, rotate: Callable[[Path], None]
) -> None:
    records.write_text(a_line("outdial-contact_2f-1", 10_000))
    await follow(asterisk, 0.3)
    with records.open("a") as file:
        file.write(a_line(CALL, 0))
    rotate(records)
    records.with_name("Master.csv.1").unlink()
    records.write_text("" if rotate is rename else a_line("outdial-contact_3f-1", -60) * 20)  # grown past it

    assert isinstance(await asterisk.find(a_search(seconds_ago=0.1)), CannotTell)


async def test_who_followed_the_file_through_a_rename_has_missed_nothing(asterisk: Asterisk, records: Path) -> None:
    await follow(asterisk, 0.3)
    records.write_text(a_line("outdial-contact_2f-1", 0))
    rename(records)

    assert isinstance(await asterisk.find(a_search(seconds_ago=0.1)), Absent)


@pytest.mark.parametrize(
    "line", ["", "\0\0\0", '"', "x" * 200_000, f'"{CALL}","s","BUSY","","","","inf","0","17"', ",,,,,,,,,"]
)
async def test_a_line_that_is_no_record_costs_no_other(asterisk: Asterisk, records: Path, line: str) -> None:
    records.write_text(line + "\n" + a_line(CALL, 30) + line + "\n")

    assert isinstance(await asterisk.find(a_search(seconds_ago=90)), CallReport)


async def test_records_that_cannot_be_read_are_a_fault_with_a_name(
    asterisk: Asterisk, interface: Interface, records: Path
) -> None:
    """A folder in the file's place: as root no permission is checked."""
    records.unlink()
    records.mkdir()
    asterisk.share_stream(_is_connected)

    with pytest.raises(CarrierRefused, match="call detail records"):
        await asterisk.place(an_order(number_ending("01")), callback_url="", send_before=boot_time() + 5)
    with pytest.raises(CarrierRefused):
        await asterisk.find(a_search())
    with pytest.raises(CarrierRefused):
        await asterisk.fetch("outdial-contact_1f-1")
    health = await asterisk.health()

    assert not health.ok
    assert [finding.ok for finding in health.findings if finding.what == "records"] == [False]
    assert str(records) in health.detail


async def test_an_end_whose_record_comes_first_and_is_uncertain_is_told_by_its_event(
    asterisk: Asterisk, interface: Interface, records: Path
) -> None:
    """ "No answer" after four seconds may be a refusal: whoever asked at that moment had the call given up."""
    records.write_text(a_line(CALL, 0).replace('"BUSY"', '"NO ANSWER"').replace('"1.5"', '"4.0"'))
    assert isinstance(await asterisk.fetch(CALL), Gone)

    ear = Ear()
    async with ear.streaming(asterisk):
        asking = asyncio.create_task(asterisk.fetch(CALL))
        await asyncio.sleep(RECORD_FIRST_SECONDS)
        interface.destroys.set()
        report = await asking

    assert isinstance(report, CallReport)
    assert report.ending is Ending.NO_ANSWER


async def _is_connected() -> bool:
    return True


async def follow(asterisk: Asterisk, seconds: float) -> None:
    """Have it read its records, as it does whenever it places a call or looks for one."""
    await asterisk.fetch(CALL)
    await asyncio.sleep(seconds)


def a_line(call: str, ended_ago: float) -> str:
    ended = datetime.now(UTC) - timedelta(seconds=ended_ago)
    at = f"{ended:%Y-%m-%d %H:%M:%S}"
    return f'"{call}","s","BUSY","{at}","","{at}","1.5","0.0","17","{ended.timestamp():.0f}"\n'
