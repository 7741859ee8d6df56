"""`pytest tests/conformance --carrier NAME`: every test once for each bed, all tests of a bed in one process."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.conformance.bed import NotHere
from tests.conformance.beds import beds
from tests.conformance.line import Line


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "line" not in metafunc.fixturenames:
        return
    carrier = metafunc.config.getoption("--carrier")
    names = list(beds(carrier)) or [carrier]
    groups = [pytest.param(name, marks=pytest.mark.xdist_group(f"conformance-{name}")) for name in names]
    metafunc.parametrize("line", groups, indirect=True, scope="session")


@pytest.fixture(scope="session")
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    bed = beds().get(request.param)
    if bed is None:
        pytest.fail(f"There is no bed for the carrier {request.param}; there are: {', '.join(sorted(beds()))}.")
    try:
        async with Line(bed()).open() as line:
            yield line
    except NotHere as missing:
        if missing.tool in os.environ.get("OUTDIAL_REQUIRE", ""):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
