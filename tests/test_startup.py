"""A process that must not start says why in a sentence, and ends with code 2 before it does anything."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.temporal_namespace import Namespace
from store.temporal_namespace import NamespaceBinding
from tests.serving import beside
from tests.workflows.conftest import start_temporal

ANOTHER = Namespace(name="default", namespace_id="another", cluster_id="another")
SECONDS = 60


@asynccontextmanager
async def temporal() -> AsyncIterator[str]:
    async with await start_temporal() as environment:
        yield environment.client.service_client.config.target_host


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a Temporal with the namespace `default`."""
    with beside(temporal()) as served:
        yield served


@pytest.fixture
def environment(database_url: str, address: str) -> dict[str, str]:
    """Settings with which a process starts, but for the namespace."""
    return {"OUTDIAL_DATABASE_URL": database_url, "TEMPORAL_ADDRESS": address}


def started(module: str, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """How the process ended, and why: a line for each reason."""
    command = [sys.executable, "-P", "-m", module]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OUTDIAL_", "TEMPORAL_"))}
    ended = subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, [line for line in ended.stderr.splitlines() if "CRITICAL" in line]


async def test_a_worker_of_another_namespace_says_so(engine: AsyncEngine, environment: dict[str, str]) -> None:
    await NamespaceBinding(engine).bind(ANOTHER)
    code, said = started("worker", environment)
    assert (code, len(said)) == (2, 1), said
    assert "belongs to the Temporal namespace 'default' (id another, cluster another)" in said[0]


def test_a_worker_of_a_database_that_was_never_bound_says_so(environment: dict[str, str]) -> None:
    code, said = started("worker", environment)
    assert (code, len(said)) == (2, 1), said
    assert "outdial migrate --temporal" in said[0]


def test_a_worker_with_a_mistyped_namespace_says_so(environment: dict[str, str]) -> None:
    code, said = started("worker", environment | {"TEMPORAL_NAMESPACE": "defualt"})
    assert (code, len(said)) == (2, 1), said
    assert "Temporal has no namespace 'defualt' (TEMPORAL_NAMESPACE)." in said[0]
