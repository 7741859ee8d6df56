"""What is generated is what the API says today."""

import pytest

from clients.generate.__main__ import PACKAGE, generate


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return generate()


@pytest.mark.parametrize("name", ["models.py", "operations.py", "async_operations.py"])
def test_the_committed_client_is_what_is_generated(generated: dict[str, str], name: str) -> None:
    assert (PACKAGE / name).read_text() == generated[name], "make client"
