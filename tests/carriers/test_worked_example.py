"""The carrier of docs/carriers.md: a package of its own adds it by one line. The conformance suite judges it."""

import tomllib
from pathlib import Path

import pytest

from carriers import Carrier, CarrierAway, PlaceUnknown
from carriers.clock import boot_time
from carriers.registry import installed, open_carrier
from examples.tincan.carrier import TinCan
from tests.carriers.simulation import an_order, closing
from tests.packages import install
from tests.receiving import Receiver, answers

EXAMPLE = Path(__file__).parents[2] / "examples" / "tincan"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]


async def test_one_line_of_its_own_package_adds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outdial_tincan").symlink_to(EXAMPLE)
    install(tmp_path, monkeypatch, "outdial.carriers", **PROJECT["entry-points"]["outdial.carriers"])
    assert "tincan" in installed()
    assert open_carrier("tincan", {}) is None

    carrier = open_carrier("tincan", {"OUTDIAL_TINCAN_URL": "http://127.0.0.1:9", "OUTDIAL_TINCAN_SECRET": "secret"})

    assert isinstance(carrier, Carrier)
    async with closing(carrier):
        assert not (await carrier.health()).ok


def test_no_part_of_outdial_knows_of_it() -> None:
    """What it takes is its own folder and the line that its package registers."""
    root = EXAMPLE.parents[1]
    parts = ("domain", "store", "carriers", "activities", "workflows", "api", "cli", "stack")
    files = [file for part in parts for file in (root / part).rglob("*.py")]
    files += [root / name for name in ("worker.py", "settings.py", "pyproject.toml")]
    assert len(files) > len(parts)
    assert [file.name for file in files if "tincan" in file.read_text().lower()] == []
    assert PROJECT["entry-points"] == {"outdial.carriers": {"tincan": "outdial_tincan.carrier:from_environment"}}


@pytest.mark.parametrize("body", ["nope", "[]", '{"call_id": "can-1"}', '{"state": "ended"}', "7"])
async def test_what_it_cannot_read_is_not_taken_for_an_answer(server: Receiver, body: str) -> None:
    server.answering = answers(200, body)
    async with closing(TinCan(server.origin, "secret")) as carrier:
        with pytest.raises(PlaceUnknown):
            await carrier.place(an_order("+12025550101"), callback_url="", send_before=boot_time() + 15)
        with pytest.raises(CarrierAway):
            await carrier.fetch("can-1")


def test_it_stays_under_100_lines() -> None:
    assert len((EXAMPLE / "carrier.py").read_text().splitlines()) < 100
