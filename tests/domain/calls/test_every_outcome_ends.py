"""Whatever happens to a contact each time it is called, it is not called for ever."""

from datetime import timedelta

import pytest

from domain.calls.models import WAITING_OUTCOMES, AnsweredBy, Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.calls.retries import MAX_WAITING, OnDeclined, OnScreened, OnVoicemail, RetryPolicy, decide_next_step
from domain.statuses import ContactStatus

MOST_ATTEMPTS = 10
MOST_DIALS = 900  # of somebody who waits for the carrier: one in five minutes, over three days
POLICY = RetryPolicy(
    on_voicemail=OnVoicemail.RETRY,
    on_declined=OnDeclined.RETRY,
    on_screened=OnScreened.RETRY,
    delays_minutes=(1,),  # the shortest
)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_contact_whose_every_dial_ends_so_is_final_after_so_many(outcome: Outcome) -> None:
    charged, clock = OUTCOMES[outcome].charged, timedelta()

    for dial in range(1, MOST_DIALS + 1):
        step = decide_next_step(
            outcome,
            POLICY,
            attempts=dial if charged else 0,
            max_attempts=MOST_ATTEMPTS,
            carrier_errors=dial,
            no_further_calls=False,
            spread=0.0,
            repeats=dial,
            waits=dial,
            waited=clock,
            answered_by=AnsweredBy.MACHINE,
        )
        if step.status.final:
            break
        assert step.delay is not None
        assert step.delay > timedelta()
        clock += step.delay

    assert step.status.final
    assert step.status is not ContactStatus.CANCELLED  # nobody cancelled it
    if outcome in WAITING_OUTCOMES:
        assert MAX_WAITING <= clock < MAX_WAITING + timedelta(hours=1)
    else:
        assert dial <= MOST_ATTEMPTS


def test_a_carriers_outage_of_half_an_hour_ends_nobody() -> None:
    clock, errors = timedelta(), 0
    while clock < timedelta(minutes=30):
        errors += 1
        step = decide_next_step(
            Outcome.CARRIER_ERROR,
            POLICY,
            attempts=0,
            max_attempts=1,
            carrier_errors=errors,
            no_further_calls=False,
            spread=0.0,
        )
        assert step.delay is not None
        clock += step.delay
