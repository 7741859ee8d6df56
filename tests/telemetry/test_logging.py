"""One format for every process: ids in it, numbers not, and what repeats said less and less often."""

import json
import logging
import time

import pytest

from telemetry.logging import BackOff, JsonLines, TextLines


def a_record(message: str, level: int = logging.WARNING, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("store", level, "", 0, message, None, None)
    record.__dict__.update(extra)
    return record


def passed(back_off: BackOff, message: str, level: int = logging.WARNING) -> str | None:
    record = a_record(message, level)
    return record.getMessage() if back_off.filter(record) else None


@pytest.mark.parametrize("form", [JsonLines(), TextLines()])
def test_a_line_has_the_ids_and_no_number(form: logging.Formatter) -> None:
    temporal = {"workflow_id": "batch-job/batch_1", "activity_id": "call-contact_2-1", "run_id": "r"}
    line = form.format(a_record("calling +12025550147", temporal_activity=temporal, jobId="batch_1", actor="key_1"))
    assert "+12025550147" not in line
    for named in ("batch-job/batch_1", "call-contact_2-1", "jobId", "key_1", "47"):
        assert named in line
    assert "run" not in line


def test_a_traceback_is_in_the_line_in_json() -> None:
    try:
        raise ValueError("of +12025550147")
    except ValueError as error:
        record = logging.LogRecord("api", logging.ERROR, "", 0, "it failed", None, (type(error), error, None))
    entry = json.loads(JsonLines().format(record))
    assert "ValueError" in entry["traceback"]
    assert "12025550147" not in entry["traceback"]


def test_a_warning_that_repeats_is_said_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    back_off, said = BackOff(), []
    for second in range(600):
        now = 1000.0 + second
        if message := passed(back_off, f"Temporal does not answer, asked {second} times"):
            said.append((second, message))
    assert [second for second, _ in said] == [0, 2, 6, 14, 30, 62, 126, 254, 510]
    assert said[-1][1].endswith("(255 more like it were left out)")


def test_a_warning_after_a_long_quiet_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    back_off = BackOff()
    assert passed(back_off, "away") == "away"
    assert passed(back_off, "away") is None
    now = 60.0
    assert passed(back_off, "away") == "away (1 more like it were left out)"
    now = 62.0
    assert passed(back_off, "away") == "away"


def test_errors_and_other_warnings_always_pass() -> None:
    back_off = BackOff()
    assert [passed(back_off, "a bug", logging.ERROR) for _ in range(3)] == ["a bug"] * 3
    assert [passed(back_off, text) for text in ("one", "two", "three")] == ["one", "two", "three"]
