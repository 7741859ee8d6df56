"""What jobs that are watched wait for: their workflows are asked once for all who watch."""

import asyncio

from api.jobs.schemas import WaitingFor
from workflows.client import JobWorkflows

ASK_SECONDS = 5.0  # an answer is told for so long
ANSWER_SECONDS = 1.0  # within which a workflow answers; else nothing is told


class WaitingJobs:
    """The latest answers, those of the last seconds only."""

    def __init__(self, workflows: JobWorkflows) -> None:
        self._workflows = workflows
        self._asked: dict[str, tuple[float, asyncio.Task[WaitingFor | None]]] = {}

    async def read(self, job_id: str) -> WaitingFor | None:
        """None where a job waits for nothing, or its workflow does not answer within a second. Raises nothing."""
        now = asyncio.get_running_loop().time()
        at, answer = self._asked.get(job_id, (-ASK_SECONDS, None))
        if answer is None or now - at >= ASK_SECONDS:
            self._asked = {job: one for job, one in self._asked.items() if now - one[0] < ASK_SECONDS}
            answer = asyncio.create_task(self._ask(job_id))
            self._asked[job_id] = (now, answer)
        return await asyncio.shield(answer)  # whoever leaves takes it from nobody else

    async def _ask(self, job_id: str) -> WaitingFor | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                said = await self._workflows.progress(job_id)
        except TimeoutError:
            return None
        if said is None or said.waiting_for is None:
            return None
        return WaitingFor(**said.waiting_for.model_dump())
