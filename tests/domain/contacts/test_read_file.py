"""From the bytes of a contact file to contacts and a report."""

import codecs
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contacts.read_file import read_contact_file
from domain.contacts.report import Intake
from domain.errors import InvalidCsv, MissingPhoneColumn, NoValidContacts, RequestError, TooManyContacts

A, B, C = "+12025550101", "+12025550102", "+12025550103"


def read(text: str, encoding: str = "utf-8") -> Intake:
    return read_contact_file(text.encode(encoding))


def numbers(intake: Intake) -> list[tuple[int, str]]:
    return [(contact.row, contact.number) for contact in intake.contacts]


def test_every_row_is_read_with_its_whole_data_in_order() -> None:
    intake = read(f"city,phone,name\nBerlin,{A},Ann\nParis,{B}, Bob \n")
    assert numbers(intake) == [(2, A), (3, B)]
    assert list(intake.contacts[1].data.items()) == [("city", "Paris"), ("phone", B), ("name", " Bob ")]
    assert intake.report.to_json() == {
        "rows": 2,
        "valid": 2,
        "blank": 0,
        "invalidTotal": 0,
        "invalid": [],
        "duplicatesTotal": 0,
        "duplicates": [],
        "warnings": [],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding_is_read(encoding: str) -> None:
    intake = read(f"phone,name\n{A},Zoë Łukasz\n", encoding)
    assert intake.contacts[0].data == {"phone": A, "name": "Zoë Łukasz"}
    assert intake.report.warnings == []


@pytest.mark.parametrize(("bom", "encoding"), [(codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")])
def test_a_utf16_byte_order_mark_tells_the_order(bom: bytes, encoding: str) -> None:
    intake = read_contact_file(bom + f"phone\n{A}\n".encode(encoding))
    assert list(intake.contacts[0].data) == ["phone"]


def test_windows_1252_is_read_and_said() -> None:
    intake = read(f"phone,name\n{A},Zoë €\n", "cp1252")
    assert intake.contacts[0].data["name"] == "Zoë €"
    assert intake.report.warnings == ["The file is not UTF-8 and was read as Windows-1252: check letters with accents."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"phone\n" + b"\x00" * 9, "binary data"),
        (b"phone\n+12025550101,\x00\n", "binary data"),
        (b"\x89PNG\r\n\x1a\n\x07\x01\xff", "binary data"),
        (b"phone,name\n+12025550101,\x81\x8d\n", "cannot be decoded"),
        (codecs.BOM_UTF8 + b"phone\n\xff", "cannot be decoded"),
        (codecs.BOM_UTF16_LE + b"p\x00h", "cannot be decoded"),
        (b"PK\x03\x04anything", "an Excel workbook"),
        (b"%PDF-1.7", "a PDF document"),
        (b"phone\n" + b"x" * (10 * 1024 * 1024), "larger than 10 MB"),
        (b'phone,name\n+12025550101,"Ann\n+12025550102,Bob\n', "opens in row 2 is never closed"),
    ],
)
def test_what_is_no_text_table_is_refused(content: bytes | None, said: str) -> None:
    with pytest.raises(InvalidCsv, match=said):
        read_contact_file(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_also_where_cells_hold_others(delimiter: str) -> None:
    intake = read(delimiter.join(["name", "phone", '"a,b;c|d"']) + "\n" + delimiter.join(['"x,y;z|w"', A, "1"]))
    assert intake.contacts[0].data == {"name": "x,y;z|w", "phone": A, "a,b;c|d": "1"}


def test_quotes_in_the_header_hide_delimiters() -> None:
    assert read(f'"first;last";"phone"\nAnn;{A}').contacts[0].data == {"first;last": "Ann", "phone": A}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_row_but_not_inside_quotes(end: str) -> None:
    intake = read(end.join(["phone,note", f'{A},"two{end}lines"', f"{B},x"]))
    assert numbers(intake) == [(2, A), (3, B)]
    assert intake.contacts[0].data["note"] == f"two{end}lines"


def test_a_doubled_quote_is_one_quote() -> None:
    assert read(f'phone,name\n{A},"Ann ""A"" Lee"').contacts[0].data["name"] == 'Ann "A" Lee'


def test_blank_rows_are_numbered_counted_and_skipped() -> None:
    intake = read(f"phone,name\n\n{A},Ann\n , \n,\n{B},Bob\n\n")
    assert numbers(intake) == [(3, A), (6, B)]
    assert (intake.report.rows, intake.report.valid, intake.report.blank) == (6, 2, 4)


def test_a_bad_number_is_skipped_and_reported_masked() -> None:
    intake = read(f"Phone,name\n12025550199,Ann\n{A},Bob\n,Cy\nno,Di\n+19005551234,Ed\n")
    assert numbers(intake) == [(3, A)]
    assert intake.report.to_json()["invalid"] == [
        {"row": 2, "column": "Phone", "value": "…99", "reason": "does not begin with + and a country code"},
        {"row": 4, "column": "Phone", "value": "", "reason": "is empty"},
        {
            "row": 5,
            "column": "Phone",
            "value": "…",
            "reason": "holds something other than one leading + and the digits 0 to 9",
        },
        {"row": 6, "column": "Phone", "value": "…34", "reason": "premium rate"},
    ]


def test_a_duplicate_is_called_once_and_the_first_wins() -> None:
    intake = read(f"phone,name\n{A},Ann\n{B},Bob\n'{A},Cy\n {A} ,Di\n")
    assert [contact.data["name"] for contact in intake.contacts] == ["Ann", "Bob"]
    assert intake.report.to_json()["duplicates"] == [{"row": 4, "firstRow": 2}, {"row": 5, "firstRow": 2}]
    assert intake.report.duplicates_total == 2


def test_a_row_of_another_width_is_reported_not_guessed() -> None:
    intake = read(f"phone,name\n{A}\n{B},Bob,Berlin\n{C},Cy,,\n")
    assert numbers(intake) == [(4, C)]
    assert intake.contacts[0].data == {"phone": C, "name": "Cy"}
    assert [(bad.row, bad.column, bad.value, bad.reason) for bad in intake.report.invalid] == [
        (2, None, None, "has 1 cell, the header has 2 columns"),
        (3, None, None, "has 3 cells, the header has 2 columns"),
    ]


def test_text_after_a_closing_quote_spoils_its_row_only() -> None:
    intake = read(f'phone,name\n{A},"Ann" Lee\n{B},Bob\n')
    assert numbers(intake) == [(3, B)]
    assert intake.report.invalid[0].row == 2
    assert intake.report.invalid[0].reason.startswith("has text after a closing quote")


def test_a_broken_quote_in_the_last_row_is_not_an_open_one() -> None:
    assert numbers(read(f'phone,name\n{A},Ann\n{B},"Bob" Lee')) == [(2, A)]


def test_headers_are_trimmed_and_kept_as_written() -> None:
    intake = read(f" PHONE , Name ,City,city,\n{A},Ann,Berlin,Paris,x\n")
    assert list(intake.contacts[0].data.items()) == [
        ("PHONE", A),
        ("Name", "Ann"),
        ("City", "Berlin"),
        ("city", "Paris"),
        ("column_5", "x"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "phone,city,city",
        "phone, city ,city",
        "phone,Phone",
        "phone,name,NAME",
        "column_2,,phone",
        f"{A},Ann",
        f"Ann,{A}",
        "12025550101,Ann",
        "(202) 555-0101,Ann",
        "1.20256E+10,Ann",
        f"'{A}",
        "1,2,3",
        "",
        " , ",
        '"phone"x,name',
    ],
)
def test_a_first_row_without_proper_column_names_is_refused(header: str) -> None:
    with pytest.raises(InvalidCsv, match="the first row must hold column names"):
        read(f"{header}\n{A},b,c\n")


def test_a_header_never_shows_a_number_when_it_is_refused() -> None:
    with pytest.raises(InvalidCsv) as refused:
        read(f"phone,{A},{A}\n{B},x,y\n")
    assert A[1:] not in refused.value.sentence
    assert "…01" in refused.value.sentence


def test_a_column_named_by_a_year_is_a_column() -> None:
    assert read(f"phone,2026\n{A},x\n").contacts[0].data == {"phone": A, "2026": "x"}


def test_without_a_phone_column_the_columns_found_are_named() -> None:
    with pytest.raises(MissingPhoneColumn) as refused:
        read(f"name;telephone\nAnn;{A}\n")
    assert refused.value.code == "missing_phone_column"
    assert refused.value.sentence == 'The file has no `phone` column. Its first row reads: "name", "telephone".'


@pytest.mark.parametrize("text", ["phone\n", "phone", "phone,name\n\n , \n"])
def test_column_names_alone_call_nobody(text: str) -> None:
    with pytest.raises(NoValidContacts, match="no contacts below them"):
        read(text)


def test_when_every_row_is_bad_the_answer_says_why() -> None:
    with pytest.raises(NoValidContacts) as refused:
        read("phone\n12025550101\n+1\n")
    assert refused.value.code == "no_valid_contacts"
    assert refused.value.sentence == (
        "None of the 2 rows can be called. Row 2: phone does not begin with + and a country code."
    )
    assert [detail["row"] for detail in refused.value.details] == [2, 3]
    assert refused.value.details[0]["value"] == "…01"


def _distinct(count: int) -> str:
    return "\n".join(f"+1202555{place:04d}" for place in range(count))


def test_ten_thousand_rows_are_taken_and_blank_ones_do_not_count() -> None:
    intake = read(f"phone\n{_distinct(10_000)}\n\n\n\n")
    assert (intake.report.rows, intake.report.valid, intake.report.blank) == (10_003, 10_000, 3)


def test_ten_thousand_rows_take_less_than_two_seconds() -> None:
    areas = (202, 212, 415)
    rows = "\n".join(f"+1{areas[place % 3]}555{place // 3:04d},Name {place},Berlin" for place in range(10_000))
    began = process_time()
    assert read(f"phone,name,city\n{rows}\n").report.valid == 10_000
    assert process_time() - began < 2


def test_one_more_is_too_many_even_where_it_is_invalid() -> None:
    with pytest.raises(TooManyContacts):
        read(f"phone\n{_distinct(10_000)}\nnobody\n")


def test_the_lists_of_the_report_end_at_100_and_the_totals_count_on() -> None:
    report = read("phone\n" + f"{A}\n" * 151 + "bad\n" * 120).report
    assert (report.rows, report.valid, report.duplicates_total, report.invalid_total) == (271, 1, 150, 120)
    assert (len(report.duplicates), len(report.invalid)) == (100, 100)


def test_a_contact_has_at_most_200_fields() -> None:
    fits = ",".join(f"c{place}" for place in range(199))
    assert len(read(f"phone,{fits}\n{A},{fits}").contacts[0].data) == 200
    with pytest.raises(NoValidContacts, match="has 201 fields, at most 200 are allowed"):
        read(f"phone,x,{fits}\n{A},x,{fits}")


def test_a_contact_is_at_most_64_kb_as_json() -> None:
    frame = len('{"phone": "+12025550101", "note": ""}')
    intake = read(f"phone,note\n{A},{'x' * (65_536 - frame)}\n{B},{'x' * (65_537 - frame)}\n")
    assert numbers(intake) == [(2, A)]
    assert intake.report.invalid[0].reason == "is larger than 64 KB"


def test_a_cell_of_ten_megabytes_is_one_bad_row() -> None:
    intake = read(f'phone,note\n{A},"{"x" * 10_000_000}"\n{B},y\n')
    assert numbers(intake) == [(3, B)]


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
    assert len(intake.contacts) == report.valid
    assert len({contact.number for contact in intake.contacts}) == report.valid


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: b"phone,name\n" + tail))
def test_no_bytes_are_worse_than_refused(content: bytes) -> None:
    with suppress(RequestError):
        read_contact_file(content)
