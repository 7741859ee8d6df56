"""Batches through a real Asterisk, judged by its call detail records and by the callee's own log."""

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import phonenumbers
import psycopg
import pytest

from carriers.asterisk.channel_ids import SNOOP, channel_id, dial_key, served_call
from domain.calls.models import AnsweredBy
from tests.end_to_end.batch import Batch, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.serving import beside
from tests.telephony_lab.lab import PASSWORD, USER, Lab, running
from tests.telephony_lab.proxy import Proxy
from tests.voice_agent import Agent, an_agent
from tests.waiting import until

APP = "outdial"
CONTACTS = 600
RULES = {"maxAttempts": 1, "ringSeconds": 15, "maxCallSeconds": 10, "circuitBreaker": False, "concurrentCallLimit": 50}
UNKNOWN = "unknown"
CALLER = "+12025550199"

ENDINGS: dict[str, tuple[str, str | None]] = {
    "00": ("completed", None),
    "01": ("busy", "486"),
    "02": ("no_answer", "487"),
    "03": ("carrier_error", "503"),
    "04": ("invalid_number", "404"),
    "05": ("failed", "603"),
    "06": ("no_answer", "480"),
    "07": ("completed", None),
    "08": ("blocked", "608"),
}
MAX_DIALS = {"03": 3}  # trouble is dialed again
pytestmark = pytest.mark.soak


@dataclass
class Exchange:
    """A stack, its lab, the proxy between them, and the agent."""

    stack: LiveStack
    lab: Lab
    proxy: Proxy
    agent: Agent
    number_id: str

    def wrong(self, contacts: list[dict[str, Any]]) -> list[str]:
        """What is not as the numbers' last digits say."""
        found = []
        for contact in contacts:
            digits = contact["phoneNumber"][-2:]
            told = (contact["status"], contact["errorCode"])
            if told != ENDINGS[digits]:
                found.append(f"…{digits} is {told}: {contact['failureReason']}")
        return found

    def wrong_records(self) -> list[str]:
        """Dials that have two records, and records that are of no dial."""
        asked = {channel_id(APP, key) for key, _, _ in self._dials()}
        recorded = self._recorded()
        found = [f"{call} has {count} records" for call, count in recorded.items() if count > 1]
        return found + [f"{call} was nobody's dial" for call in recorded if call not in asked]

    def without_record(self) -> set[str]:
        """Numbers of calls that have none: they died with Asterisk."""
        recorded = self._recorded()
        return {number for _, call, number in self._dials() if call is not None and call not in recorded}

    def _recorded(self) -> Counter[str]:
        rows = (row[0] for row in self.lab.records())
        return Counter(row for row in rows if not served_call(APP, row, SNOOP))

    def _dials(self) -> list[tuple[str, str | None, str]]:
        """Key, call id and number."""
        with psycopg.connect(self.stack.ready["database"]["url"]) as connection:
            return connection.execute(
                "SELECT contact_id || ':' || number_of_dial, call_id, to_number FROM dials"
            ).fetchall()

    def rung(self) -> dict[str, int]:
        """How often each number rang, by the callee's own word."""
        return Counter(number for number in self.lab.rung() if number.startswith("+"))

    def without_agent(self) -> list[str]:
        """Calls that were answered and stayed, and whose agent never knew."""
        answered = [row for row in self.lab.records() if row[2] == "ANSWERED" and float(row[7]) > 0.1]
        return [
            f"{call} was answered at {answer} and heard nobody for {seconds} s"
            for call, _, _, _, answer, _, _, seconds, *_ in answered
            if dial_key(APP, call) and not self.agent.of(call)
        ]

    def talking(self) -> set[str]:
        """Calls with an agent at this moment, by the agent's own word."""
        return {talk.call_id for talk in self.agent.streams if talk.call_id and not talk.ended.is_set()}


@contextmanager
def an_exchange(*flags: str) -> Iterator[Exchange]:
    """Everything, on a fresh stack whose carrier is Asterisk, behind a proxy."""
    with running() as lab, beside(Proxy(lab.ari_port).running()) as proxy, beside(an_agent(tone=True)) as agent:
        environment = {
            "OUTDIAL_ASTERISK_URL": proxy.url,
            "OUTDIAL_ASTERISK_USER": USER,
            "OUTDIAL_ASTERISK_PASSWORD": PASSWORD,
            "OUTDIAL_ASTERISK_CDR_PATH": str(lab.cdr_path),
        }
        with LiveStack.running("--speed", "1", *flags, environment=environment) as stack:
            yield Exchange(stack, lab, proxy, agent, _number(stack, agent.url))


def _number(stack: LiveStack, agent_url: str) -> str:
    stack.grant(CALLER, "asterisk")
    with stack.http() as client:
        agent = client.post(
            "/agents",
            json={"name": "Tone", "architecture": "pipeline", "audio": "websocket", "audioUrl": agent_url},
        ).raise_for_status()
        number = client.post(
            "/phone-numbers",
            json={
                "number": CALLER,
                "label": "Asterisk",
                "outboundAgentId": agent.json()["id"],
                "callsPerSecond": 50,
                "carrier": "asterisk",
            },
        ).raise_for_status()
    number_id: str = number.json()["id"]
    return number_id


def scripted(count: int, endings: tuple[str, ...] = tuple(ENDINGS)) -> list[str]:
    """So many numbers set aside for fiction, their endings in turn."""
    numbers = (f"+1{area}55501{digits}" for area in range(201, 990) for digits in endings)
    return list(itertools.islice((number for number in numbers if _is_valid(number)), count))


def _is_valid(number: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(number))


def begin(exchange: Exchange, numbers: list[str], **rules: object) -> Batch:
    fields = {"fromPhoneNumberId": exchange.number_id, **RULES, **rules}
    return Batch.create(exchange.stack, contacts(numbers), **fields)


def test_six_hundred_contacts_end_as_their_numbers_say_and_each_dial_has_one_record() -> None:
    with an_exchange("--workers", "2") as exchange:
        batch = begin(exchange, scripted(CONTACTS))
        batch.wait_until_completed(600)
        time.sleep(1)
        wrong, lost = exchange.wrong(batch.contacts()) + exchange.wrong_records(), exchange.without_record()
        rung, silent, talks = exchange.rung(), exchange.without_agent(), len(exchange.agent.streams)

    print(f"{sum(rung.values())} calls rang, {talks} conversations")
    assert (wrong, lost) == ([], set())
    assert {number: count for number, count in rung.items() if count != MAX_DIALS.get(number[-2:], 1)} == {}
    assert len(rung) == CONTACTS
    assert silent == []


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
