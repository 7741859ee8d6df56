"""One Temporal for the session, whose workflows skip the time in which nothing happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from stack.temporal import dynamic_config, executable
from store.db.engine import Database
from tests.workflows.running import Running
from workflows.line_share import LinesPace
from workflows.names import SEARCH_ATTRIBUTES

SHORT_RUNS = 120  # events after which the server suggests to continue as new
HASTY = LinesPace(request_seconds=0.2, turn_seconds=0.5, refresh_seconds=1, max_run_events=40)
SKIPPING = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")
SUGGESTING = ("--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={SHORT_RUNS}")


async def start_temporal(*arguments: str) -> WorkflowEnvironment:
    """Set up as `outdial up` does it."""
    return await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(executable()),
        dev_server_extra_args=[*dynamic_config(), *arguments],
        dev_server_log_level="error",
        data_converter=pydantic_data_converter,
        search_attributes=SEARCH_ATTRIBUTES,
    )


@asynccontextmanager
async def temporal_address() -> AsyncIterator[str]:
    """Of a Temporal of its own, for processes that connect to one; with the namespace `default`."""
    async with await start_temporal() as environment:
        yield environment.client.service_client.config.target_host


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with await start_temporal(*SKIPPING, *SUGGESTING) as environment:
        yield environment


@pytest.fixture
async def unmanned(temporal: WorkflowEnvironment, engine: Database, database_url: str) -> AsyncIterator[Running]:
    """For tests that start and stop workers themselves."""
    running = Running(temporal, engine, database_url)
    yield running
    await running.close()


@pytest.fixture
async def running(unmanned: Running) -> AsyncIterator[Running]:
    """Workers on this test's database; one test at a time, for the names of queues are the same for all."""
    async with unmanned.workers(settle_seconds=0):
        yield unmanned


@pytest.fixture
async def running_long(engine: Database, database_url: str) -> AsyncIterator[Running]:
    """With a Temporal of its own, on which runs are as long as elsewhere."""
    async with await start_temporal(*SKIPPING) as environment:
        running = Running(environment, engine, database_url)
        async with running.workers(settle_seconds=0):
            yield running
        await running.close()


@pytest.fixture
async def hasty(temporal: WorkflowEnvironment, engine: Database, database_url: str) -> AsyncIterator[Running]:
    """Those who share lines talk fast, and the runs of the workflow that shares them out are short."""
    running = Running(temporal, engine, database_url, HASTY)
    async with running.workers(settle_seconds=0):
        yield running
    await running.close()
