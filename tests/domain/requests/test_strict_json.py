"""JSON as a request may hold it."""

import json
import tracemalloc
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest
from domain.requests.reading import MAX_PROBLEMS, Problems
from domain.requests.strict_json import MAX_OPTIONS, MAX_VALUES, has_more_values, parse_json, parse_json_text


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ('{"name": "Zoë"}'.encode(), None),
        ('{"name": "Zoë"}'.encode("utf-8-sig"), None),
        ('{"name": "Zoë"}'.encode(), "utf-8"),
        ('{"name": "Zoë"}'.encode("utf-8-sig"), "UTF8"),
        ('{"name": "Zoë"}'.encode("latin-1"), "ISO-8859-1"),
        ('{"name": "Zoë"}'.encode("utf-16"), None),
        ('{"name": "Zoë"}'.encode("utf-16-le"), "utf-16le"),
        ('{"name": "Zoë"}'.encode(), "no-such-charset"),
        ('{"name": "Zoë"}'.encode(), "hex"),
    ],
)
def test_any_charset_is_read(body: bytes, charset: str | None) -> None:
    assert parse_json(body, charset) == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (
            b"[12345678901234567890123, -0.5, 1e3, true, null]",
            [12345678901234567890123, -0.5, 1000.0, True, None],
        ),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_values_are_kept(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (
            b'{"contacts": [{}, {"score": NaN}]}',
            "contacts[1].score",
            "is not a finite number that can be stored",
        ),
        (b'{"a": {"b": [0, -Infinity]}}', "a.b[1]", "is not a finite number that can be stored"),
        (b'{"a": 1e400}', "a", "is not a finite number that can be stored"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a", "is not a finite number that can be stored"),
        (b'{"a": ["\\u0000"]}', "a[0]", "holds the character U+0000"),
        (b'{"a": ["ok", "\\ud800x"]}', "a[1]", "holds an unpaired surrogate"),
        (b'{"a": [{"\\udc00": 1}]}', "a[0]", "has a key that holds an unpaired surrogate"),
        (b'{"a": {"x\\u0000": 1}}', "a", "has a key that holds the character U+0000"),
        (b"NaN", "body", "is not a finite number that can be stored"),
        (b'{"first": NaN, "second": NaN}', "first", "is not a finite number that can be stored"),
        (
            b'{"contacts": [{"+12025550101": NaN}]}',
            "contacts[0].+…01",
            "is not a finite number that can be stored",
        ),
        (b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}", "a", "is nested deeper than 100 levels"),
        (b"[" * 3_000, "body", "is nested deeper than 100 levels"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_path(body: bytes, path: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_json(body)
    assert refused.value.details == [{"path": path, "reason": reason}]
    assert refused.value.sentence == f"{path} {reason}."


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b'{"a": 1,}', b'"a\nb"', b"\xff\xfe\xfd", b'{"a": "\xff"}'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_json(body)


def test_a_field_of_json_text_is_named() -> None:
    with pytest.raises(InvalidRequest, match="The contacts is not valid JSON: line 1, column 2"):
        parse_json_text("[+]", "contacts")
    with pytest.raises(InvalidRequest, match=r"contacts\[0\].a is not a finite number"):
        parse_json_text('[{"a": NaN}]', "contacts")


@given(st.binary(max_size=200), st.none() | st.text(max_size=12))
def test_no_bytes_are_worse_than_refused(body: bytes, charset: str | None) -> None:
    with suppress(InvalidRequest):
        parse_json(body, charset)


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


SIXTY_FOUR_KB = {
    "zeros below a long key": compact({"k" * 32_000: [0] * 16_600}),
    "zeros and one NaN below a long key": compact({"k" * 40_000: [*[0] * 9_000, float("nan")]}),
    "pairs of surrogates below a long key": compact({"k" * 20_000: [*[0] * 9_000, *["\U0001f600"] * 800]}),
    "objects": b"[" + b"{}," * 20_000 + b"{}]",
    "only openings": b"[" * 64_000,
    "fields": compact({f"a{number}": 0 for number in range(6_000)}),
    "long numbers": b"[" + b",".join([b"9" * 4_299] * 14) + b"]",
    "quotes in a string": compact({"a": ',"' * 20_000}),
}


@pytest.mark.parametrize("body", SIXTY_FOUR_KB.values(), ids=SIXTY_FOUR_KB)
def test_sixty_four_kilobytes_cost_milliseconds_and_a_few_megabytes(body: bytes) -> None:
    """The walk once wrote the path of every value: 530 MB and half a second for the first of these."""
    assert len(body) <= 66_000
    tracemalloc.start()
    with suppress(InvalidRequest):
        parse_json(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    began = process_time()
    with suppress(InvalidRequest):
        parse_json(body)
    assert process_time() - began < 0.05
    assert peak < 3_000_000


def test_a_body_of_more_values_than_are_read_is_refused_before_they_are_made() -> None:
    with pytest.raises(InvalidRequest, match="The body holds too many values: at most 10,000 are read"):
        parse_json(compact([0] * (MAX_OPTIONS + 1)))
    assert len(parse_json(compact([0] * (MAX_OPTIONS - 10)))) == MAX_OPTIONS - 10
    assert len(parse_json(compact([0] * (MAX_OPTIONS + 1)), max_values=MAX_VALUES)) == MAX_OPTIONS + 1


def test_commas_and_brackets_of_texts_are_no_values() -> None:
    text = json.dumps({"notes": ["a, b, [c], {d}", r"\", [", ","] * 1_000})
    assert text.count(",") > 7_000
    assert not has_more_values(text, 3_010)
    assert has_more_values(text, 3_000)


def test_every_problem_of_a_request_counts_and_the_first_hundred_are_told() -> None:
    problems = Problems()
    for number in range(1_000):
        problems.note(f"field{number}", "is wrong")
    with pytest.raises(InvalidRequest) as refused:
        problems.raise_if_any()
    assert len(refused.value.details) == MAX_PROBLEMS
    assert refused.value.sentence.endswith("field19 is wrong, and 980 more problems.")
