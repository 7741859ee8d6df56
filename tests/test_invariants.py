"""Each invariant is quiet on a clean record, and finds every fault that is planted in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from carriers.simulator.call_store import CallStore
from carriers.simulator.calls import Call
from tests.invariants import INVARIANTS, Job, Order, Organization, Run, judge, most_live, read_carrier_record

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp()  # a Monday
RATE = Decimal("0.0175")
ZONE = "Etc/GMT-1"  # an hour ahead of UTC
NUMBERS = ("+12025550110", "+12025550111", "+12025550112")
COST = Decimal("0.017500")  # of a minute


def dial(
    contact: int = 0, number: int = 1, at: float = 0.0, talk: float | None = 60.0, **fields: Any
) -> dict[str, Any]:
    """A call that was asked for `at` seconds after noon, rang a second later and, where it was answered, took place."""
    asked = NOON + at
    return {
        "sid": f"CA{contact}{number}",
        "key": f"contact_{contact}:{number}",
        "to": NUMBERS[contact],
        "from": "+12025550171",
        "askedAt": asked,
        "ringingAt": asked + 1,
        "answeredAt": None if talk is None else asked + 2,
        "endedAt": asked + 2 + (talk or 0),
        "outcome": "no-answer" if talk is None else "completed",
        "sipCode": 487 if talk is None else 200,
        "duration": None if talk is None else int(talk),
        **fields,
    }


def contact(at: int, status: str = "completed", dials: int = 1, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": f"contact_{at}",
        "phoneNumber": NUMBERS[at],
        "status": status,
        "dials": dials,
        "failureReason": reason,
        "contactData": {"phone": NUMBERS[at], "zone": ZONE},
    }


def job(*contacts: Mapping[str, Any], **fields: Any) -> Job:
    statuses = [one["status"] for one in contacts]
    detail = {
        "status": "completed",
        "statusBreakdown": {status: statuses.count(status) for status in {*statuses, "pending"}},
        "totalContacts": len(contacts),
        "successfulCalls": statuses.count("completed"),
        "failedCalls": sum(status not in {"completed", "cancelled"} for status in statuses),
        "contactsProcessed": len(contacts),
    }
    return replace(Job("batch_1", "org_1", 1, RATE, detail, contacts), **fields)


def clean() -> Run:
    """One after the other on one line: two conversations, and one who did not answer twice."""
    people = (contact(0), contact(1), contact(2, "no_answer", 2))
    return Run(
        dials=(dial(0), dial(1, at=100), dial(2, at=200, talk=None), dial(2, 2, at=300, talk=None)),
        jobs=(job(*people, window={"from": "13:00", "to": "14:00", "weekdays": ["mon"]}, calls_per_day=2),),
        organizations=(Organization("org_1", 1, 2 * COST),),
        orders=(
            Order("pause", NOON + 150, frozenset({"batch_1"}), until=NOON + 190),
            Order("cancel", NOON + 310, frozenset({"batch_1"})),
            Order("do-not-call", NOON + 90, frozenset({"batch_1"}), frozenset({NUMBERS[0]})),
        ),
        finals=(("contact_0", "completed", ""), ("contact_2", "failed", "The outcome is unknown.")),
        texts={"log worker-1.log": "call_1 to +1******0110 at 1795812216.0875"},
    )


def with_dials(*more: dict[str, Any]) -> Run:
    return replace(clean(), dials=(*clean().dials, *more))


def with_job(**fields: Any) -> Run:
    return replace(clean(), jobs=(replace(clean().jobs[0], **fields),))


def with_contacts(*contacts: dict[str, Any]) -> Run:
    whole = (*contacts, *clean().jobs[0].contacts[len(contacts) :])
    return replace(clean(), jobs=(replace(job(*whole), window=clean().jobs[0].window),))


def with_order(*orders: Order) -> Run:
    return replace(clean(), orders=orders)


def refused(code: int, at_last: str) -> Run:
    """The second contact's call failed, as it was said at first without a code."""
    call = dial(1, at=100, talk=None, outcome="failed", sipCode=code)
    run = with_contacts(contact(0), contact(1, at_last))
    organization = replace(run.organizations[0], captured=COST)
    finals = (("contact_1", "carrier_error", "The carrier could not put the call through."),)
    return replace(run, dials=(run.dials[0], call, *run.dials[2:]), organizations=(organization,), finals=finals)


