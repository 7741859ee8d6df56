"""Pages of jobs: as models, or as JSON for which each job is written down once, and kept while it is the same.

Most jobs of a page ended long ago.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

from api.auth import MemberDep
from api.dependencies import JobsDep, service
from api.jobs.queries import JobQuery, JobQueryDep, YesNo
from api.jobs.schemas import JobPage
from domain.jobs.views import render_job
from store.jobs.pages import JobPage as ReadPage
from store.jobs.pages import JobVersion
from store.jobs.repository import Jobs

MAX_KEPT = 4_000  # jobs, of about 1 KB each


class RenderedJobs:
    """The jobs of one process's lists, those that were shown last."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._kept: dict[JobVersion, bytes] = {}  # by when it was shown, the longest ago first

    async def read_page(self, organization_id: str, query: JobQuery) -> bytes:
        """A `JobPage` as JSON, newest first."""
        shown: dict[JobVersion, bytes] = {}

        def take(version: JobVersion) -> bool:
            """Other requests may drop it from what is kept while this one waits."""
            kept = self._kept.get(version)
            if kept is not None:
                shown[version] = kept
            return kept is not None

        found = await _list(self._jobs, organization_id, query, take)
        shown |= {version: render_job(job).model_dump_json().encode() for version, job in found.read.items()}
        self._keep(shown)
        frame = JobPage(batch_jobs=[], total=found.total, page=query.page, page_size=query.page_size)
        return _fill(frame, b",".join([shown[version] for version in found.versions]))

    def _keep(self, shown: Mapping[JobVersion, bytes]) -> None:
        for version in shown:
            self._kept.pop(version, None)
        self._kept |= shown
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _fill(frame: JobPage, jobs: bytes) -> bytes:
    """The page with these jobs: its list comes first, and is empty."""
    empty, rest = frame.model_dump_json().encode().split(b"[]", 1)
    return b"%b[%b]%b" % (empty, jobs, rest)


async def _list(jobs: Jobs, organization_id: str, query: JobQuery, is_known: Callable[[JobVersion], bool]) -> ReadPage:
    return await jobs.list_page(
        organization_id,
        query.status,
        query.search,
        query.page,
        query.page_size,
        tests=query.test is YesNo.YES,
        test_of=query.test_of,
        is_known=is_known,
    )


RenderedJobsDep = Annotated[RenderedJobs, service(RenderedJobs)]


async def read_job_page(caller: MemberDep, query: JobQueryDep, jobs: JobsDep) -> JobPage:
    """The same page as models, for who shows it otherwise."""
    found = await _list(jobs, caller.organization_id, query, lambda _: False)
    rendered = [render_job(job) for job in found.jobs]
    return JobPage(batch_jobs=rendered, total=found.total, page=query.page, page_size=query.page_size)
