"""Whose calls a carrier lists that the database does not know."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.calls.models import CallReport, CallState, Ending, PlacedCall
from domain.calls.recovery import CLOCK_SLACK, Matching, UnnamedDial, WaitingContact

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
CALLER, ANOTHER_CALLER = "+12025550199", "+12025550188"
ADA, BOB = "+12025550101", "+12025550102"


def a_call(id: str, to: str | None = ADA, *, minutes: float = 0, key: str | None = None, **fields: Any) -> PlacedCall:
    report = CallReport(call_id=id, key=key, state=CallState.ENDED, ending=Ending.BUSY)
    at = NOON + timedelta(minutes=minutes)
    return PlacedCall(**{"to": to, "from_": CALLER, "asked_at": at, "report": report, **fields})


def a_contact(id: str, to: str = ADA, **fields: Any) -> WaitingContact:
    usual = {"from_": CALLER, "dials": 0, "job_created_at": NOON - timedelta(hours=1)}
    return WaitingContact(id=id, to=to, **{**usual, **fields})


def an_unnamed_dial(contact: str, dial: int = 1, **fields: Any) -> UnnamedDial:
    usual = {"from_": CALLER, "to": ADA, "asked_at": NOON}
    return UnnamedDial(contact_id=contact, number_of_dial=dial, **{**usual, **fields})


def test_a_call_whose_id_a_dial_has_is_known() -> None:
    found = Matching({"CA1"}, [], [a_contact("ada")]).sort([a_call("CA1")])

    assert [call.report.call_id for call in found.known] == ["CA1"]
    assert (found.dials, found.unowned) == ((), ())


def test_a_call_is_that_of_the_only_contact_who_waits_under_its_number() -> None:
    waiting = [a_contact("ada", dials=2), a_contact("bob", BOB)]
    [found] = Matching((), [], waiting).sort([a_call("CA1")]).dials

    assert (found.contact_id, found.dial, found.is_new, found.rivals) == ("ada", 3, True, ())


def test_several_calls_to_a_contact_are_its_next_dials_in_their_order() -> None:
    calls = [a_call("CA2", minutes=30), a_call("CA1", minutes=0)]
    found = Matching((), [], [a_contact("ada")]).sort(calls).dials

    assert [(each.call.report.call_id, each.dial) for each in found] == [("CA1", 1), ("CA2", 2)]


def test_where_two_contacts_wait_under_a_number_each_is_the_others_rival() -> None:
    [found] = Matching((), [], [a_contact("ada"), a_contact("ada again")]).sort([a_call("CA1")]).dials

    assert {found.contact_id, *found.rivals} == {"ada", "ada again"}
    assert len(found.rivals) == 1


def test_a_contact_of_another_caller_id_or_of_a_later_job_is_no_rival() -> None:
    others = [
        a_contact("of another number", from_=ANOTHER_CALLER),
        a_contact("of a later job", job_created_at=NOON + CLOCK_SLACK * 2),
    ]
    [found] = Matching((), [], [a_contact("ada"), *others]).sort([a_call("CA1")]).dials

    assert (found.contact_id, found.rivals) == ("ada", ())


def test_two_writings_of_a_number_are_one_telephone() -> None:
    waiting = [a_contact("ada", "+5491123456789")]
    [found] = Matching((), [], waiting).sort([a_call("CA1", "+541123456789")]).dials

    assert found.contact_id == "ada"


def test_a_call_that_was_on_its_way_is_that_of_the_dial_without_an_id() -> None:
    unnamed, waiting = [an_unnamed_dial("ada")], [a_contact("ada", dials=1), a_contact("ada again")]
    first, second = Matching((), unnamed, waiting).sort([a_call("CA1"), a_call("CA2", minutes=30)]).dials

    assert (first.contact_id, first.dial, first.is_new) == ("ada", 1, False)
    assert second.is_new
    assert {second.contact_id, *second.rivals} == {"ada", "ada again"}


def test_a_dial_of_another_hour_is_not_the_call_that_was_on_its_way() -> None:
    unnamed = [an_unnamed_dial("ada", asked_at=NOON - timedelta(hours=2))]
    found = Matching((), unnamed, []).sort([a_call("CA1")])

    assert len(found.unowned) == 1


def test_by_its_key_a_call_is_told_though_others_wait_under_the_number() -> None:
    call = a_call("CA1", None, key="ada:3", from_=None)
    [found] = Matching((), [], [a_contact("ada", dials=1), a_contact("ada again")]).sort([call]).dials

    assert (found.contact_id, found.dial, found.is_new, found.rivals) == ("ada", 3, True, ())


def test_by_its_key_a_call_is_that_of_the_dial_without_an_id() -> None:
    unnamed = [an_unnamed_dial("ada"), an_unnamed_dial("ada again")]
    [found] = Matching((), unnamed, []).sort([a_call("CA1", None, key="ada again:1", from_=None)]).dials

    assert (found.contact_id, found.is_new) == ("ada again", False)


def test_a_call_of_nobody_whom_the_database_has_is_unowned() -> None:
    found = Matching((), [], [a_contact("bob", BOB)]).sort([a_call("CA1"), a_call("CA2", None, key="eve:1")])

    assert [call.report.call_id for call in found.unowned] == ["CA1", "CA2"]
