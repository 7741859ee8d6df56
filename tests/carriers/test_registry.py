"""Carriers are found by their entry points, and set up from the environment."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carriers import CarrierRefused
from carriers.registry import (
    UnknownCarrierError,
    WrongSettings,
    find_wrong_settings,
    installed,
    number_settings,
    open_carrier,
    set_up,
    variables,
    with_own_settings,
)
from carriers.twilio import Twilio
from carriers.unconfigured import UnconfiguredCarrier
from settings import Settings
from tests.carriers.simulation import ACCOUNT_SID, AUTH_TOKEN, Simulator, closing
from tests.packages import install

OURS = {f"OUTDIAL_{name.upper()}" for name in Settings.model_fields}  # read by every carrier
OTHERS = """
from carriers.unconfigured import UnconfiguredCarrier

def quiet(environment):
    return UnconfiguredCarrier("quiet") if "OUTDIAL_QUIET_LINE" in environment else None

def liar(environment):
    return UnconfiguredCarrier("another")

def picky(environment):
    raise ValueError("OUTDIAL_PICKY_LINE must be 1 or 2.")
"""


@pytest.fixture
def package_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings the carriers `quiet` and `liar`."""
    (tmp_path / "others.py").write_text(OTHERS)
    install(tmp_path, monkeypatch, "outdial.carriers", quiet="others:quiet", liar="others:liar", picky="others:picky")
    yield
    sys.modules.pop("others", None)


def test_the_own_carriers_are_registered() -> None:
    assert "twilio" in installed()
    assert isinstance(set_up({"OUTDIAL_TWILIO_ACCOUNT_SID": "AC1"})["twilio"], Twilio)


def test_where_nothing_is_set_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert set_up({}) == {}
    assert "No carrier is set up" in caplog.text


@pytest.mark.usefixtures("package_of_others")
def test_another_package_adds_a_carrier_that_is_used_once_something_is_set_for_it() -> None:
    assert {"quiet", "twilio"} <= set(installed())
    assert open_carrier("quiet", {}) is None
    assert isinstance(open_carrier("quiet", {"OUTDIAL_QUIET_LINE": "7"}), UnconfiguredCarrier)


@pytest.mark.usefixtures("package_of_others")
def test_an_entry_that_returns_another_carrier_is_refused() -> None:
    with pytest.raises(UnknownCarrierError, match="others:liar"):
        open_carrier("liar", {})


@pytest.mark.usefixtures("package_of_others")
def test_what_a_factory_finds_wrong_is_said_with_the_setting_and_for_all_carriers() -> None:
    twilio = {"OUTDIAL_TWILIO_ACCOUNT_SID": "AC1", "OUTDIAL_TWILIO_BASE_URL": "http://carrier:port"}
    asterisk = {"OUTDIAL_ASTERISK_URL": "http://asterisk/ari", "OUTDIAL_ASTERISK_TRUNK": "PJSIP/trunk"}

    with pytest.raises(WrongSettings, match="OUTDIAL_PICKY_LINE must be 1 or 2"):
        open_carrier("picky", {})
    found = find_wrong_settings({**twilio, **asterisk})

    assert len(found) == 4
    assert "OUTDIAL_ASTERISK_TRUNK: " in found[0]
    assert "others:liar" in found[1]
    assert "OUTDIAL_PICKY_LINE" in found[2]
    assert "OUTDIAL_TWILIO_BASE_URL must be an address" in found[3]
    assert find_wrong_settings({"OUTDIAL_TWILIO_ACCOUNT_SID": "AC1"})[-1] == found[2]


def test_a_package_that_is_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "outdial.carriers", gone="no_such_module:gone")
    with pytest.raises(UnknownCarrierError, match=r"gone.*no_such_module:gone.*cannot be loaded"):
        variables()


def test_a_name_that_nobody_registered_is_answered_with_those_that_are() -> None:
    with pytest.raises(UnknownCarrierError, match="twilio"):
        open_carrier("pigeon", {})


def test_settings_reach_carriers_as_the_environment_would_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTDIAL_PIGEON_LOFT", "roof")
    environment = Settings(twilio_account_sid="AC1", twilio_auth_token="secret").environment()  # type: ignore[arg-type]

    assert environment["OUTDIAL_TWILIO_ACCOUNT_SID"] == "AC1"
    assert environment["OUTDIAL_TWILIO_AUTH_TOKEN"] == "secret"
    assert environment["OUTDIAL_TWILIO_BASE_URL"] == "none"
    assert environment["OUTDIAL_PIGEON_LOFT"] == "roof"


async def test_settings_of_its_own_replace_those_of_the_process(simulator: Simulator) -> None:
    shared = {
        "OUTDIAL_TWILIO_ACCOUNT_SID": "AC1",
        "OUTDIAL_TWILIO_AUTH_TOKEN": "wrong",
        "OUTDIAL_TWILIO_BASE_URL": simulator.url,
    }
    own = {"accountSid": ACCOUNT_SID, "authToken": AUTH_TOKEN}
    async with closing(with_own_settings("twilio", shared, own)) as carrier:
        assert (await carrier.health()).ok


@pytest.mark.usefixtures("package_of_others")
@pytest.mark.parametrize(
    ("name", "fields"),
    [("twilio", {"accountSid", "authToken"}), ("asterisk", {"trunk"}), ("quiet", set()), ("pigeon", set())],
)
def test_carriers_tell_what_single_numbers_may_set(name: str, fields: set[str]) -> None:
    settings = number_settings(name)
    assert (set(settings.model_json_schema()["properties"]) if settings else set()) == fields


async def test_a_carrier_that_is_missing_refuses_all_work_with_a_sentence() -> None:
    missing = UnconfiguredCarrier("pigeon")

    with pytest.raises(CarrierRefused, match="pigeon is not set up"):
        await missing.fetch("call")
    assert not (await missing.health()).ok


class Recorded(dict[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("twilio", {"OUTDIAL_TWILIO_ACCOUNT_SID": ACCOUNT_SID, "OUTDIAL_TWILIO_AUTH_TOKEN": AUTH_TOKEN}),
        ("asterisk", {"OUTDIAL_ASTERISK_URL": "http://127.0.0.1:8088/ari"}),
    ],
)
async def test_a_carrier_declares_what_it_reads(name: str, settings: dict[str, str]) -> None:
    environment = Recorded(settings)
    carrier = open_carrier(name, environment)
    assert carrier is not None
    async with closing(carrier):
        assert environment.read <= variables() | OURS
        assert len(environment.read) > 5
