"""What is around the stack of a run and can be hurt: network, disk, names, clock, Temporal."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.ports import LOOPBACK, free_port
from tests.chaos import clock
from tests.chaos.alterations import Alterations
from tests.chaos.disk import small_disk
from tests.chaos.disruption import Surroundings
from tests.chaos.network import network
from tests.chaos.resolver import NAME, resolver


@dataclass(frozen=True)
class Prepared:
    """The surroundings, and what a stack must be told to live in them."""

    surroundings: Surroundings
    flags: tuple[str, ...]  # of `outdial up`
    alterations: Alterations


@contextmanager
def prepared(home: Path, faults: dict[str, Any], patience: float, plant: str | None) -> Iterator[Prepared]:
    """For as long as the block runs."""
    carrier_port = free_port()
    with ExitStack() as stack:
        way = stack.enter_context(network((LOOPBACK, carrier_port)))
        disk = stack.enter_context(small_disk(home / "disk"))
        found = stack.enter_context(resolver(way.address, home))
        offset = home / "clock" if clock.can_step() else None
        if offset is not None:
            clock.step(offset, 0.0)
        names, file = found or (None, None)
        empty = home / "empty-temporal"
        yield Prepared(
            Surroundings(way, disk, names, offset, empty),
            (
                *("--carrier-port", str(carrier_port)),
                *("--carrier-url", f"http://{NAME if names else way.address}:{way.port}"),
            ),
            Alterations(
                faults=faults,
                patience=patience,
                plant=plant,
                postgres=disk.root / "postgres" if disk else None,
                empty_temporal=empty,
                clock=offset,
                resolver=file,
            ),
        )
