"""A running campaign on a live stack: its file, what is ordered, what the carrier saw."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.end_to_end import judge
from tests.end_to_end.batch import answers
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

ENDED = ("completed", "cancelled")


def lines(numbers: Iterable[str]) -> Iterator[bytes]:
    """A file as it is sent: a thousand rows at a time."""
    text = io.StringIO("phone,name\r\n")
    text.seek(0, io.SEEK_END)
    for at, number in enumerate(numbers, start=1):
        text.write(f"{number},Customer {at}\r\n")
        if not at % 1000:
            yield text.getvalue().encode()
            text = io.StringIO()
    yield text.getvalue().encode()


@dataclass
class RunningCampaign:
    stack: LiveStack
    id: str

    @classmethod
    def create(cls, stack: LiveStack, **fields: object) -> Self:
        """A draft."""
        body = {"name": "Spring", "fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"]} | fields
        with stack.http() as client:
            answer = client.post("/campaigns", json=body)
        assert answer.status_code == 200, answer.text
        return cls(stack, answer.json()["campaignId"])

    def send(self, content: Iterable[bytes], seconds: float = 60) -> dict[str, Any]:
        with self.stack.http() as client:
            headers = {"Content-Type": "text/csv"}
            answer = client.put(f"/campaigns/{self.id}/contacts", content=content, headers=headers, timeout=seconds)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def order(self, what: str, **body: object) -> dict[str, Any]:
        with self.stack.http() as client:
            answer = client.post(f"/campaigns/{self.id}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def detail(self) -> dict[str, Any]:
        with self.stack.http() as client:
            return dict(client.get(f"/campaigns/{self.id}").raise_for_status().json())

    def wait_until_ended(self, seconds: float, every: float = 0.5) -> dict[str, Any]:
        until(lambda: answers(lambda: self.detail()["status"] in ENDED), seconds, every=every)
        return self.detail()

    def results(self) -> list[dict[str, str]]:
        with self.stack.http() as client:
            answer = client.get(f"/campaigns/{self.id}/results", timeout=120).raise_for_status()
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    def dials(self, called: Sequence[str]) -> list[judge.Dial]:
        """Of these numbers, by the carrier itself."""
        mine = frozenset(called)
        return [dial for dial in self.stack.report()["dials"] if dial["to"] in mine]


def dialed(dials: Iterable[judge.Dial]) -> Counter[str]:
    """How often each was."""
    return Counter(dial["to"] for dial in dials)
