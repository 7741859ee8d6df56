"""Where a number belongs."""

import pytest

from domain.phone.location import Location, is_country_allowed, locate_number


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
