"""The fields of create: what is given, what is right, and how it is said when it is not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import InvalidRequest, InvalidTimezone, PastScheduledTime
from domain.intake import ReadFields, read_form, read_json
from domain.jobs import JobRequest
from domain.statuses import OnOverlap

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NEEDED = {"name": "Reminders", "fromPhoneNumberId": "phone_1"}
CONTACTS = [{"phone": "+12025550101"}]


def form(has_file: bool = True, /, **values: str) -> ReadFields:
    return read_form({**NEEDED, **values}, has_file=has_file, now=NOW)


def body(**values: Any) -> ReadFields:
    return read_json({**NEEDED, "contacts": CONTACTS, **values}, NOW)


def blamed(error: pytest.ExceptionInfo[InvalidRequest]) -> list[str]:
    return [detail["field"] for detail in error.value.details]


def test_what_is_not_given_has_its_default() -> None:
    fields = form()
    assert fields.contacts is None
    assert fields.warnings == []
    assert fields.request == JobRequest(
        name="Reminders",
        description=None,
        from_phone_number_id="phone_1",
        concurrent_call_limit=5,
        max_attempts=3,
        scheduled_start_time=None,
        timezone="UTC",
        ring_seconds=45,
        max_call_seconds=900,
        on_overlap=OnOverlap.WARN,
    )


def test_empty_and_blank_fields_of_a_form_are_not_given() -> None:
    blank = dict.fromkeys(
        [
            "description",
            "concurrentCallLimit",
            "maxAttempts",
            "scheduledStartTime",
            "timezone",
            "ringSeconds",
        ],
        "",
    )
    also = dict.fromkeys(["maxCallSeconds", "onOverlap", "contacts"], " \t")
    assert form(**blank, **also) == form()


def test_null_is_not_given_in_json() -> None:
    nulls = dict.fromkeys(
        ["description", "concurrentCallLimit", "maxAttempts", "scheduledStartTime", "timezone", "onOverlap"]
    )
    assert body(**nulls) == body()


def test_all_that_is_given_is_read() -> None:
    given = {
        "name": "  Zoë’s list ",
        "description": " two\nlines ",
        "concurrentCallLimit": "50",
        "maxAttempts": "010",
        "scheduledStartTime": "2026-12-01T09:00",
        "timezone": "Europe/Berlin",
        "ringSeconds": "15",
        "maxCallSeconds": "14400",
        "onOverlap": "reject",
    }
    expected = JobRequest(
        name="Zoë’s list",
        description="two\nlines",
        from_phone_number_id="phone_1",
        concurrent_call_limit=50,
        max_attempts=10,
        scheduled_start_time=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        timezone="Europe/Berlin",
        ring_seconds=15,
        max_call_seconds=14_400,
        on_overlap=OnOverlap.REJECT,
    )
    assert form(**given).request == expected
    assert body(**given).request == expected
    assert body(**{**given, "concurrentCallLimit": 50, "maxAttempts": 10}).request == expected


@pytest.mark.parametrize("text", ["+5", " 5 ", "５", "5.0", "5,0", "0x5", "1_0", "-5", "five", "5e0", "9" * 5000, "٥"])
def test_integers_are_ascii_digits(text: str) -> None:
    for read in (form, body):
        with pytest.raises(InvalidRequest, match="maxAttempts must be a whole number from 1 to 10"):
            read(maxAttempts=text)


@pytest.mark.parametrize("value", [True, False, 5.5, 5.0, "", " ", [5], {"a": 5}, 10**400])
def test_integers_in_json_are_numbers_or_digits(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(concurrentCallLimit=value)
    assert blamed(refused) == ["concurrentCallLimit"]


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("concurrentCallLimit", 1, 50),
        ("maxAttempts", 1, 10),
        ("ringSeconds", 15, 120),
        ("maxCallSeconds", 10, 14_400),
    ],
)
def test_ranges_include_their_ends(field: str, lowest: int, highest: int) -> None:
    for good in (lowest, highest):
        body(**{field: good})
        form(**{field: str(good)})
    for bad in (lowest - 1, highest + 1):
        with pytest.raises(InvalidRequest):
            body(**{field: bad})


def test_lengths_count_code_points_after_trimming() -> None:
    assert form(name=" " + "😀" * 200 + " ").request.name == "😀" * 200
    assert form(description="é" * 1000 + "\n").request.description == "é" * 1000
    with pytest.raises(InvalidRequest, match="name may have at most 200 characters"):
        form(name="x" * 201)
    with pytest.raises(InvalidRequest, match="description may have at most 1,000 characters"):
        body(description="x" * 1001)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_json({"maxAttempts": 11, "timezone": "Mars/Base", "description": 5, "onOverlap": "Skip"}, NOW)
    assert refused.value.sentence == (
        "contacts is required, fromPhoneNumberId is required, name is required, "
        "description must be a string, maxAttempts must be a whole number from 1 to 10, "
        'onOverlap must be "warn" or "skip" or "reject".'
    )
    assert refused.value.details[0] == {"field": "contacts", "reason": "is required"}


@pytest.mark.parametrize("value", ["", "  ", 5, None, True, ["x"]])
@pytest.mark.parametrize("field", ["name", "fromPhoneNumberId"])
def test_name_and_number_are_required(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(**{field: value})
    assert blamed(refused) == [field]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"])
@pytest.mark.parametrize("field", ["name", "description", "fromPhoneNumberId", "timezone", "scheduledStartTime"])
def test_text_that_cannot_be_stored_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        form(**{field: text})
    assert blamed(refused) == [field]


def test_unknown_fields_are_ignored_and_named() -> None:
    assert form(organizationId="org_1", Name="x").warnings == [
        'The unknown field "organizationId" was ignored.',
        'The unknown field "Name" was ignored.',
    ]
    assert body(**{"+12025550101": 1, "a\0b": None}).warnings == [
        'The unknown field "+…01" was ignored.',
        'The unknown field "a�b" was ignored.',
    ]


def test_contacts_as_text_make_a_form_a_json_request() -> None:
    assert form(False, contacts='[{"phone": "+12025550101", "n": 1.5}]').contacts == [
        {"phone": "+12025550101", "n": 1.5}
    ]
    assert form(False, contacts="[]").contacts == []


def test_a_file_and_contacts_together_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="contacts cannot be sent together with a file"):
        form(True, contacts="[]")


@pytest.mark.parametrize(("text", "reason"), [("null", "is required"), ("{}", "must be an array of objects")])
def test_contacts_that_are_no_array_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=f"contacts {reason}"):
        form(False, contacts=text)


@pytest.mark.parametrize("value", [None, {}, "[]", 5])
def test_contacts_of_a_body_are_an_array(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(contacts=value)
    assert blamed(refused) == ["contacts"]


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_a_body_is_an_object(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="must be a JSON object"):
        read_json(value, NOW)


def test_the_codes_come_in_the_contracts_order() -> None:
    with pytest.raises(InvalidRequest):
        form(maxAttempts="0", timezone="Mars/Base", scheduledStartTime="2020-01-01T00:00")
    with pytest.raises(InvalidRequest):
        form(timezone="Mars/Base", scheduledStartTime="tomorrow")
    with pytest.raises(InvalidTimezone):
        form(timezone="Mars/Base", scheduledStartTime="2020-01-01T00:00")
    with pytest.raises(PastScheduledTime):
        form(scheduledStartTime="2020-01-01T00:00")


def test_an_empty_zone_is_blank_in_a_form_and_wrong_in_json() -> None:
    assert form(timezone="").request.timezone == "UTC"
    with pytest.raises(InvalidTimezone):
        body(timezone="")


def test_a_clock_change_is_told() -> None:
    fields = form(scheduledStartTime="2027-03-28T02:30", timezone="Europe/Berlin")
    assert fields.request.scheduled_start_time == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert fields.start_note == (
        "A clock change skips 02:30 on 2027-03-28 in Europe/Berlin: the start is 2027-03-28 03:00, right after it."
    )
