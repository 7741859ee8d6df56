"""Which beds there are, and that one of somebody else is found."""

from pathlib import Path

import pytest

from tests.conformance.beds import beds
from tests.conformance.beds.simulator import SimulatorBed
from tests.packages import install


def test_a_carriers_beds_are_those_that_begin_with_its_name() -> None:
    assert set(beds("twilio")) == {"twilio", "twilio-prism"}
    assert beds("pigeon") == {}


def test_another_package_brings_its_bed_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "outdial.conformance", pigeon="tests.conformance.beds.simulator:SimulatorBed")

    assert beds("pigeon") == {"pigeon": SimulatorBed}
