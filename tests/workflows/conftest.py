"""One Temporal for the session, whose workflows skip the time in which nothing happens."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from stack.temporal import executable
from tests.workflows.running import Running
from workflows.names import SEARCH_ATTRIBUTES

SHORT_RUNS = 120  # events after which the server suggests to continue as new
DYNAMIC_CONFIG = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "limit.historyCount.suggestContinueAsNew": str(SHORT_RUNS),
}


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    config = [part for name, value in DYNAMIC_CONFIG.items() for part in ("--dynamic-config-value", f"{name}={value}")]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(executable()),
        dev_server_extra_args=config,
        dev_server_log_level="error",
        data_converter=pydantic_data_converter,
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment


@pytest.fixture
async def unmanned(temporal: WorkflowEnvironment, engine: AsyncEngine, database_url: str) -> AsyncIterator[Running]:
    """For tests that start and stop workers themselves."""
    running = Running(temporal, engine, database_url)
    yield running
    await running.close()


@pytest.fixture
async def running(unmanned: Running) -> AsyncIterator[Running]:
    """Workers on this test's database; one test at a time, for the names of queues are the same for all."""
    async with unmanned.workers():
        yield unmanned
