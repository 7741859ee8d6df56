"""`pytest tests/conformance --carrier NAME`: every test once for each bed, all tests of a bed in one process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.bed import NotHere, is_required
from tests.conformance.beds import beds
from tests.conformance.line import Line

ONLY = {"test_twilio.py": "twilio", "test_asterisk.py": "asterisk"}  # what is asked of one carrier, by file


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Nobody who judges a carrier of his own is told of tests that are not for it."""
    carrier, only = config.getoption("--carrier"), ONLY.get(collection_path.name)
    return True if carrier and only and carrier.partition("-")[0] != only else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "line" not in metafunc.fixturenames:
        return
    carrier = metafunc.config.getoption("--carrier") or ONLY.get(Path(metafunc.module.__file__).name)
    names = list(beds(carrier)) or [carrier]
    metafunc.parametrize("line", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    bed = beds().get(request.param)
    if bed is None:
        pytest.fail(f"There is no bed for the carrier {request.param}; there are: {', '.join(sorted(beds()))}.")
    try:
        async with Line(bed()).open() as line:
            yield line
    except NotHere as missing:
        if is_required(missing.tool):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
