"""What the columns that a request names say of each contact, in a file and in JSON."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.calling_rules.schedule import GRAMMAR
from domain.contacts.contact import ReadOptions
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.report import Intake
from domain.errors import InvalidPhoneFormat, InvalidRequest, MissingPhoneColumn, NoValidContacts
from domain.jobs.column_fields import NamedColumns

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WASHINGTON, BERLIN, TOLL_FREE = "+12025550101", "+493023125000", "+18005550100"


def reading(job_zone: str, **columns: Any) -> ReadOptions:
    return ReadOptions(columns=NamedColumns(**columns), timezone=job_zone, now=NOW)


def from_file(text: str, job_zone: str = "UTC", **columns: Any) -> Intake:
    return read_contact_file(text.encode(), reading(job_zone, **columns))


def from_list(*contacts: dict[str, Any], job_zone: str = "UTC", **columns: Any) -> Intake:
    return read_contact_list(contacts, reading(job_zone, **columns))


def invalid(intake: Intake) -> list[tuple[int, str | None, str | None, str]]:
    return [(row.row, row.column, row.value, row.reason) for row in intake.report.invalid]


def test_a_number_tells_country_and_zones() -> None:
    intake = from_list({"phone": WASHINGTON}, {"phone": BERLIN}, {"phone": TOLL_FREE}, {"phone": "+80012345678"})
    washington, berlin, toll_free, universal = intake.contacts
    assert (washington.country, washington.zones) == ("US", ("America/New_York",))
    assert (berlin.country, berlin.zones) == ("DE", ("Europe/Berlin",))
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(toll_free.zones or ())
    assert universal.country is None  # a freephone number of the whole world
    assert from_file(f"phone\n{BERLIN}\n").contacts[0].zones == ("Europe/Berlin",)


def test_a_zone_of_its_own_goes_before_that_of_the_number() -> None:
    file = from_file(f"phone,zone\n{WASHINGTON}, Asia/Kolkata \n{BERLIN}, \n", timezone="zone")
    listed = from_list({"phone": WASHINGTON, "zone": "Asia/Kolkata"}, {"phone": BERLIN}, timezone="zone")
    for intake in (file, listed):
        assert [contact.zones for contact in intake.contacts] == [("Asia/Kolkata",), ("Europe/Berlin",)]
        assert intake.report.warnings == []


@pytest.mark.parametrize("name", ["Mars/Base", "europe/berlin", "CET+1", "localtime", "Factory", "+01:00"])
def test_an_unknown_zone_holds_the_contact_and_is_told(name: str) -> None:
    file = from_file(f"phone,zone\n{WASHINGTON},{name}\n", timezone="zone")
    listed = from_list({"phone": WASHINGTON, "zone": name}, timezone="zone")
    for intake, row in ((file, 2), (listed, 1)):
        assert intake.contacts[0].zones is None
        assert intake.report.warnings == [
            f'Row {row}: "{name}" in "zone" is not the name of an IANA time zone.'
            " The contact is held, and not called, until removed."
        ]


def test_rows_with_the_same_unknown_zone_are_told_together() -> None:
    rows = f"{WASHINGTON},Berlin\n{BERLIN},Paris\n{TOLL_FREE},Berlin\n"
    warnings = from_file(f"phone,zone\n{rows}", timezone="zone").report.warnings
    assert list(warnings) == [
        'Rows 2, 4: "Berlin" in "zone" is not the name of an IANA time zone.'
        " The contacts are held, and not called, until removed.",
        'Row 3: "Paris" in "zone" is not the name of an IANA time zone.'
        " The contact is held, and not called, until removed.",
    ]


def test_every_row_with_an_unknown_zone_is_told_however_many_names_there_are() -> None:
    rows = "".join(f"+1202555{number:04},Zone{number}\n" for number in range(100, 160))
    warnings = from_file(f"phone,zone\n{rows}", timezone="zone").report.warnings
    assert len(warnings) == 41
    assert warnings[40] == (
        f'Rows {", ".join(str(row) for row in range(42, 62))}: held likewise, for other names in "zone" of no'
        " IANA time zone."
    )


@pytest.mark.parametrize("value", [5, True, ["Europe/Berlin"], {}])
def test_a_zone_that_is_no_text_is_unknown(value: Any) -> None:
    assert from_list({"phone": WASHINGTON, "zone": value}, timezone="zone").contacts[0].zones is None


def test_columns_that_nobody_names_mean_nothing() -> None:
    file = from_file(f"phone,timezone,notBefore,externalId\n{WASHINGTON},Mars/Base,soon,7\n")
    contact = file.contacts[0]
    assert (contact.zones, contact.not_before, contact.external_id) == (("America/New_York",), None, None)
    assert contact.data == {"phone": WASHINGTON, "timezone": "Mars/Base", "notBefore": "soon", "externalId": "7"}
    assert file.report.warnings == []


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-12-01T09:00", datetime(2026, 12, 1, 14, 0, tzinfo=UTC)),  # New York, as its number is
        ("2026-12-01 09:00:30", datetime(2026, 12, 1, 14, 0, 30, tzinfo=UTC)),
        ("2026-12-01T09:00Z", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        ("2026-12-01T09:00+01:00", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2027-03-14T02:30", datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),  # skipped there: the first instant after
        ("2001-01-01T09:00", None),  # over long ago
        ("2026-11-24T11:59Z", None),
        ("", None),
        (" ", None),
    ],
)
def test_a_contact_may_wait_for_a_time_of_its_own(written: str, at: datetime | None) -> None:
    for intake in (
        from_file(f"phone,after\n{WASHINGTON},{written}\n", not_before="after"),
        from_list({"phone": WASHINGTON, "after": written}, not_before="after"),
    ):
        assert intake.contacts[0].not_before == at


def test_its_clock_is_that_of_its_one_zone_else_of_the_job() -> None:
    nine = "2026-12-01T09:00"
    intake = from_list(
        {"phone": WASHINGTON, "after": nine, "zone": "Asia/Kolkata"},
        {"phone": BERLIN, "after": nine},
        {"phone": TOLL_FREE, "after": nine},
        {"phone": "+12125550101", "after": nine, "zone": "Mars/Base"},
        job_zone="Asia/Tokyo",
        timezone="zone",
        not_before="after",
    )
    assert [contact.not_before for contact in intake.contacts] == [
        datetime(2026, 12, 1, 3, 30, tzinfo=UTC),
        datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
        datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("tomorrow", GRAMMAR),
        ("2026-12-01", GRAMMAR),
        ("01.12.2026 09:00", GRAMMAR),
        ("2026-13-01T09:00", "names a date, a time or an offset that does not exist"),
        ("2027-11-26T12:00", "may be at most 366 days ahead"),
        ("9999-12-31T23:59", "may be at most 366 days ahead"),
    ],
)
def test_a_time_that_cannot_be_read_spoils_the_row_or_the_request(written: str, reason: str) -> None:
    intake = from_file(f"phone,after\n{WASHINGTON},{written}\n{BERLIN},\n", not_before="after")
    assert [(row, column, said) for row, column, _, said in invalid(intake)] == [(2, "after", reason)]
    with pytest.raises(InvalidRequest) as refused:
        from_list({"phone": BERLIN}, {"phone": WASHINGTON, "after": written}, not_before="after")
    assert refused.value.details == [{"path": "contacts[1].after", "reason": reason}]


def test_a_time_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_list({"phone": WASHINGTON, "after": 1_800_000_000}, not_before="after")
    assert refused.value.details == [{"path": "contacts[0].after", "reason": GRAMMAR}]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"timezone": "Zone"}, "timezoneColumn"),
        ({"not_before": "after"}, "notBeforeColumn"),
        ({"external_id": "id"}, "externalIdColumn"),
    ],
)
def test_a_named_column_must_be_there(columns: dict[str, str], field: str) -> None:
    name = next(iter(columns.values()))
    with pytest.raises(InvalidRequest) as refused:
        from_file(f"phone,zone\n{WASHINGTON},UTC\n", **columns)
    reason = f'names a column that the file does not have: "{name}"'
    assert refused.value.details == [{"field": field, "reason": reason}]
    assert refused.value.sentence == f'{field} {reason}. Its first row reads: "phone", "zone".'
    with pytest.raises(InvalidRequest) as refused:
        from_list({"phone": WASHINGTON}, {"phone": BERLIN}, **columns)
    assert refused.value.details == [{"field": field, "reason": f'names a key that no contact has: "{name}"'}]


def test_all_columns_that_are_not_there_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_file(f"phone\n{WASHINGTON}\n", timezone="a", not_before="b", required=("c", "phone"))
    assert [detail["field"] for detail in refused.value.details] == [
        "timezoneColumn",
        "notBeforeColumn",
        "requiredFields",
    ]


def test_the_numbers_may_stand_in_another_column() -> None:
    file = from_file(f"name;phone;Mobile, work\nAda;-;{WASHINGTON}\nBob;-;1\n", phone="Mobile, work")
    assert (file.contacts[0].number, file.contacts[0].data["phone"]) == (WASHINGTON, "-")
    assert invalid(file) == [(3, "Mobile, work", "…", "does not begin with + and a country code")]
    listed = from_list({"phone": 5, "mobile": WASHINGTON}, phone="mobile")
    assert (listed.contacts[0].number, listed.contacts[0].data["phone"]) == (WASHINGTON, 5)


def test_a_phone_column_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingPhoneColumn) as refused:
        from_file(f"phone,name\n{WASHINGTON},Ada\n", phone="Mobile")
    assert refused.value.sentence == (
        'phoneColumn names a column that the file does not have: "Mobile". Its first row reads: "phone", "name".'
    )
    assert [detail["field"] for detail in refused.value.details] == ["phoneColumn"]
    with pytest.raises(InvalidPhoneFormat) as unread:
        from_list({"phone": WASHINGTON}, phone="Mobile")
    assert unread.value.details == [{"index": 0, "value": None, "reason": 'has no "Mobile"'}]


@pytest.mark.parametrize("name", ["phone", "PHONE", "Phone"])
def test_the_phone_column_may_be_named_in_any_letter_case(name: str) -> None:
    assert from_file(f"Phone\n{WASHINGTON}\n", phone=name).contacts[0].number == WASHINGTON


@pytest.mark.parametrize(
    ("written", "kept"), [("A-7", "A-7"), (" 007 ", "007"), ("", None), (" ", None), ("é" * 200, "é" * 200)]
)
def test_a_client_has_ids_of_its_own(written: str, kept: str | None) -> None:
    for intake in (
        from_file(f"phone,id\n{WASHINGTON},{written}\n", external_id="id"),
        from_list({"phone": WASHINGTON, "id": written}, external_id="id"),
    ):
        assert intake.contacts[0].external_id == kept


def test_a_whole_number_is_an_id_in_json() -> None:
    assert from_list({"phone": WASHINGTON, "id": 10**20}, external_id="id").contacts[0].external_id == "1" + "0" * 20


@pytest.mark.parametrize("value", [1.5, True, ["x"], {}, "x" * 201])
def test_what_is_no_id_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_list({"phone": WASHINGTON, "id": value}, external_id="id")
    assert [detail["path"] for detail in refused.value.details] == ["contacts[0].id"]


def test_an_id_that_is_too_long_spoils_its_row() -> None:
    intake = from_file(f"phone,id\n{WASHINGTON},{'x' * 201}\n{BERLIN},x\n", external_id="id")
    assert invalid(intake) == [(2, "id", "x" * 59 + "…", "may have at most 200 characters")]


def test_ids_that_are_not_unique_are_taken_and_told() -> None:
    text = f"phone,id\n{WASHINGTON},a\n{BERLIN},b\n{TOLL_FREE},a\n"
    intake = from_file(text, external_id="id")
    assert [contact.external_id for contact in intake.contacts] == ["a", "b", "a"]
    assert intake.report.warnings == ['Rows 2, 4 have the same "id": "a".']


def test_a_row_that_lacks_what_is_required_is_not_called() -> None:
    text = f"phone,name,plan\n{WASHINGTON},Ada,\n{BERLIN},  ,pro\n{TOLL_FREE},Cy,pro\n"
    intake = from_file(text, required=("NAME", "plan"))
    assert [contact.number for contact in intake.contacts] == [TOLL_FREE]
    assert invalid(intake) == [
        (2, "plan", "", "is required, and is empty"),
        (3, "name", "  ", "is required, and is empty"),
    ]


def test_a_contact_that_lacks_what_is_required_refuses_the_request() -> None:
    contacts = [
        {"phone": WASHINGTON, "plan": 0},
        {"phone": BERLIN, "plan": None},
        {"phone": TOLL_FREE},
        {"phone": "+12125550101", "plan": " "},
    ]
    with pytest.raises(InvalidRequest) as refused:
        from_list(*contacts, required=("plan",))
    assert refused.value.details == [
        {"path": "contacts[1].plan", "reason": "is required, and is empty"},
        {"path": "contacts[2].plan", "reason": "is required"},
        {"path": "contacts[3].plan", "reason": "is required, and is empty"},
    ]
    assert refused.value.sentence == "contacts[1].plan is required, and is empty. There are 2 more problems."


def test_nobody_is_called_where_all_lack_what_is_required() -> None:
    with pytest.raises(NoValidContacts, match="Row 2: plan is required, and is empty"):
        from_file(f"phone,plan\n{WASHINGTON},\n", required=("plan",))


def test_rejected_rows_are_kept_as_they_were_written() -> None:
    text = f'phone;"n; ame";\n{WASHINGTON};Ada;1\n12;"x; ""y""";2\n{BERLIN};"Bob" x;3\n{TOLL_FREE}\n'
    rejects = from_file(text).rejects
    assert rejects is not None
    assert (rejects.header, rejects.delimiter) == (("phone", "n; ame", ""), ";")
    assert [(row.row, row.cells) for row in rejects.rows] == [
        (3, ("12", 'x; "y"', "2")),
        (4, f'{BERLIN};"Bob" x;3'),
        (5, (TOLL_FREE,)),
    ]
    assert rejects.rows[0].reason == "phone does not begin with + and a country code"


def test_a_mended_file_of_rejected_rows_is_read_without_our_own_column_and_marks() -> None:
    text = f"outdial_reason,phone,note\nphone is too short,{WASHINGTON},'=1+1\n,{BERLIN},'hi\n"
    intake = from_file(text)
    assert [contact.data for contact in intake.contacts] == [
        {"phone": WASHINGTON, "note": "=1+1"},
        {"phone": BERLIN, "note": "'hi"},
    ]
