"""Where a number belongs: its country, and the time zones in which its phone may ring."""

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from domain.model import Model
from domain.phones import E164

ANYWHERE = "*"  # in `allowedCountries`: every country


class Place(Model):
    """`country`: ISO 3166 code, None for a number of no country. `zones`: IANA names, empty where none is known."""

    country: str | None
    zones: tuple[str, ...]


def place_of(number: E164 | str) -> Place:
    """Place a valid number by the numbering plan. A mobile or toll-free one may ring in many zones."""
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed)
    return Place(
        country=country if country is not None and country.isalpha() else None,
        zones=tuple(zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_TIMEZONE),
    )


def may_be_called(country: str | None, allowed: frozenset[str]) -> bool:
    """Whether numbers of a country may be called; one of no country only where every country may."""
    return ANYWHERE in allowed or country in allowed
