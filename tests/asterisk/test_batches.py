"""Batches through a real Asterisk, judged by its call detail records and by the callee."""

import time
from collections import Counter

import pytest

from domain.calls.models import AnsweredBy
from tests.asterisk.calling import MAX_DIALS, Exchange, an_exchange, scripted
from tests.end_to_end.batch import Batch
from tests.end_to_end.live_stack import until
from tests.end_to_end.numbers import contacts

CONTACTS = 600
RULES = {"maxAttempts": 1, "ringSeconds": 15, "maxCallSeconds": 10, "circuitBreaker": False, "concurrentCallLimit": 50}
UNKNOWN = "unknown"


def begin(exchange: Exchange, numbers: list[str], **rules: object) -> Batch:
    fields = {"fromPhoneNumberId": exchange.number_id, **RULES, **rules}
    return Batch.create(exchange.stack, contacts(numbers), **fields)


@pytest.mark.soak
def test_six_hundred_contacts_end_as_their_numbers_say_and_each_dial_has_one_record() -> None:
    with an_exchange("--workers", "2") as exchange:
        batch = begin(exchange, scripted(CONTACTS))
        batch.wait_until_completed(600)
        time.sleep(1)
        wrong, lost = exchange.wrong(batch.contacts()) + exchange.wrong_records(), exchange.without_record()
        rung, silent, talks = exchange.rung(), exchange.without_agent(), len(exchange.agent.conversations)

    print(f"{sum(rung.values())} calls rang, {talks} conversations")
    assert (wrong, lost) == ([], set())
    assert {number: count for number, count in rung.items() if count != MAX_DIALS.get(number[-2:], 1)} == {}
    assert len(rung) == CONTACTS
    assert silent == []


@pytest.mark.soak
def test_asterisk_its_stream_and_workers_die_and_nobody_is_called_twice_for_one_attempt() -> None:
    with an_exchange("--workers", "2") as exchange:
        batch = begin(exchange, scripted(CONTACTS))
        _hurt(exchange, batch)
        batch.wait_until_completed(900)
        time.sleep(1)
        ended = batch.contacts()
        rung, silent = exchange.rung(), exchange.without_agent()
        twice, alone, lost = exchange.wrong_records(), exchange.talking(), exchange.without_record()

    unknown = {contact["phoneNumber"]: contact for contact in ended if UNKNOWN in (contact["failureReason"] or "")}
    others = exchange.wrong([contact for contact in ended if contact["phoneNumber"] not in unknown])
    print(f"{len(lost)} calls lost, {len(unknown)} outcomes unknown, {Counter(each['status'] for each in ended)}")
    repeated = [number for number, count in rung.items() if count > MAX_DIALS.get(number[-2:], 1)]
    assert (others, twice, repeated, silent, alone) == ([], [], [], [], set())
    assert lost
    assert len(lost - unknown.keys()) <= 1  # an end may be told a moment before its record is written
    assert len(unknown) <= CONTACTS // 10


def _hurt(exchange: Exchange, batch: Batch) -> None:
    """Three cuts of the stream, two workers, and Asterisk itself, each in the middle of calls."""
    for turn in range(3):
        _until_talking(exchange)
        exchange.proxy.cut()
        if turn < 2:
            _until_talking(exchange)
            old = exchange.stack.kill("workers", turn)
            exchange.stack.wait_until_replaced("workers", old, 60, turn)
        else:
            _until_talking(exchange)
            exchange.lab.kill_asterisk()
            time.sleep(2)
            exchange.lab.start_asterisk()
        assert batch.status() == "running"


def _until_talking(exchange: Exchange) -> None:
    until(lambda: len(exchange.talking()) >= 3, 60, every=0.1)


@pytest.mark.soak
def test_persons_are_told_from_machines_and_silence() -> None:
    numbers = scripted(30, ("11", "12", "13"))
    with an_exchange() as exchange:
        batch = begin(exchange, numbers, concurrentCallLimit=5, maxCallSeconds=12)
        batch.wait_until_completed(300)
        told = Counter((contact["phoneNumber"][-2:], contact["answeredBy"]) for contact in batch.contacts())

    print(dict(told))
    assert told["11", AnsweredBy.MACHINE] <= 2
    assert told["12", AnsweredBy.MACHINE] >= 8
    assert told["13", AnsweredBy.MACHINE] >= 8
