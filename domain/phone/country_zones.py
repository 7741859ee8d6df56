"""The time zones of a country by `zone.tab`, the IANA's own table, as the `tzdata` package ships it."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from phonenumbers.timezone import UNKNOWN_TIMEZONE

# Regions of numbers that ISO 3166, and so the table, does not have; the zones are those of Unicode's CLDR.
_BESIDE_THE_TABLE = {"AC": ("Atlantic/St_Helena",), "TA": ("Atlantic/St_Helena",), "XK": ("Europe/Belgrade",)}

# `phonenumbers` names one zone for all that have the same clock: abroad too, and by rules that have changed since.
_MEANT = {("RU", "Europe/Bucharest"): "Europe/Kaliningrad"}


@cache
def keep_zones_of(country: str | None, named: tuple[str, ...]) -> tuple[str, ...]:
    """The zones that a plan names; where one of another country is among them, all of the country's own."""
    known = tuple(zone for zone in named if zone != UNKNOWN_TIMEZONE)
    if country is None:
        return known
    zones = tuple(_MEANT.get((country, zone), zone) for zone in known)
    return zones if zones and all(is_zone_of(zone, country) for zone in zones) else list_country_zones(country)


@cache
def list_country_zones(country: str) -> tuple[str, ...]:
    """The zones of an ISO 3166 country, or of AC, TA, XK; empty for what is none."""
    return _read_countries().get(country, ())


def is_zone_of(zone: str, country: str) -> bool:
    """Whether a zone, or the one of which it is an older name, is the country's."""
    return _read_older_names().get(zone, zone) in list_country_zones(country)


@cache
def _read_countries() -> dict[str, tuple[str, ...]]:
    countries: dict[str, list[str]] = defaultdict(list)
    for country, _, zone, *_ in _read_rows("zone.tab", "\t"):
        countries[country].append(zone)
    return {country: tuple(zones) for country, zones in countries.items()} | _BESIDE_THE_TABLE


@cache
def _read_older_names() -> dict[str, str]:
    """The zone of each name that the table does not have: a link may also lead abroad, Europe/Oslo to Berlin."""
    current = {zone for zones in _read_countries().values() for zone in zones}
    links = ((row[2], row[1]) for row in _read_rows("tzdata.zi", " ") if row[0] == "L")
    return {name: zone for name, zone in links if name not in current}


def _read_rows(name: str, separator: str) -> Iterator[list[str]]:
    for line in (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split(separator)
