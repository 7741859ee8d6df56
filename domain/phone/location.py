"""Where a number belongs: its country, and the time zones in which its phone may ring."""

from collections.abc import Collection

import phonenumbers

from domain.model import Model
from domain.phone.numbers import E164, find_facts

ANYWHERE = "*"  # in `allowedCountries`: every country


class Location(Model):
    """`country`: ISO 3166 code, None for a number of no country. `zones`: IANA names, empty where none is known."""

    country: str | None
    zones: tuple[str, ...]


def locate_number(number: E164 | str) -> Location:
    """Locate a valid number by the numbering plan. A mobile or toll-free one may ring in many zones.

    They are zones of its country: where the plan names one of another, they are all of the country's own.
    """
    facts = find_facts(number)
    return Location(country=facts.country, zones=facts.zones)


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
