"""From the bytes of a contact file to contacts and a report: limits, and what no file of `tests/files` has."""

import codecs
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contacts.contact import ReadOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.read_file import read_contact_file
from domain.contacts.report import Intake
from domain.errors import InvalidCsv, NoValidContacts, RequestError

A, B, C = "+12025550101", "+12025550102", "+12025550103"


def read(text: str) -> Intake:
    return read_contact_file(text.encode())


def numbers(intake: Intake) -> list[tuple[int, str]]:
    return [(contact.row, contact.number) for contact in intake.contacts]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "There is no file"),
        (b"phone,name\n+12025550101,\x81\x8d\n", "cannot be decoded"),
        (codecs.BOM_UTF8 + b"phone\n\xff", "cannot be decoded"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes | None, reason: str) -> None:
    with pytest.raises(InvalidCsv, match=reason):
        read_contact_file(content)


def test_quotes_in_the_header_hide_delimiters() -> None:
    assert read(f'"first;last";"phone"\nAnn;{A}').contacts[0].data == {"first;last": "Ann", "phone": A}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_row_but_not_inside_quotes(end: str) -> None:
    intake = read(end.join(["phone,note", f'{A},"two{end}lines"', f"{B},x"]))
    assert numbers(intake) == [(2, A), (3, B)]
    assert intake.contacts[0].data["note"] == f"two{end}lines"


def test_a_broken_quote_in_the_last_row_is_not_an_open_one() -> None:
    assert numbers(read(f'phone,name\n{A},Ann\n{B},"Bob" Lee')) == [(2, A)]


def test_an_empty_number_is_reported_as_the_column_is_written() -> None:
    (bad,) = read(f"Phone,name\n,Ann\n{A},Bob\n").report.invalid
    assert (bad.row, bad.column, bad.value, bad.reason) == (2, "Phone", "", "is empty")


def test_headers_may_differ_in_letter_case_alone_and_be_a_year() -> None:
    data = read(f"phone,City,city,2026\n{A},Berlin,Paris,x\n").contacts[0].data
    assert data == {"phone": A, "City": "Berlin", "city": "Paris", "2026": "x"}


@pytest.mark.parametrize(
    "header",
    [
        "phone, PHONE ,city", "phone,name,NAME", f"Ann,{A}", "12025550101,Ann", "(202) 555-0101,Ann",
        "1.20256E+10,Ann", f"'{A}", "1,2,3", "", " , ", '"phone"x,name',
    ],
)  # fmt: skip
def test_a_first_row_without_proper_column_names_is_refused(header: str) -> None:
    with pytest.raises(InvalidCsv, match="the first row must hold column names"):
        read(f"{header}\n{A},b,c\n")


def test_a_header_never_shows_a_number_when_it_is_refused() -> None:
    with pytest.raises(InvalidCsv, match="…01") as refused:
        read_contact_file(f"phone,{A},{A}\n{B},x,y\n".encode(), ReadOptions(columns=NamedColumns(external_id=A)))
    assert A[1:] not in refused.value.sentence


def test_when_every_row_is_bad_the_error_lists_them() -> None:
    with pytest.raises(NoValidContacts) as refused:
        read("phone\n12025550101\n+1\n")
    assert [(detail["row"], detail["value"]) for detail in refused.value.details] == [(2, "…01"), (3, "…")]


def test_ten_thousand_rows_take_less_than_two_seconds_and_blank_ones_do_not_count() -> None:
    areas = (202, 212, 415)
    rows = "\n".join(f"+1{areas[place % 3]}555{place // 3:04d},Name {place},Berlin" for place in range(10_000))
    began = process_time()
    report = read(f"phone,name,city\n{rows}\n\n\n\n").report
    assert process_time() - began < 2
    assert (report.rows, report.valid, report.blank) == (10_003, 10_000, 3)


def test_the_lists_of_the_report_end_at_100_and_the_totals_count_on() -> None:
    report = read("phone\n" + f"{A}\n" * 151 + "bad\n" * 120).report
    assert (report.rows, report.valid, report.duplicates_total, report.invalid_total) == (271, 1, 150, 120)
    assert (len(report.duplicates), len(report.invalid)) == (100, 100)


def test_a_contact_has_at_most_200_fields() -> None:
    fields = ",".join(f"c{place}" for place in range(199))
    assert len(read(f"phone,{fields}\n{A},{fields}").contacts[0].data) == 200


