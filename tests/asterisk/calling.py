"""A live stack whose calls go through the telephony lab, and the judge of what came of them."""

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import phonenumbers
import psycopg

from carriers.asterisk.channel_ids import SNOOP, channel_id, dial_key, served_call
from tests.end_to_end.live_stack import LiveStack
from tests.telephony_lab.agent import Agent
from tests.telephony_lab.lab import PASSWORD, USER, Lab, running
from tests.telephony_lab.proxy import Proxy

APP = "outdial"
CALLER = "+12025550199"
T = TypeVar("T")

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


@contextmanager
def beside(part: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Run a server in an event loop of its own, beside a test that blocks."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        opened = asyncio.run_coroutine_threadsafe(part.__aenter__(), loop).result(10)
        try:
            yield opened
        finally:
            asyncio.run_coroutine_threadsafe(part.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


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
        return {talk.call_id for talk in self.agent.conversations if not talk.over}


@contextmanager
def an_exchange(*flags: str, lab: Lab | None = None) -> Iterator[Exchange]:
    """Everything, on a fresh stack whose carrier is Asterisk, behind a proxy."""
    if lab is None:
        with running() as own:
            yield from _exchange(own, flags)
    else:
        yield from _exchange(lab, flags)


def _exchange(lab: Lab, flags: tuple[str, ...]) -> Iterator[Exchange]:
    with beside(Proxy(lab.ari_port).running()) as proxy, beside(Agent().running()) as agent:
        environment = {
            "OUTDIAL_ASTERISK_URL": proxy.url,
            "OUTDIAL_ASTERISK_USER": USER,
            "OUTDIAL_ASTERISK_PASSWORD": PASSWORD,
            "OUTDIAL_ASTERISK_CDR_PATH": str(lab.cdr_path),
        }
        with LiveStack.running("--speed", "1", *flags, environment=environment) as stack:
            yield Exchange(stack, lab, proxy, agent, _number(stack, agent.url))


def _number(stack: LiveStack, agent_url: str) -> str:
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
