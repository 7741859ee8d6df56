"""Which calls an Asterisk lists: those of its records and its live channels, where no record can be missing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from carriers import CannotTell
from carriers.asterisk import Asterisk
from domain.calls.models import CallState, Ending, PlacedCall
from tests.carriers.test_asterisk_finding import Interface, a_line, open_asterisk
from tests.serving import served

LIVE = [
    {"id": "outdial-contact_4f-2", "state": "Up"},
    {"id": "agent-outdial-contact_4f-2", "state": "Up"},
    {"id": "somebody-else-1", "state": "Up"},
]


class Exchange(Interface):
    """With live channels: one call of ours, the leg to its agent, and a call of somebody else."""

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/ari/channels", self._channels)
        return app

    async def _channels(self, _: web.Request) -> web.Response:
        return web.json_response(LIVE)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    exchange = Exchange()
    async with served(exchange.app()) as exchange.url:
        yield exchange


async def listed(exchange: Exchange, records: Path, minutes: float) -> list[PlacedCall] | None:
    """What it says of the last minutes; None: it cannot tell."""
    asterisk: Asterisk = open_asterisk(exchange, records)
    calls = await asterisk.list_calls(set(), datetime.now(UTC) - timedelta(minutes=minutes))
    await asterisk.close()
    return None if isinstance(calls, CannotTell) else list(calls)


async def test_calls_of_ours_are_listed_by_their_keys(exchange: Exchange, tmp_path: Path) -> None:
    records = tmp_path / "Master.csv"
    lines = [a_line("outdial-contact_1f-1", 7_200), a_line("outdial-contact_2f-3", 600), a_line("another-1", 60)]
    records.write_text("".join(lines))

    calls = await listed(exchange, records, minutes=60)

    assert calls is not None
    assert [(call.report.key, call.report.state) for call in calls] == [
        ("contact_2f:3", CallState.ENDED),
        ("contact_4f:2", CallState.ANSWERED),
    ]
    assert calls[0].report.ending is Ending.BUSY
    assert {(call.to, call.from_) for call in calls} == {(None, None)}


async def test_records_that_do_not_go_back_so_far_cannot_tell(exchange: Exchange, tmp_path: Path) -> None:
    records = tmp_path / "Master.csv"
    assert await listed(exchange, records, minutes=60) is None
    records.write_text(a_line("outdial-contact_2f-3", 600))
    assert await listed(exchange, records, minutes=60) is None
    assert await listed(exchange, records, minutes=5) is not None


async def test_an_asterisk_that_started_since_cannot_tell(exchange: Exchange, tmp_path: Path) -> None:
    """It writes no record of the calls that died with it."""
    records = tmp_path / "Master.csv"
    records.write_text(a_line("outdial-contact_1f-1", 7_200))
    exchange.started_ago = 0.5

    assert await listed(exchange, records, minutes=60) is None
    assert await listed(exchange, records, minutes=20) is not None


async def test_records_without_the_time_of_their_end_cannot_tell(exchange: Exchange, tmp_path: Path) -> None:
    records = tmp_path / "Master.csv"
    without = a_line("outdial-contact_2f-3", 600).rsplit(",", 1)[0] + "\n"
    records.write_text(a_line("outdial-contact_1f-1", 7_200) + without)

    assert await listed(exchange, records, minutes=60) is None
