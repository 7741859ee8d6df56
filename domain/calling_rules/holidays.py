"""Days on which no calls are placed: those of a country or of a part of it, from the `holidays` package, or dates."""

from collections.abc import Collection
from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=1)
def list_holiday_codes() -> frozenset[str]:
    """What may be named: ISO 3166 countries ("US") and subdivisions ("US-FL") that the package knows."""
    countries = holidays.list_supported_countries(include_aliases=False)
    return frozenset(countries) | {f"{country}-{part}" for country, parts in countries.items() for part in parts}


def get_holidays(days: str | tuple[date, ...] | None, year: int) -> Collection[date]:
    """The holidays of a code, with the days on which they are observed; dates are what they are.

    Raises NotImplementedError for a code that is not one of `list_holiday_codes()`.
    """
    if days is None:
        return ()
    return _get_holidays_of_code(days, year) if isinstance(days, str) else days


@lru_cache(maxsize=512)
def _get_holidays_of_code(code: str, year: int) -> frozenset[date]:
    country, _, part = code.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