def test_a_contact_is_at_most_64_kb_as_json() -> None:
    frame = len('{"phone": "+12025550101", "note": ""}')
    intake = read(f"phone,note\n{A},{'x' * (65_536 - frame)}\n{B},{'x' * (65_537 - frame)}\n")
    assert numbers(intake) == [(2, A)]
    assert intake.report.invalid[0].reason == "is larger than 64 KB"


def test_a_cell_of_ten_megabytes_is_one_bad_row() -> None:
    assert numbers(read(f'phone,note\n{A},"{"x" * 10_000_000}"\n{B},y\n')) == [(3, B)]


def test_a_file_of_nothing_but_line_ends_below_the_header_ends_soon() -> None:
    with pytest.raises(InvalidCsv, match="more than 1,048,576 rows"):
        read_contact_file(b"phone\n" + b"\n" * 1_100_000)


_CELLS = st.sampled_from([A, B, C, "", " ", "bad", '"', '"x"', '"x" y', "a,b", "\n", "\r", "''", "'" + A])
_FILES = st.lists(st.lists(_CELLS, max_size=3).map(",".join), max_size=12).map("\n".join)


@given(_FILES)
def test_every_row_below_the_header_is_accounted_for(body: str) -> None:
    try:
        intake = read(f"phone,name\n{A},Ann\n{body}\n")
    except InvalidCsv:
        return
    report = intake.report
    assert report.rows == report.valid + report.invalid_total + report.duplicates_total + report.blank
    assert len({contact.number for contact in intake.contacts}) == len(intake.contacts) == report.valid


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: b"phone,name\n" + tail))
def test_no_bytes_are_worse_than_refused(content: bytes) -> None:
    with suppress(RequestError):
        read_contact_file(content)


@pytest.mark.parametrize(
    "header",
    ["\ufeff\ufeffphone,name", '\ufeff"\ufeffphone",name', "\u200bphone\u2060,name", "\u202aphone\u202c,\u200ename"],
)
def test_marks_that_are_not_seen_are_no_part_of_a_column_name(header: str) -> None:
    data = read_contact_file(f"{header}\n{A},Ada\n".encode()).contacts[0].data
    assert data == {"phone": A, "name": "Ada"}


def test_made_up_names_never_clash() -> None:
    intake = read(f"phone,column_2,,x,x,x_2,,\n{A},a,b,c,d,e,f,g\n")
    assert intake.contacts[0].data == {
        "phone": A, "column_2": "a", "column_3": "b", "x": "c", "x_3": "d", "x_2": "e", "column_7": "f",
        "column_8": "g",
    }  # fmt: skip
    assert intake.report.warnings == ['Column 5 has the name of another one, "x": it was read as "x_3".']


def test_a_doubled_column_with_a_meaning_is_refused() -> None:
    options = ReadOptions(columns=NamedColumns(external_id="id"))
    with pytest.raises(InvalidCsv, match='Column 3, "id", stands twice'):
        read_contact_file(f"phone,id,id\n{A},1,2\n".encode(), options)


def test_a_file_cut_off_in_the_middle_of_a_letter_keeps_its_other_rows() -> None:
    intake = read_contact_file(f"phone,name\n{A},Łukasz Żółć\n{B},Zoë".encode()[:-1])
    assert [contact.data["name"] for contact in intake.contacts] == ["Łukasz Żółć", "ZoÃ"]
    assert intake.report.warnings == ["Row 3: bytes that are not UTF-8 were read as Windows-1252; check their letters."]


def test_a_quote_after_a_blank_that_is_no_quoted_cell_stays() -> None:
    assert read(f'phone,size\n{A}, 12" wide\n{B}, "7\n').contacts[0].data["size"] == ' 12" wide'


def test_long_column_names_do_not_make_a_small_file_large() -> None:
    """They are stored with each contact: 679 KB once took 185 MB of the database."""
    names = ",".join("h" * 297 + f"{place:03d}" for place in range(199))
    rows = "".join(f"+1212555{place:04d}{',' * 199}\n" for place in range(3_000))
    text = f"phone,{names}\n{rows}".encode()
    assert len(text) < 1_000_000
    with pytest.raises(InvalidCsv, match="more than 33,554,432 characters, the names of their columns counted"):
        read_contact_file(text)
