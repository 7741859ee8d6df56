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

from carriers.asterisk.names import LISTENER, call_id, key_of, served_by
from tests.live import LiveStack
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
MOST_DIALS = {"03": 3}  # trouble is dialled again


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

    def wrong_records(self, *, lost: int = 0) -> list[str]:
        """Dials that have no record, or two. `lost`: so many may have died with Asterisk."""
        rows = (row[0] for row in self.lab.records())
        recorded = Counter(row for row in rows if not served_by(APP, row, LISTENER))
        with psycopg.connect(self.stack.ready["database"]["url"]) as connection:
            dials = connection.execute("SELECT contact_id || ':' || number_of_dial, call_id FROM dials").fetchall()
        asked = {call_id(APP, key) for key, _ in dials}
        named = {call for _, call in dials if call is not None}
        found = [f"{call} has {count} records" for call, count in recorded.items() if count > 1]
        found += [f"{call} was nobody's dial" for call in recorded if call not in asked]
        missing = [f"{call} has no record" for call in named if call not in recorded]
        return found + (missing if len(missing) > lost else [])

    def rung(self) -> dict[str, int]:
        """How often each number rang, by the callee's own word."""
        return Counter(number for number in self.lab.rung() if number.startswith("+"))

    def answered(self) -> set[str]:
        """Calls that were answered and stayed, by the records."""
        return {row[0] for row in self.lab.records() if row[2] == "ANSWERED" and float(row[7]) > 0.1}

    def without_agent(self) -> set[str]:
        """Calls that were answered and whose agent never knew."""
        return {call for call in self.answered() if key_of(APP, call) and not self.agent.of(call)}

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
