"""Which beds there are, and that one of somebody else is found."""

from pathlib import Path

import pytest

from tests.conformance.beds import beds
from tests.conformance.beds.simulator import SimulatorBed


def test_a_carriers_beds_are_those_that_begin_with_its_name() -> None:
    assert set(beds("twilio")) == {"twilio", "twilio-prism"}
    assert beds("pigeon") == {}


def test_another_package_brings_its_bed_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "others-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    point = "pigeon = tests.conformance.beds.simulator:SimulatorBed"
    (described / "entry_points.txt").write_text(f"[outdial.conformance]\n{point}\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert beds("pigeon") == {"pigeon": SimulatorBed}