ALL = frozenset({"batch_1"})

PLANTED: list[tuple[str, str, Callable[[], Run]]] = [
    ("the same dial twice", "placed twice", lambda: with_dials(dial(0, at=400, talk=None, outcome="busy"))),
    ("a dial beside another of the contact", "placed twice", lambda: with_dials(dial(2, 3, at=300.5, talk=None))),
    ("a number of no contact", "unknown to us", lambda: with_dials(dial(0, 2, at=400, to="+12025550199"))),
    ("more dials than we know", "unknown to us", lambda: with_dials(dial(2, 3, at=400, talk=None))),
    ("nobody's key", "unknown to us", lambda: with_dials(dial(at=400, key=None))),
    (
        "a job that failed",
        "lost",
        lambda: with_job(detail={**clean().jobs[0].detail, "status": "failed", "statusReason": "No workflow."}),
    ),
    ("a contact in the middle of it", "lost", lambda: with_contacts(contact(0, "dialing"))),
    ("a conversation that is no success", "lost", lambda: with_contacts(contact(0, "no_answer"))),
    ("a success without a conversation", "lost", lambda: with_contacts(contact(0), contact(1), contact(2, dials=2))),
    (
        "a status from nowhere",
        "lost",
        lambda: replace(with_contacts(contact(0), contact(1, "busy")), dials=(dial(0), *clean().dials[2:])),
    ),
    (
        "a contact that was given up without a call",
        "lost",
        lambda: replace(with_contacts(contact(0), contact(1, "failed")), dials=(dial(0), *clean().dials[2:])),
    ),
    (
        "a status that changed",
        "a second final status",
        lambda: replace(clean(), finals=(("contact_0", "no_answer", "Nobody answered."),)),
    ),
    ("a status that its code does not tell", "a second final status", lambda: refused(603, "blocked")),
    ("two calls on the job's line", "over a limit", lambda: with_dials(dial(2, 2, at=101, talk=None))),
    (
        "two calls on the organization's line",
        "over a limit",
        lambda: replace(
            clean(),
            jobs=(
                job(contact(0), contact(2, "no_answer", 2)),
                job(contact(1), id="batch_2"),
            ),
            dials=(dial(0), dial(1, at=30), *clean().dials[2:]),
        ),
    ),
    ("a call at two in the afternoon", "outside a window", lambda: with_dials(dial(2, 2, at=7200, talk=None))),
    (
        "a call on another day",
        "outside a window",
        lambda: with_job(window={"from": "13:00", "to": "14:00", "weekdays": ["tue"]}),
    ),
    (
        "a call on a holiday",
        "outside a window",
        lambda: with_job(window={"from": "13:00", "to": "14:00", "holidays": ["2027-03-01"]}),
    ),
    ("a call too many in a day", "over a cap", lambda: with_job(calls_per_day=1)),
    ("a call after cancel", "asked for after an answer", lambda: with_order(Order("cancel", NOON + 250, ALL))),
    (
        "a call within a pause",
        "asked for after an answer",
        lambda: with_order(Order("pause", NOON + 299, ALL, until=NOON + 301)),
    ),
    ("a call after a stop", "asked for after an answer", lambda: with_order(Order("stop", NOON + 299, ALL))),
    (
        "a call to a listed number",
        "asked for after an answer",
        lambda: with_order(Order("do-not-call", NOON + 299, ALL, frozenset({NUMBERS[2]}))),
    ),
    (
        "a call that rings after cancel",
        "rung after an answer",
        lambda: with_order(Order("cancel", NOON + 300.5, ALL)),
    ),
    (
        "a millionth of a dollar too much",
        "ledger not exact",
        lambda: replace(clean(), organizations=(Organization("org_1", 1, 2 * COST + Decimal("0.000001")),)),
    ),
    (
        "a call that was not charged",
        "ledger not exact",
        lambda: replace(clean(), organizations=(Organization("org_1", 1, COST),)),
    ),
    (
        "a hold that stayed",
        "ledger not exact",
        lambda: replace(clean(), organizations=(Organization("org_1", 1, 2 * COST, ("0.035 are still held",)),)),
    ),
    (
        "a counter that is behind",
        "counters not exact",
        lambda: with_job(detail={**clean().jobs[0].detail, "successfulCalls": 1}),
    ),
    (
        "a breakdown that is behind",
        "counters not exact",
        lambda: with_job(detail={**clean().jobs[0].detail, "statusBreakdown": {"completed": 3}}),
    ),
    ("a number in a log", "a number told", lambda: replace(clean(), texts={"log api.log": f"calling {NUMBERS[0]}"})),
    (
        "a number as people write it",
        "a number told",
        lambda: replace(clean(), texts={"history batch-job/1": "to (202) 555-0111, now"}),
    ),
    ("a number in a metric", "a number told", lambda: replace(clean(), texts={"metrics": 'calls{to="12025550112"} 1'})),
]


