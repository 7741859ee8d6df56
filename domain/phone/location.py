"""Where a number belongs: its country, and the time zones in which its phone may ring."""

from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from domain.model import Model
from domain.phone.country_zones import is_zone_of, list_country_zones
from domain.phone.numbers import E164

ANYWHERE = "*"  # in `allowedCountries`: every country

# `phonenumbers` names one zone for all that have the same clock: abroad too, and by rules that have changed since.
_MEANT = {("RU", "Europe/Bucharest"): "Europe/Kaliningrad"}
_UNUSUAL = {PhoneNumberType.PAGER: "a pager's number", PhoneNumberType.SHARED_COST: "a shared-cost number"}


class Location(Model):
    """`country`: ISO 3166 code, None for a number of no country. `zones`: IANA names, empty where none is known."""

    country: str | None
    zones: tuple[str, ...]


def locate_number(number: E164 | str) -> Location:
    """Locate a valid number by the numbering plan. A mobile or toll-free one may ring in many zones.

    They are zones of its country: where the plan names one of another, they are all of the country's own.
    """
    return locate_parsed(phonenumbers.parse(number))


def locate_parsed(parsed: PhoneNumber) -> Location:
    """As `locate_number`, of what `parse_phone` returned."""
    region = phonenumbers.region_code_for_number(parsed)
    country = region if region is not None and region.isalpha() else None
    named = tuple(zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_TIMEZONE)
    return Location(country=country, zones=named if country is None else _check_zones(country, named))


def _check_zones(country: str, named: tuple[str, ...]) -> tuple[str, ...]:
    zones = tuple(_MEANT.get((country, zone), zone) for zone in named)
    return zones if zones and all(is_zone_of(zone, country) for zone in zones) else list_country_zones(country)


def find_unusual_kind(parsed: PhoneNumber) -> str | None:
    """What a number is, where hardly any person's telephone has one: for a warning."""
    return _UNUSUAL.get(phonenumbers.number_type(parsed))


def is_country(code: str) -> bool:
    """Whether it may stand among an organization's allowed countries: an ISO 3166 code that has numbers, or `*`."""
    return code == ANYWHERE or code in phonenumbers.SUPPORTED_REGIONS


def is_country_allowed(country: str | None, allowed: frozenset[str]) -> bool:
    """Whether numbers of a country may be called; one of no country only where every country may."""
    return ANYWHERE in allowed or country in allowed


def only_country(allowed: Collection[str] | None) -> str | None:
    """The one country that an organization may call; None where there are several, or any."""
    return None if allowed is None or len(allowed) != 1 or ANYWHERE in allowed else next(iter(allowed))


def explain_country_block(country: str | None) -> str:
    """The sentence for people."""
    where = "numbers of no country" if country is None else f"numbers of {country}"
    return f"The organization may not call {where}."
