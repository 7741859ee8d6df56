"""Dial strings of Asterisk: which endpoint they mean, and which a number may have of its own."""

import pytest
from pydantic import SecretStr, ValidationError

from carriers import CarrierRefused
from carriers.asterisk import Asterisk
from carriers.asterisk.options import Options
from carriers.asterisk.trunks import OwnTrunk, endpoint_of


@pytest.mark.parametrize(
    ("trunk", "endpoint"),
    [
        ("PJSIP/{number}@trunk", ("PJSIP", "trunk")),
        ("PJSIP/0{number}@my-trunk.2", ("PJSIP", "my-trunk.2")),
        ("PJSIP/trunk/sip:{number}@host.example:5070", ("PJSIP", "trunk")),
        ("Local/{number}@outbound", ("Local", "outbound")),
    ],
)
def test_a_trunk_is_the_endpoint_that_its_dial_string_names(trunk: str, endpoint: tuple[str, str]) -> None:
    assert endpoint_of(trunk) == endpoint


@pytest.mark.parametrize("trunk", ["PJSIP/{number}@trunk2", "PJSIP/{number}@Berlin_a-b.c"])
def test_a_numbers_own_trunk_is_an_endpoint_by_name(trunk: str) -> None:
    assert OwnTrunk.model_validate({"trunk": trunk}).trunk == trunk


@pytest.mark.parametrize(
    "trunk",
    [
        "",
        "PJSIP/trunk2",
        "PJSIP/+12025550101@trunk2",
        "PJSIP/{number}@",
        "PJSIP/{number}@a b",
        "PJSIP/{number}@a&PJSIP/{number}@b",
        "PJSIP/{number}@trunk2\n",
        "PJSIP/{number}{number}@trunk2",
        "PJSIP/{number.__class__}@trunk2",
        "PJSIP/trunk2/sip:{number}@elsewhere.example",
        "Local/{number}@internal",
        "pjsip/{number}@trunk2",
        f"PJSIP/{{number}}@{'a' * 80}",
        7,
    ],
)
def test_a_number_reaches_nothing_else_by_its_trunk(trunk: object) -> None:
    with pytest.raises(ValidationError):
        OwnTrunk.model_validate({"trunk": trunk})


@pytest.mark.parametrize("settings", [{}, {"trunk": "PJSIP/{number}"}, {"trunk": "Local/{number}@amd"}, {"path": "x"}])
async def test_settings_of_a_number_that_do_not_fit_are_for_a_person_to_fix(settings: dict[str, str]) -> None:
    asterisk = Asterisk(Options(url="http://127.0.0.1:9/ari", user="outdial", password=SecretStr("secret")))
    with pytest.raises(CarrierRefused):
        asterisk.with_settings(settings)
    await asterisk.close()
