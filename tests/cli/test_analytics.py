"""Answer rates in a terminal, as JSON and as a file."""

import json
from typing import Any

from tests.cli.conftest import FakeApi, Run

SUMS = {
    "attempts": 412,
    "answered": 173,
    "answeredByPeople": 120,
    "answeredByMachines": 41,
    "answerRate": 0.4199,
    "talkSeconds": 10120,
    "cost": "2.95",
}
RATES: dict[str, Any] = {
    "by": "job",
    "from": "2026-03-02",
    "to": "2026-03-29",
    "countedUntil": "2026-03-29T10:00:00Z",
    "overall": SUMS,
    "entries": [{"key": "batch_1", "name": "[red]Spring", **SUMS}],
    "total": 2,
    "page": 1,
    "pageSize": 100,
}
WEEKS = {"thisWeek": SUMS, "lastWeekUntilThen": SUMS | {"attempts": 0, "answerRate": None}, "lastWeek": SUMS}


def test_answer_rates_are_a_table_with_the_sum_below(run: Run, api: FakeApi) -> None:
    api.will("GET /analytics/answer-rates", (200, RATES))
    ended = run("analytics", "rates", "--by", "job", "--from", "2026-03-02", "--number", "+12025550100")
    assert ended.code == 0, ended.err
    assert api.requests[0].line.endswith("?by=job&from=2026-03-02&fromNumber=%2B12025550100&pageSize=100")
    _, heading, row, overall, more, until = ended.out.strip().splitlines()
    assert heading.split() == ["Job", "Name", "Attempts", "Answered", "People", "Machines", "Rate", "Cost"]
    assert row.split() == ["batch_1", "[red]Spring", "412", "173", "120", "41", "42.0%", "$2.95"]
    assert overall.split()[0] == "all"
    assert more == "1 of 2; all of them with --csv"
    assert "2026-03-29T10:00:00Z" in until


def test_a_script_gets_json_or_the_file(run: Run, api: FakeApi) -> None:
    api.will("GET /analytics/answer-rates", (200, RATES), (200, b"job,name\r\nbatch_1,Spring\r\n"))
    assert json.loads(run("analytics", "rates", "--json").out) == RATES
    assert run("analytics", "rates", "--csv").out == "job,name\r\nbatch_1,Spring\r\n"
    assert api.requests[1].line.endswith("format=csv")


def test_weeks_are_compared_in_points(run: Run, api: FakeApi) -> None:
    api.will("GET /analytics/weeks", (200, WEEKS | {"change": -0.0312}), (200, WEEKS | {"change": None}))
    ended = run("analytics", "weeks", "--timezone", "Asia/Tokyo")
    assert api.requests[0].line.endswith("?timezone=Asia%2FTokyo")
    assert "Last week until then" in ended.out
    assert "changed by -3.1 points" in ended.out
    assert "points" not in run("analytics", "weeks").out
