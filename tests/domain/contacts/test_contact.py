"""What the columns that a request names mean for each contact, in a file and in JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.calling_rules.schedule import GRAMMAR
from domain.contacts.contact import ReadOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.report import Intake
from domain.errors import InvalidPhoneFormat, InvalidRequest, MissingPhoneColumn, NoValidContacts
from domain.jobs.models import NewContact

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WASHINGTON, BERLIN, TOLL_FREE = "+12025550101", "+493023125000", "+18005550100"
NO_COUNTRY, SATELLITE = "+80012345678", "+881612345678"


def options(job_zone: str, **columns: Any) -> ReadOptions:
    return ReadOptions(columns=NamedColumns(**columns), timezone=job_zone, now=NOW)


def from_file(text: str, job_zone: str = "UTC", **columns: Any) -> Intake:
    return read_contact_file(text.encode(), options(job_zone, **columns))


def from_list(*contacts: dict[str, Any], job_zone: str = "UTC", **columns: Any) -> Intake:
    return read_contact_list(contacts, options(job_zone, **columns))


def read_both(value: str, **columns: str) -> Iterator[NewContact]:
    """A contact with a value in column `x`, from a file and from JSON."""
    yield from from_file(f"phone,x\n{WASHINGTON},{value}\n", **columns).contacts
    yield from from_list({"phone": WASHINGTON, "x": value}, **columns).contacts


def refuse(*contacts: dict[str, Any], **columns: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        from_list(*contacts, **columns)
    return refused.value


def invalid(intake: Intake) -> list[tuple[int, str | None, str | None, str]]:
    return [(row.row, row.column, row.value, row.reason) for row in intake.report.invalid]


def test_columns_that_nobody_names_mean_nothing() -> None:
    file = from_file(f"phone,timezone,notBefore,externalId\n{WASHINGTON},Mars/Base,soon,7\n")
    contact = file.contacts[0]
    assert (contact.country, contact.zones) == ("US", ("America/New_York",))
    assert (contact.not_before, contact.external_id) == (None, None)
    assert contact.data == {"phone": WASHINGTON, "timezone": "Mars/Base", "notBefore": "soon", "externalId": "7"}
    assert file.report.warnings == []


# --- zones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "zones"), [(" Asia/Kolkata ", ("Asia/Kolkata",)), (" ", ("America/New_York",))])
def test_a_zone_of_its_own_goes_before_that_of_the_number(zone: str, zones: tuple[str, ...]) -> None:
    assert [contact.zones for contact in read_both(zone, timezone="x")] == [zones, zones]


@pytest.mark.parametrize("zone", ["Mars/Base", "europe/berlin", "CET+1", "localtime", "Factory", "+01:00"])
def test_an_unknown_zone_holds_the_contact(zone: str) -> None:
    assert [contact.zones for contact in read_both(zone, timezone="x")] == [None, None]


@pytest.mark.parametrize("value", [5, True, ["Europe/Berlin"], {}])
def test_a_zone_that_is_no_text_is_unknown(value: Any) -> None:
    assert from_list({"phone": WASHINGTON, "zone": value}, timezone="zone").contacts[0].zones is None


def test_unknown_zones_are_reported_by_their_names() -> None:
    rows = f"{WASHINGTON},Berlin\n{BERLIN},Paris\n{TOLL_FREE},Berlin\n"
    assert list(from_file(f"phone,zone\n{rows}", timezone="zone").report.warnings) == [
        'Rows 2, 4: "Berlin" in "zone" is not the name of an IANA time zone.'
        " The contacts are held, and not called, until removed.",
        'Row 3: "Paris" in "zone" is not the name of an IANA time zone.'
        " The contact is held, and not called, until removed.",
    ]


def test_every_row_with_an_unknown_zone_is_reported_however_many_names_there_are() -> None:
    rows = "".join(f"+1202555{number:04},Zone{number}\n" for number in range(100, 160))
    warnings = from_file(f"phone,zone\n{rows}", timezone="zone").report.warnings
    others = ", ".join(str(row) for row in range(42, 62))
    assert len(warnings) == 41
    assert warnings[40] == f'Rows {others}: held likewise, for other names in "zone" of no IANA time zone.'


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("EST", 'is a zone without summer time: was "America/New_York" meant?'),
        ("MST", 'is a zone without summer time: was "America/Denver" meant?'),
        ("HST", 'is a zone without summer time: was "Pacific/Honolulu" meant?'),
        ("Etc/GMT+5", "is 5 h behind UTC, without summer time: was the zone of a place meant?"),
        ("Etc/GMT-10", "is 10 h ahead of UTC, without summer time: was the zone of a place meant?"),
    ],
)
def test_a_zone_without_summer_time_is_reported_and_used(zone: str, reason: str) -> None:
    file = from_file(f"phone,zone\n{WASHINGTON},{zone}\n{BERLIN},Europe/Berlin\n", timezone="zone")
    assert file.report.warnings == [f'Row 2: "{zone}" in "zone" {reason}']
    assert file.contacts[0].zones == (zone,)


def test_a_number_of_no_country_is_reported_where_it_has_no_zone_of_its_own() -> None:
    rows = f"{NO_COUNTRY},\n{SATELLITE},UTC\n"
    assert from_file(f"phone,zone\n{rows}", timezone="zone").report.warnings == [
        "Row 2: a number of no country, whose local time nobody knows. While a calling window holds, it is called only"
        " where `timezoneColumn` names a time zone."
    ]


def test_numbers_that_are_hardly_a_persons_are_reported() -> None:
    rows = "+447640123456\n+441212345678\n+4918012345\n"
    assert from_file(f"phone\n{rows}").report.warnings == [
        "Row 2: a pager's number, which is hardly a person's telephone.",
        "Row 4: a shared-cost number, which is hardly a person's telephone.",
    ]


# --- the earliest time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-12-01T09:00", datetime(2026, 12, 1, 14, 0, tzinfo=UTC)),  # New York, as its number is
        ("2026-12-01T09:00+01:00", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2027-03-14T02:30", datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),  # skipped there: the first instant after
        ("2001-01-01T09:00", None),  # over long ago
        ("2026-11-24T11:59Z", None),
        (" ", None),
    ],
)
def test_a_contact_may_wait_for_a_time_of_its_own(written: str, at: datetime | None) -> None:
    assert [contact.not_before for contact in read_both(written, not_before="x")] == [at, at]


@pytest.mark.parametrize(
    ("number", "zone", "at"),
    [
        (WASHINGTON, "Asia/Kolkata", datetime(2026, 12, 1, 3, 30, tzinfo=UTC)),
        (BERLIN, None, datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        (TOLL_FREE, None, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        (WASHINGTON, "Mars/Base", datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_its_clock_is_that_of_its_one_zone_else_of_the_job(number: str, zone: str | None, at: datetime) -> None:
    contact = {"phone": number, "after": "2026-12-01T09:00", "zone": zone}
    intake = from_list(contact, job_zone="Asia/Tokyo", timezone="zone", not_before="after")
    assert intake.contacts[0].not_before == at


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("tomorrow", GRAMMAR),
        ("2026-13-01T09:00", "names a date, a time or an offset that does not exist"),
        ("2027-11-26T12:00", "may be at most 366 days ahead"),
        ("9999-12-31T23:59", "may be at most 366 days ahead"),
    ],
)
def test_a_time_that_cannot_be_read_spoils_the_row_or_the_request(written: str, reason: str) -> None:
    intake = from_file(f"phone,after\n{WASHINGTON},{written}\n{BERLIN},\n", not_before="after")
    assert [(row, column, why) for row, column, _, why in invalid(intake)] == [(2, "after", reason)]
    error = refuse({"phone": BERLIN}, {"phone": WASHINGTON, "after": written}, not_before="after")
    assert error.details == [{"path": "contacts[1].after", "reason": reason}]


def test_a_time_that_is_no_text_is_refused() -> None:
    error = refuse({"phone": WASHINGTON, "after": 1_800_000_000}, not_before="after")
    assert error.details == [{"path": "contacts[0].after", "reason": GRAMMAR}]


# --- columns that are there, or not ----------------------------------------------------------------------------------


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
    reason = f'names a column that the file does not have: "{name}"'
    with pytest.raises(InvalidRequest) as refused:
        from_file(f"phone,zone\n{WASHINGTON},UTC\n", **columns)
    assert refused.value.details == [{"field": field, "reason": reason}]
    assert refused.value.sentence == f'{field} {reason}. Its first row reads: "phone", "zone".'
    error = refuse({"phone": WASHINGTON}, {"phone": BERLIN}, **columns)
    assert error.details == [{"field": field, "reason": f'names a key that no contact has: "{name}"'}]


def test_all_columns_that_are_not_there_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_file(f"phone\n{WASHINGTON}\n", timezone="a", not_before="b", required=("c", "phone"))
    fields = [detail["field"] for detail in refused.value.details]
    assert fields == ["timezoneColumn", "notBeforeColumn", "requiredFields"]


def test_the_numbers_may_stand_in_another_column() -> None:
    file = from_file(f"name;phone;Mobile, work\nAda;-;{WASHINGTON}\n", phone="Mobile, work")
    assert (file.contacts[0].number, file.contacts[0].data["phone"]) == (WASHINGTON, "-")
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


# --- the client's own ids, and what is required ----------------------------------------------------------------------


@pytest.mark.parametrize(("written", "kept"), [("A-7", "A-7"), (" 007 ", "007"), (" ", None), ("é" * 200, "é" * 200)])
def test_a_client_has_ids_of_its_own(written: str, kept: str | None) -> None:
    assert [contact.external_id for contact in read_both(written, external_id="x")] == [kept, kept]


def test_a_whole_number_is_an_id_in_json() -> None:
    assert from_list({"phone": WASHINGTON, "id": 10**20}, external_id="id").contacts[0].external_id == "1" + "0" * 20


@pytest.mark.parametrize("value", [1.5, True, ["x"], {}, "x" * 201])
def test_what_is_no_id_is_refused(value: Any) -> None:
    error = refuse({"phone": WASHINGTON, "id": value}, external_id="id")
    assert [detail["path"] for detail in error.details] == ["contacts[0].id"]


def test_an_id_that_is_too_long_spoils_its_row() -> None:
    intake = from_file(f"phone,id\n{WASHINGTON},{'x' * 201}\n{BERLIN},x\n", external_id="id")
    assert invalid(intake) == [(2, "id", "x" * 59 + "…", "may have at most 200 characters")]


def test_a_row_that_lacks_what_is_required_is_not_called() -> None:
    text = f"phone,name,plan\n{WASHINGTON},Ada,\n{BERLIN},  ,pro\n"
    assert invalid(from_file(text + f"{TOLL_FREE},Cy,pro\n", required=("NAME", "plan"))) == [
        (2, "plan", "", "is required, and is empty"),
        (3, "name", "  ", "is required, and is empty"),
    ]
    with pytest.raises(NoValidContacts, match="Row 2: plan is required, and is empty"):
        from_file(text, required=("NAME", "plan"))


def test_a_contact_that_lacks_what_is_required_refuses_the_request() -> None:
    plans: list[dict[str, Any]] = [{"plan": 0}, {"plan": None}, {}, {"plan": " "}]
    error = refuse(*({"phone": f"+1202555010{place}"} | plan for place, plan in enumerate(plans)), required=("plan",))
    assert error.details == [
        {"path": "contacts[1].plan", "reason": "is required, and is empty"},
        {"path": "contacts[2].plan", "reason": "is required"},
        {"path": "contacts[3].plan", "reason": "is required, and is empty"},
    ]
    assert error.sentence == "contacts[1].plan is required, and is empty. There are 2 more problems."
