"""Where a number belongs."""

import pytest

from domain.phone.location import Place, may_be_called, place_of


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
    assert place_of(number) == Place(country=country, zones=zones)


def test_a_toll_free_number_may_ring_in_many_zones() -> None:
    place = place_of("+18005550123")
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(place.zones)


def test_a_number_of_no_country_has_neither_country_nor_zone() -> None:
    assert place_of("+80012345678") == Place(country=None, zones=())  # an international freephone number


def test_only_countries_that_are_allowed_may_be_called() -> None:
    assert may_be_called("DE", frozenset({"DE", "AT"}))
    assert not may_be_called("US", frozenset({"DE", "AT"}))
    assert not may_be_called("DE", frozenset())


def test_a_number_of_no_country_may_be_called_only_where_every_country_may() -> None:
    assert not may_be_called(None, frozenset({"US", "DE"}))
    assert may_be_called(None, frozenset({"*"}))
    assert may_be_called("FR", frozenset({"*"}))
