"""A bed of somebody else is found, and which are a carrier's own."""

from pathlib import Path

import pytest

from tests.conformance.beds import beds
from tests.conformance.beds.twilio import TwilioBed
from tests.packages import install


def test_another_package_brings_beds_that_begin_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bed = "tests.conformance.beds.twilio:TwilioBed"
    install(tmp_path, monkeypatch, "outdial.conformance", **{"pigeon": bed, "pigeon-loft": bed, "pigeons": bed})

    assert beds("pigeon") == {"pigeon": TwilioBed, "pigeon-loft": TwilioBed}
    assert set(beds("twilio")) == {"twilio"}
