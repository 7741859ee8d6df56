"""Charts are SVG that can be read, to scale."""

import xml.etree.ElementTree as ET

import pytest

from benchmarks.charts import LABEL, OURS, THEIRS, VALUE, WIDTH, Chart

SVG = "{http://www.w3.org/2000/svg}"


def bars(chart: Chart) -> list[tuple[float, str]]:
    """Width and color of each."""
    drawn = ET.fromstring(chart.svg()).iter(f"{SVG}rect")
    return [(float(bar.attrib["width"]), bar.attrib["fill"]) for bar in drawn]


def words(chart: Chart) -> list[str]:
    return [text.text or "" for text in ET.fromstring(chart.svg()).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_values_and_ours_are_set_off() -> None:
    drawn = bars(Chart("Rate", {"Outdial": 50, "DBOS": 100, "limit": 200}))
    room = WIDTH - LABEL - VALUE
    assert drawn == [(room / 4, OURS), (room / 2, THEIRS), (room, THEIRS)]


def test_nothing_is_a_line_that_can_be_seen() -> None:
    assert [width for width, _ in bars(Chart("Lost", {"Outdial": 0, "DBOS": 0}))] == [1.0, 1.0]


def test_labels_and_values_are_written_out() -> None:
    assert words(Chart("CPU", {"Outdial": 1234.5, "A & B <c>": 0.25}, "ms")) == [
        *("CPU", "Outdial", "1,234 ms"),
        *("A & B <c>", "0.250 ms"),
    ]


def test_a_target_beyond_all_bars_is_inside_the_picture() -> None:
    chart = Chart("Rate", {"Outdial": 10}, mark=("target", 40))
    lines = ET.fromstring(chart.svg()).findall(f"{SVG}line")
    assert [float(line.attrib["x1"]) for line in lines] == [WIDTH - VALUE]
    assert bars(chart)[0][0] == (WIDTH - LABEL - VALUE) / 4


def test_there_is_no_chart_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        Chart("Rate", {}).svg()
