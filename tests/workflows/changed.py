"""Workflows as somebody may change them: what open runs cannot go on with, and what they can."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.batch_job import BatchJob, BatchJobResult, BatchJobStart
    from workflows.names import BATCH_JOB

PATCH = "a-pause-before-all"


@workflow.defn(name=BATCH_JOB)
class PausesFirst(BatchJob):
    """With a timer where there was none."""

    @workflow.init
    def __init__(self, start: BatchJobStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: BatchJobStart) -> BatchJobResult:
        await asyncio.sleep(1)
        return await super().run(start)


@workflow.defn(name=BATCH_JOB)
class PausesFirstWherePatched(BatchJob):
    """With the same timer, in runs that begin from now on."""

    @workflow.init
    def __init__(self, start: BatchJobStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: BatchJobStart) -> BatchJobResult:
        if workflow.patched(PATCH):
            await asyncio.sleep(1)
        return await super().run(start)
