"""One local stack for the tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.live_stack import LiveStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running() as stack:
        yield stack


@pytest.fixture(scope="session")
def encrypted() -> Iterator[LiveStack]:
    """One whose payloads Temporal keeps encrypted, and whose carrier records calls."""
    recording = {"OUTDIAL_TWILIO_RECORD": "on", "OUTDIAL_HOUSEKEEPER_SECONDS": "2"}
    with LiveStack.running("--codec", "--speed", "200", environment=recording) as running:
        yield running
