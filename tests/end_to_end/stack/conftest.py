"""One local stack for the tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.live_stack import LiveStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running() as stack:
        yield stack
