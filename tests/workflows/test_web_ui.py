"""The details of workflows in Temporal's web UI, which renders Markdown: a job's name is text, whatever is in it."""

import pytest

from domain.statuses import ContactStatus, JobStatus
from workflows.web_ui import JobProgress, JobShare, Shares, escape_markdown, job_details, lines_details, listed_name

WRITTEN = [
    ("Spring", "Spring"),
    ("[click](https://a.example)", r"\[click\](https://a.example)"),
    ("![x](https://a.example/p.png)", r"!\[x\](https://a.example/p.png)"),
    ("<img src=x>", r"\<img src=x\>"),
    ("a | b", r"a \| b"),
    ("two\n\n# lines", r"two \# lines"),
    (r"\*_`", r"\\\*\_\`"),
]


@pytest.mark.parametrize(("name", "written"), WRITTEN)
def test_a_jobs_name_is_text_in_its_summary(name: str, written: str) -> None:
    assert escape_markdown(name) == written


@pytest.mark.parametrize(("name", "written"), WRITTEN)
def test_a_jobs_name_and_its_reason_are_text_in_its_details(name: str, written: str) -> None:
    progress = JobProgress(live_calls=0, lines_held=0, lines_wanted=0)
    lines = job_details(name, JobStatus.PAUSED, name, {ContactStatus.PENDING: 1}, progress).splitlines()
    assert (lines[0], lines[4]) == (f"### {written}", written)
    assert len(lines) == 9


@pytest.mark.parametrize(("name", "written"), WRITTEN)
def test_a_jobs_name_is_text_in_the_table_of_lines(name: str, written: str) -> None:
    share = JobShare(job_id="job_1", name=name, priority=5, wants=1, lines=1)
    *_, row = lines_details(Shares(limit=5, reserved=0, jobs=(share,))).splitlines()
    assert row == f"| {written} | 5 | 1 | 1 |"


@pytest.mark.parametrize(
    ("name", "listed"),
    [("Spring", "Spring"), ("[a](b) | c", "[a](b) | c"), ("two\n\n lines", "two lines"), ("ü" * 300, "ü" * 255)],
)
def test_a_name_fits_the_list_of_workflows(name: str, listed: str) -> None:
    assert listed_name(name) == listed
