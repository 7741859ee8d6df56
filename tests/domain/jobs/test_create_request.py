"""The fields of create: what is given, what is right, and how it is said when it is not."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.window import CallingWindow, Weekday
from domain.calls.models import OnMachine
from domain.calls.retries import OnDeclined, OnScreened, OnVoicemail, RetryPolicy
from domain.contacts.named_columns import NamedColumns
from domain.errors import InvalidRequest, InvalidTimezone, PastScheduledTime
from domain.jobs.change_request import read_change
from domain.jobs.create_request import ParsedCreate, read_form, read_json
from domain.jobs.models import JobRequest
from domain.statuses import ContactStatus, OnOverlap

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NEEDED = {"name": "Reminders", "fromPhoneNumberId": "phone_1"}
CONTACTS = [{"phone": "+12025550101"}]


def form(has_file: bool = True, /, **values: str) -> ParsedCreate:
    return read_form({**NEEDED, **values}, has_file=has_file, now=NOW)


def body(**values: Any) -> ParsedCreate:
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
    names = ["description", "concurrentCallLimit", "maxAttempts", "scheduledStartTime", "timezone", "ringSeconds"]
    blank = dict.fromkeys(names, "")
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
        ("priority", 1, 9),
        ("startWithin", 1, 10_080),
    ],
)
def test_ranges_include_their_ends(field: str, lowest: int, highest: int) -> None:
    for good in (lowest, highest):
        body(**{field: good})
        form(**{field: str(good)})
    for bad in (lowest - 1, highest + 1, -1, 10**30):
        for read, value in ((body, bad), (form, str(bad))):
            with pytest.raises(InvalidRequest, match=f"^{field} must be a whole number") as refused:
                read(**{field: value})
            assert blamed(refused) == [field]


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


HOURS = {"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue"], "holidays": ["2026-12-25"]}
RETRIES = {
    "maxAttempts": 4,
    "delaysMinutes": [1, "60", 10_080],
    "retryableStatuses": ["busy", "no_answer"],
    "onVoicemail": "retry",
    "onDeclined": "retry",
    "onScreened": "retry",
    "retriesFirst": True,
}
CAPS = {"callsPer24Hours": 1, "callsPer7Days": 3, "quietHours": 48}
RULES = {
    "priority": 9,
    "callingWindow": HOURS,
    "endTime": "2026-12-01T18:00",
    "timezone": "Europe/Berlin",
    "startWithin": 30,
    "retryPolicy": RETRIES,
    "contactFrequency": CAPS,
    "onMachine": "hangUp",
    "circuitBreaker": False,
    "maxCost": 12.5,
}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_every_rule_is_read_in_both_modes() -> None:
    expected = JobRequest(
        name="Reminders",
        from_phone_number_id="phone_1",
        timezone="Europe/Berlin",
        max_attempts=4,
        priority=9,
        calling_window=CallingWindow(
            from_=time(9), to=time(20), weekdays=(Weekday.MON, Weekday.TUE), holidays=(date(2026, 12, 25),)
        ),
        end_time=datetime(2026, 12, 1, 17, 0, tzinfo=UTC),
        start_within_minutes=30,
        retry_policy=RetryPolicy(
            delays_minutes=(1, 60, 10_080),
            retryable_statuses=(ContactStatus.NO_ANSWER, ContactStatus.BUSY),
            on_voicemail=OnVoicemail.RETRY,
            on_declined=OnDeclined.RETRY,
            on_screened=OnScreened.RETRY,
            retries_first=True,
        ),
        contact_frequency=ContactFrequency(calls_per_24_hours=1, calls_per_7_days=3, quiet_hours=48),
        on_machine=OnMachine.HANG_UP,
        circuit_breaker=False,
        max_cost=Decimal("12.5"),
    )
    assert body(**RULES).request == expected
    assert form(**{field: as_text(value) for field, value in RULES.items()}).request == expected


@pytest.mark.parametrize(("written", "expected"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_true_and_false_may_be_written_in_any_case(written: str, expected: bool) -> None:
    assert form(circuitBreaker=written).request.circuit_breaker is expected


def test_blank_rules_of_a_form_and_null_rules_are_not_given() -> None:
    assert form(**dict.fromkeys(RULES, " ")) == form()
    assert body(**dict.fromkeys(RULES)) == body()


def test_the_name_of_a_preset_sets_the_window_and_its_cap() -> None:
    for fields in (form(callingWindow="us-florida"), body(callingWindow="us-florida")):
        window = fields.request.calling_window
        assert window is not None
        assert (window.from_, window.to, window.preset) == (time(8), time(20), "us-florida")
        assert fields.request.contact_frequency == ContactFrequency(calls_per_24_hours=3)
    assert form(callingWindow='"us-florida"') == form(callingWindow="us-florida")


def test_a_cap_of_ones_own_goes_before_that_of_a_preset() -> None:
    fields = body(callingWindow="us-florida", contactFrequency={"callsPer24Hours": 1})
    assert fields.request.contact_frequency == ContactFrequency(calls_per_24_hours=1)


def test_a_preset_without_a_cap_sets_none() -> None:
    assert body(callingWindow="us-federal").request.contact_frequency is None


@pytest.mark.parametrize(
    ("field", "value", "blames"),
    [
        ("circuitBreaker", 1, "circuitBreaker"),
        ("circuitBreaker", "yes", "circuitBreaker"),
        ("circuitBreaker", [], "circuitBreaker"),
        ("callingWindow", "us", "callingWindow"),
        ("callingWindow", 5, "callingWindow"),
        ("callingWindow", [], "callingWindow"),
        ("callingWindow", {"from": "09:00"}, "callingWindow.to"),
        ("callingWindow", HOURS | {"weekdays": ["mon", "Sunday"]}, "callingWindow.weekdays[1]"),
        ("callingWindow", HOURS | {"weekday": ["mon"]}, "callingWindow"),
        ("retryPolicy", [], "retryPolicy"),
        ("retryPolicy", "often", "retryPolicy"),
        ("retryPolicy", {"delayMinutes": [5]}, "retryPolicy"),
        ("retryPolicy", {"maxAttempts": 11}, "retryPolicy.maxAttempts"),
        ("retryPolicy", {"delaysMinutes": []}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"delaysMinutes": [1] * 11}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"delaysMinutes": [0]}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"delaysMinutes": [10_081]}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"delaysMinutes": [True]}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"delaysMinutes": 5}, "retryPolicy.delaysMinutes"),
        ("retryPolicy", {"retryableStatuses": ["failed"]}, "retryPolicy.retryableStatuses"),
        ("retryPolicy", {"retryableStatuses": [["busy"]]}, "retryPolicy.retryableStatuses"),
        ("retryPolicy", {"onVoicemail": "again"}, "retryPolicy.onVoicemail"),
        ("retryPolicy", {"onDeclined": "complete"}, "retryPolicy.onDeclined"),
        ("retryPolicy", {"retriesFirst": 0}, "retryPolicy.retriesFirst"),
        ("onMachine", "hangup", "onMachine"),
        ("onMachine", True, "onMachine"),
        ("onMachine", ["hangUp"], "onMachine"),
        ("contactFrequency", 3, "contactFrequency"),
        ("contactFrequency", {"callsPerDay": 1}, "contactFrequency"),
        ("contactFrequency", {"callsPer24Hours": 0}, "contactFrequency.callsPer24Hours"),
        ("contactFrequency", {"callsPer7Days": 101}, "contactFrequency.callsPer7Days"),
        ("contactFrequency", {"quietHours": 8761}, "contactFrequency.quietHours"),
        ("maxCost", 0, "maxCost"),
        ("maxCost", -1, "maxCost"),
        ("maxCost", True, "maxCost"),
        ("maxCost", "0.0000001", "maxCost"),
        ("maxCost", 0.0000001, "maxCost"),
        ("maxCost", "1e3", "maxCost"),
        ("maxCost", "$5", "maxCost"),
        ("maxCost", "1,5", "maxCost"),
        ("maxCost", 10**9, "maxCost"),
        ("maxCost", 10**400, "maxCost"),
        ("maxCost", {}, "maxCost"),
        ("endTime", "tomorrow", "endTime"),
        ("endTime", "2026-11-24T12:00Z", "endTime"),  # now
        ("endTime", "2001-01-01T00:00", "endTime"),
        ("endTime", "2028-11-26T12:00:01Z", "endTime"),
        ("endTime", "9999-12-31T23:59", "endTime"),
        ("timezoneColumn", "", "timezoneColumn"),
        ("phoneColumn", "x" * 1001, "phoneColumn"),
        ("requiredFields", "plan", "requiredFields"),
        ("requiredFields", ["plan", " "], "requiredFields"),
        ("requiredFields", ["a\0b"], "requiredFields"),
        ("requiredFields", ["x"] * 201, "requiredFields"),
    ],
)
def test_a_bad_rule_is_named(field: str, value: Any, blames: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(**{field: value})
    assert blamed(refused) == [blames]
    if value != "":
        with pytest.raises(InvalidRequest) as refused:
            form(**{field: as_text(value)})
        assert blamed(refused) == [blames]


@pytest.mark.parametrize("text", ["{", '{"from": ', "[1,]", '"a'])
@pytest.mark.parametrize("field", ["callingWindow", "retryPolicy", "contactFrequency", "requiredFields"])
def test_a_structure_of_a_form_is_json(field: str, text: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{field} cannot be read as JSON") as refused:
        form(**{field: text})
    assert blamed(refused) == [field]


def test_all_bad_rules_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(
            priority=0,
            retryPolicy={"delaysMinutes": [0], "onVoicemail": 1},
            callingWindow="x",
            endTime="x",
            requiredFields=[1],
        )
    assert set(blamed(refused)) == {
        "priority",
        "retryPolicy.delaysMinutes",
        "retryPolicy.onVoicemail",
        "callingWindow",
        "endTime",
        "requiredFields",
    }


def test_attempts_may_be_said_in_two_places_but_not_differently() -> None:
    assert body(maxAttempts=7).request.max_attempts == 7
    assert body(retryPolicy={"maxAttempts": 7}).request.max_attempts == 7
    assert body(maxAttempts=7, retryPolicy={"maxAttempts": "7"}).request.max_attempts == 7
    with pytest.raises(InvalidRequest) as refused:
        body(maxAttempts=7, retryPolicy={"maxAttempts": 3})
    assert blamed(refused) == ["retryPolicy.maxAttempts"]
    with pytest.raises(InvalidRequest) as refused:
        body(maxAttempts=7, retryPolicy={"maxAttempts": 11})
    assert blamed(refused) == ["retryPolicy.maxAttempts"]


@pytest.mark.parametrize(
    ("written", "dollars"),
    [
        *((5, "5"), (0.1, "0.1"), (1e3, "1000"), ("0.000001", "0.000001"), (0.000001, "0.000001"), ("007.50", "7.50")),
        *((12.3456785, "12.345679"), (0.1 + 0.2, "0.3")),  # a number is rounded, not its digits in a text
    ],
)
def test_a_cost_is_decimal_dollars(written: Any, dollars: str) -> None:
    assert body(maxCost=written).request.max_cost == Decimal(dollars)


def test_nothing_may_be_retried() -> None:
    policy = body(retryPolicy={"retryableStatuses": []}).request.retry_policy
    assert policy.retryable_statuses == ()
    assert policy.delays_minutes == (5, 30, 120)


def test_the_end_comes_after_the_start() -> None:
    day = {"scheduledStartTime": "2026-12-01T09:00"}
    assert body(**day, endTime="2026-12-01T09:01").request.end_time == datetime(2026, 12, 1, 9, 1, tzinfo=UTC)
    for end in ("2026-12-01T09:00", "2026-12-01T08:59"):
        with pytest.raises(InvalidRequest, match="endTime must be after the start"):
            body(**day, endTime=end)


def test_a_bad_end_is_said_before_a_past_start() -> None:
    with pytest.raises(InvalidRequest, match="endTime is in the past"):
        body(scheduledStartTime="2020-01-01T00:00", endTime="2019-01-01T00:00")


def test_the_clock_change_of_an_end_is_told() -> None:
    fields = form(endTime="2027-10-31T02:30", timezone="Europe/Berlin")
    assert fields.request.end_time == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert fields.start_note == (
        "The clock shows 02:30 on 2027-10-31 in Europe/Berlin twice: the end is the first of the two."
    )


@pytest.mark.parametrize("value", [5, True, ["id"], {}, "a\0b"])
@pytest.mark.parametrize("field", ["phoneColumn", "timezoneColumn", "notBeforeColumn", "externalIdColumn"])
def test_the_name_of_a_column_is_text(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(**{field: value})
    assert blamed(refused) == [field]


def test_the_columns_with_a_meaning_are_named() -> None:
    named = {
        "phoneColumn": " Mobile ",
        "timezoneColumn": "zone",
        "notBeforeColumn": "after",
        "externalIdColumn": "id",
        "requiredFields": ["plan", " name ", "plan"],
    }
    expected = NamedColumns(
        phone="Mobile", timezone="zone", not_before="after", external_id="id", required=("plan", "name")
    )
    assert body(**named).columns == expected
    assert form(**{field: as_text(value) for field, value in named.items()}).columns == expected
    assert body().columns == NamedColumns()


def test_a_job_in_a_zone_without_summer_time_is_warned_of_it() -> None:
    read = body(timezone="EST")
    assert list(read.warnings) == ['timezone "EST" is a zone without summer time: was "America/New_York" meant?']
    assert read.request.timezone == "EST"


def test_objects_and_arrays_as_json_text_are_read_in_json_too() -> None:
    sent = {
        "callingWindow": {"from": "09:00", "to": "20:00"},
        "retryPolicy": {"maxAttempts": 2, "delaysMinutes": [5]},
        "requiredFields": ["city"],
    }
    body = {"fromPhoneNumberId": "phone_1", "name": "Test", "contacts": [{"phone": "+12025550101"}]}
    now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    as_text = read_json(body | {name: f" {json.dumps(value)}" for name, value in sent.items()}, now)
    assert as_text == read_json(body | sent, now)
    with pytest.raises(InvalidRequest, match=r"callingWindow cannot be read as JSON"):
        read_json(body | {"callingWindow": '{"from": '}, now)
    with pytest.raises(InvalidRequest, match=r"retryPolicy\.maxAttempts differs from maxAttempts"):
        read_json(body | {"retryPolicy": '{"maxAttempts": 2}', "maxAttempts": 4}, now)


def test_a_change_takes_json_text_too() -> None:
    window = {"from": "09:00", "to": "20:00"}
    assert read_change({"callingWindow": json.dumps(window)}) == read_change({"callingWindow": window})
