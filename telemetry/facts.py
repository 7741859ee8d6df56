"""Metrics that are facts of the database or of what answers: read now and then, shown while they are fresh."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

FRESH_SECONDS = 60.0  # an older reading is not shown: no answer is not the last answer
READ_SECONDS = 20.0  # for one reading

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fact:
    """One gauge, by its labels in the order of `labels`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    values: Mapping[Any, float] = field(default_factory=dict)  # by tuples, a text for each label

    @classmethod
    def single(cls, name: str, help_: str, value: float) -> "Fact":
        return cls(name, help_, (), {(): value})


Read = Callable[[], Awaitable[list[Fact]]]


class FactsCollector(Collector):
    """The last readings of several sources."""

    def __init__(self) -> None:
        self._readings: dict[str, tuple[float, list[Fact]]] = {}

    def put(self, source: str, facts: list[Fact]) -> None:
        self._readings[source] = (time.monotonic(), facts)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: names are known once they were read."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for at, facts in list(self._readings.values()):
            if time.monotonic() - at <= FRESH_SECONDS:
                yield from map(_family, facts)


def _family(fact: Fact) -> GaugeMetricFamily:
    family = GaugeMetricFamily(fact.name, fact.help, labels=fact.labels)
    for labels, value in fact.values.items():
        family.add_metric(labels, value)
    return family


async def keep_reading(collector: FactsCollector, source: str, read: Read, interval: float) -> None:
    """Read for ever. What cannot be read is logged once, until it can be again."""
    failing = False
    while True:
        try:
            async with asyncio.timeout(READ_SECONDS):
                collector.put(source, await read())
            failing = False
        except Exception as error:
            if not failing:
                logger.warning("the metrics of %s cannot be read (%s)", source, type(error).__name__)
            failing = True
        await asyncio.sleep(interval)
