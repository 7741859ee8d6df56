"""One lab for the folder: a real Asterisk, a real callee, and an agent that speaks."""

from collections.abc import Iterator

import pytest

from tests.telephony_lab.lab import Lab, running


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    with running() as lab:
        yield lab
