"""What the plans say of a number is what `phonenumbers` says of it."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumber, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from domain.phone.country_zones import keep_zones_of
from domain.phone.numbering_plans import get_plan, split_code
from domain.phone.numbers import PhoneProblem, parse_phone

CHANGED = 8  # numbers that are made of each example


def list_examples() -> Iterator[PhoneNumber]:
    """One of each kind of each region."""
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        of_world = phonenumbers.example_number_for_non_geo_entity(code) if "001" in regions else None
        kinds = [phonenumbers.example_number_for_type(region, kind) for region in regions for kind in KINDS]
        yield from (example for example in (*kinds, of_world) if example is not None)


def change(number: PhoneNumber, chance: random.Random) -> str:
    """Another number of the same code, E.164 in form: other digits, one more or one less."""
    national = list(phonenumbers.national_significant_number(number))
    for _ in range(chance.choice((1, 1, 2, 3, 9))):
        place = chance.randrange(len(national))
        if (kind := chance.random()) < 0.8:
            national[place] = chance.choice("0123456789")
        elif kind < 0.9 and len(national) > 2:
            del national[place]
        elif len(national) < 12:
            national.insert(place, chance.choice("0123456789"))
    return f"+{number.country_code}{''.join(national)}"


KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
EXAMPLES = [phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164) for example in list_examples()]
chance = random.Random(9)  # the same numbers in each run
NUMBERS = EXAMPLES + [change(example, chance) for example in list_examples() for _ in range(CHANGED)]


def parse(number: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except NumberParseException:
        return None


def test_region_kind_and_zones_are_the_librarys() -> None:
    for number in NUMBERS:
        parsed = parse(number)
        if parsed is None:
            continue
        national = phonenumbers.national_significant_number(parsed)
        plan = get_plan(str(parsed.country_code))
        facts = plan.find(national)
        region = phonenumbers.region_code_for_number(parsed)
        assert facts.country == (region if region is not None and region.isalpha() else None), number
        assert facts.kind == phonenumbers.number_type(parsed), number
        assert facts.valid == phonenumbers.is_valid_number(parsed), number
        assert facts.zones == keep_zones_of(facts.country, tuple(time_zones_for_number(parsed))), number
        assert plan.is_possible(national) == phonenumbers.is_possible_number(parsed), number


def test_the_examples_cover_all_kinds_and_the_changed_ones_are_valid_and_invalid() -> None:
    facts = [plan.find(national) for plan, national in filter(None, (split_code(number[1:]) for number in NUMBERS))]
    assert {one.kind for one in facts} == set(PhoneNumberType.values())
    valid = sum(one.valid for one in facts)
    assert min(valid, len(facts) - valid) > len(facts) / 4


def test_a_number_that_is_written_plainly_is_parsed_as_it_stands() -> None:
    plain = 0
    for number in NUMBERS:
        found = split_code(number[1:])
        assert found is not None
        plan, national = found
        if len(number) <= 16 and plan.is_written_plainly(national):
            plain += 1
            parsed = phonenumbers.parse(number)
            assert (str(parsed.country_code), phonenumbers.national_significant_number(parsed)) == (plan.code, national)
    assert plain > len(NUMBERS) * 0.9


@pytest.mark.parametrize("possible", [False, True])
def test_numbers_are_taken_and_refused_as_the_library_judges_them(possible: bool) -> None:
    for number in NUMBERS:
        if len(number) > 16:
            continue
        parsed = parse(number)
        taken = (
            parsed is not None
            and (phonenumbers.is_possible_number(parsed) if possible else phonenumbers.is_valid_number(parsed))
            and phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
            and phonenumbers.number_type(parsed) != PhoneNumberType.PREMIUM_RATE
        )
        assert taken == (not isinstance(parse_phone(number, possible=possible), PhoneProblem)), number


def test_digits_that_begin_with_no_calling_code_have_no_plan() -> None:
    assert split_code("999123456789") is None
    assert split_code("21") is None
