"""Downloads."""

from pathlib import Path

from tests.cli.answers import ID, refusal
from tests.cli.conftest import FakeApi, Run


def test_results_go_to_stdout_as_they_come(run: Run, api: FakeApi) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", (200, "phone,name\r\n+12025550101,Zoë\r\n".encode()))

    ended = run("results", ID)

    assert (ended.code, ended.out) == (0, "phone,name\r\n+12025550101,Zoë\r\n")
    assert api.requests[0].line == f"GET /batch/jobs/{ID}/results?format=csv"


def test_results_go_to_a_file(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", (200, b'{"phone":"+12025550101"}\n'))
    output = tmp_path / "results.jsonl"

    assert run("results", ID, "--format", "jsonl", "-o", str(output)).code == 0

    assert output.read_bytes() == b'{"phone":"+12025550101"}\n'
    assert api.requests[0].line.endswith("format=jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_refused_download_writes_nothing(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.will(f"GET /batch/jobs/{ID}/rejects", (404, refusal("job_not_found")))

    ended = run("rejects", ID, "-o", str(tmp_path / "rejects.csv"))

    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
    assert "Not like this. (job_not_found)" in ended.err


def test_a_download_that_breaks_off_keeps_what_was_there(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", None)
    output = tmp_path / "results.csv"
    output.write_text("old")

    assert run("results", ID, "-o", str(output)).code == 4

    assert output.read_text() == "old"
