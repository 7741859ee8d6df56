"""Where a number belongs."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from domain.phone.location import Location, is_country_allowed, locate_number

(PAGE,) = (Path(__file__).parents[3] / "docs" / "decisions").glob("*-zones-of-the-numbers-own-country.md")


@pytest.mark.parametrize(
    ("number", "country", "zones"),
    [
        ("+12125550123", "US", ("America/New_York",)),
        ("+18085550123", "US", ("Pacific/Honolulu",)),
        ("+14165550123", "CA", ("America/Toronto",)),
        ("+912228403221", "IN", ("Asia/Calcutta",)),
        ("+493012345678", "DE", ("Europe/Berlin",)),
        ("+442079460000", "GB", ("Europe/London",)),
    ],
)
def test_a_number_of_a_town_has_a_country_and_a_zone(number: str, country: str, zones: tuple[str, ...]) -> None:
    assert locate_number(number) == Location(country=country, zones=zones)


def test_a_toll_free_number_may_ring_in_many_zones() -> None:
    place = locate_number("+18005550123")
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(place.zones)


def test_a_number_of_no_country_has_neither_country_nor_zone() -> None:
    assert locate_number("+80012345678") == Location(country=None, zones=())  # an international freephone number


def test_only_countries_that_are_allowed_may_be_called() -> None:
    assert is_country_allowed("DE", frozenset({"DE", "AT"}))
    assert not is_country_allowed("US", frozenset({"DE", "AT"}))
    assert not is_country_allowed("DE", frozenset())


def test_a_number_of_no_country_may_be_called_only_where_every_country_may() -> None:
    assert not is_country_allowed(None, frozenset({"US", "DE"}))
    assert is_country_allowed(None, frozenset({"*"}))
    assert is_country_allowed("FR", frozenset({"*"}))


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+212650123456", ("Africa/Casablanca",)),  # not the Canary Islands
        ("+213551234567", ("Africa/Algiers",)),  # not Paris
        ("+50581234567", ("America/Managua",)),  # not Chicago
        ("+18762101234", ("America/Jamaica",)),  # a mobile of the shared +1
        ("+74012345678", ("Europe/Kaliningrad",)),  # not Bucharest, and not all of Russia
    ],
)
def test_a_zone_abroad_gives_way_to_the_countrys_own(number: str, zones: tuple[str, ...]) -> None:
    assert locate_number(number).zones == zones


def test_a_kazakh_mobile_has_the_zones_of_kazakhstan() -> None:
    zones = locate_number("+77012345678").zones
    assert zones
    assert {get_zone_country(zone) for zone in zones} == {"KZ"}


KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
EXAMPLES = [
    example
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in KINDS
    if (example := phonenumbers.example_number_for_type(region, kind)) is not None
]
# Named by no ISO 3166 code: whose clock they keep.
KEPT_CLOCKS = {"AC": "GB-SHN", "TA": "GB-SHN", "XK": "RS"}
WEEKS = [datetime(2026, 1, 4, 12, tzinfo=UTC) + timedelta(weeks=week) for week in range(53)]


def test_no_number_is_judged_by_a_clock_of_another_country_in_any_week() -> None:
    """By `zone1970.tab`, another of the IANA's tables than the one that the code reads."""
    wrong = set()
    for example in EXAMPLES:
        place = locate_number(as_e164(example))
        assert place.country is not None
        assert place.zones, place
        own = clocks_of(read_zones_since_1970()[KEPT_CLOCKS.get(place.country, place.country)])
        wrong |= {(place.country, zone) for zone in place.zones if not clocks_of((zone,)) <= own}
    assert not wrong


def test_no_zone_of_a_number_lies_in_another_country() -> None:
    abroad = {
        (place.country, zone)
        for place in map(locate_number, map(as_e164, EXAMPLES))
        for zone in place.zones
        if get_zone_country(zone) not in (place.country, None) and place.country not in KEPT_CLOCKS
    }
    assert not abroad


def test_the_documents_list_every_country_whose_zones_are_corrected() -> None:
    corrected = {
        str(place.country)
        for example in EXAMPLES
        if set((place := locate_number(as_e164(example))).zones) != set(time_zones_for_number(example))
    }
    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("Corrected:"))
    assert line == f"Corrected: {', '.join(sorted(corrected))}."


def as_e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def clocks_of(zones: Iterable[str]) -> set[tuple[datetime, timedelta | None]]:
    """What the clocks of all these zones show, week by week."""
    return {(week, week.astimezone(ZoneInfo(zone)).utcoffset()) for zone in zones for week in WEEKS}


@cache
def read_zones_since_1970() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in (files("tzdata") / "zoneinfo" / "zone1970.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            countries, _, zone, *_ = line.split("\t")
            for country in countries.split(","):
                found[country].append(zone)
    return {**found, "GB-SHN": ["Africa/Abidjan"]}


@cache
def read_zone_countries() -> dict[str, str]:
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    return {row[2]: row[0] for line in lines if not line.startswith("#") and (row := line.split("\t"))}


def get_zone_country(zone: str) -> str | None:
    """None: an older name of a zone."""
    return read_zone_countries().get(zone)