def red(run: Run) -> set[str]:
    """The invariants that are broken."""
    return {verdict.name for verdict in judge(run) if verdict.breaches}


def test_a_clean_record_breaks_no_invariant() -> None:
    assert [verdict for verdict in judge(clean()) if verdict.breaches] == []


@pytest.mark.parametrize(("planted", "invariant", "run"), PLANTED, ids=[planted for planted, _, _ in PLANTED])
def test_a_planted_fault_is_found(planted: str, invariant: str, run: Callable[[], Run]) -> None:
    assert invariant in red(run()), planted


def test_each_invariant_has_a_planted_fault() -> None:
    assert {invariant for _, invariant, _ in PLANTED} == set(INVARIANTS)


def test_the_fraction_of_a_second_is_no_number() -> None:
    assert red(replace(clean(), texts={"history": "2027-03-01T12:00:20.255501109Z, 12:00:20,255501109"})) == set()


def test_what_the_answer_of_an_order_excepts_may_ring() -> None:
    assert red(with_order(Order("cancel", NOON + 300.5, ALL, not_stopped=1))) == set()


def test_an_order_that_was_taken_back_holds_no_longer() -> None:
    assert red(with_order(Order("pause", NOON + 150, ALL, until=NOON + 200))) == set()


def test_an_unknown_outcome_is_no_loss_and_may_become_known() -> None:
    unknown = contact(1, "failed", 1, "The outcome is unknown: the carrier could not say.")
    assert red(with_contacts(contact(0), unknown)) == set()


def test_a_code_that_came_late_may_change_what_was_final_without_it() -> None:
    assert red(refused(608, "blocked")) == set()


def test_a_call_that_ends_as_another_begins_takes_no_second_line() -> None:
    assert most_live([dial(0, talk=8), dial(1, at=10)]) == 1
    assert most_live([dial(0, talk=8), dial(1, at=9.9), dial(2, at=9.95, endedAt=None)]) == 3


def test_the_carriers_record_is_read_from_its_file_while_nobody_serves_it(tmp_path: Path) -> None:
    file = tmp_path / "carrier.db"
    store = CallStore(file)
    call = Call(
        sid="CA1",
        to=NUMBERS[0],
        from_="+12025550171",
        key="contact_0:1",
        dial=1,
        status_callback=None,
        events=frozenset(),
        amd_callback=None,
        detects=False,
        timeout=60,
        time_limit=60,
        never_ends=False,
        asked_at=NOON,
        dial_at=NOON,
    )
    store.add(call)  # and then it dies: nothing is closed

    (read,) = read_carrier_record(file)

    assert (read["key"], read["to"], read["askedAt"]) == ("contact_0:1", NUMBERS[0], NOON)
    assert (read["endedAt"], read["outcome"]) == (None, None)
    store.close()
