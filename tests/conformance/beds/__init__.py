"""The beds of Outdial's own carriers; those of others come by the entry-point group `outdial.conformance`."""

from collections.abc import Callable
from importlib.metadata import entry_points

from examples.tincan.bed import TinCanBed
from tests.conformance.bed import Bed
from tests.conformance.beds.asterisk import AsteriskBed
from tests.conformance.beds.twilio import TwilioBed

GROUP = "outdial.conformance"
OWN: dict[str, Callable[[], Bed]] = {
    "twilio": TwilioBed,
    "tincan": TinCanBed,
    "asterisk": AsteriskBed,
}


def beds(carrier: str | None = None) -> dict[str, Callable[[], Bed]]:
    """All beds by name; with `carrier` its own: `pigeon` and `pigeon-…`."""
    every = OWN | {entry.name: entry.load() for entry in entry_points(group=GROUP)}
    if carrier is None:
        return every
    return {name: bed for name, bed in every.items() if name == carrier or name.startswith(f"{carrier}-")}
