"""What the numbering plan of a calling code says of a number: its region, its kind, its time zones.

The data are those of `phonenumbers`, and so are the answers: tests hold them against the library's. It works the region
out anew for each question, +1 has 25 of them, and tries up to ten patterns for each. Here the patterns of a calling
code are one expression, in the library's order; what it finds answers all questions.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberType,
    is_number_type_geographical,
    is_possible_number,
)
from phonenumbers.phonemetadata import PhoneNumberDesc
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from domain.phone.country_zones import keep_zones_of

_UNUSUAL = {PhoneNumberType.PAGER: "a pager's number", PhoneNumberType.SHARED_COST: "a shared-cost number"}
_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
# Beside fixed lines and mobiles, in the order in which the library tries them.
_KINDS = {
    "premium_rate": PhoneNumberType.PREMIUM_RATE,
    "toll_free": PhoneNumberType.TOLL_FREE,
    "shared_cost": PhoneNumberType.SHARED_COST,
    "voip": PhoneNumberType.VOIP,
    "personal_number": PhoneNumberType.PERSONAL_NUMBER,
    "pager": PhoneNumberType.PAGER,
    "uan": PhoneNumberType.UAN,
    "voicemail": PhoneNumberType.VOICEMAIL,
}


class NumberFacts(NamedTuple):
    """What is known of a number.

    `country`: ISO 3166 code, None for a number of no country. `kind`: a PhoneNumberType, UNKNOWN of a number that is
    not valid. `zones`: IANA names of that country, empty where none is known.
    """

    country: str | None
    kind: int
    zones: tuple[str, ...]

    @property
    def valid(self) -> bool:
        return self.kind != PhoneNumberType.UNKNOWN

    @property
    def unusual(self) -> str | None:
        """What it is, where hardly any person's telephone has such a number: for a warning."""
        return _UNUSUAL.get(self.kind)


class NumberingPlan:
    """The plan of a calling code that there is."""

    def __init__(self, code: int) -> None:
        self.code = str(code)
        self._code = code
        self._regions: tuple[str, ...] = COUNTRY_CODE_TO_REGION_CODE[code]
        main = _read_metadata(code, self._regions[0])
        self._prefix = re.compile(main.national_prefix_for_parsing or "(?!)")
        self._ranges: dict[int, _Ranges] = {}  # by length
        self._possible: dict[int, bool] = {}  # by length
        self._places = _list_places(self.code)
        self._place_lengths = sorted(set(map(len, self._places)), reverse=True)
        self._facts: dict[tuple[int, int, str], NumberFacts] = {}  # those asked for so far, by range and place

    def is_written_plainly(self, national: str) -> bool:
        """Whether these digits after the code are the number itself, for certain: no prefix can be among them."""
        return len(national) > 1 and self._prefix.match(national) is None

    def is_possible(self, national: str) -> bool:
        """Whether it has a length that numbers of this code have."""
        length = len(national)
        if length not in self._possible:
            sample = PhoneNumber(country_code=self._code, national_number=int("1" * length))
            self._possible[length] = is_possible_number(sample)
        return self._possible[length]

    def find(self, national: str) -> NumberFacts:
        """Look a number up by the digits after its code, leading zeros and all."""
        length = len(national)
        ranges = self._ranges.get(length) or self._find_ranges(length)
        found = ranges.find(national)
        place = self._find_place(national) if ranges.found[found].by_place else ""
        facts = self._facts.get((length, found, place))
        if facts is None:
            facts = self._facts[length, found, place] = self._judge(ranges.found[found], place)
        return facts

    def load(self) -> None:
        """Make what `find` takes for numbers of all lengths that the code has."""
        for region in self._regions:
            general = _read_metadata(self._code, region).general_desc
            for length in () if general is None else general.possible_length:
                self._find_ranges(length)

    def _find_ranges(self, length: int) -> "_Ranges":
        if length not in self._ranges:
            self._ranges[length] = _Ranges(self._code, self._regions, length)
        return self._ranges[length]

    def _find_place(self, national: str) -> str:
        """The longest of the beginnings for which zones are listed; empty where it has none."""
        places = self._places
        for length in self._place_lengths:
            if (beginning := national[:length]) in places:
                return beginning
        return ""

    def _judge(self, found: "_Range", place: str) -> NumberFacts:
        """What is known of the numbers of a range that begin so after the code."""
        named = () if found.kind == PhoneNumberType.UNKNOWN else _name_zones(self.code + place)
        return NumberFacts(found.country, found.kind, keep_zones_of(found.country, named))


@cache
def get_plan(code: str) -> NumberingPlan:
    """The plan of a calling code that there is."""
    return NumberingPlan(int(code))


def split_code(digits: str) -> tuple[NumberingPlan, str] | None:
    """The plan of a number, and its digits after the code; None: it begins with none. No code begins another."""
    for length in (1, 2, 3):
        if digits[:length] in _CODES:
            return get_plan(digits[:length]), digits[length:]
    return None


def load_plans() -> None:
    """Make all that looking up takes, which is otherwise made for each plan when it is first asked."""
    for code in _CODES:
        get_plan(code).load()


class _Range(NamedTuple):
    """`by_place`: such a number belongs to a place, which its first digits name."""

    country: str | None
    kind: int
    by_place: bool


class _Ranges:
    """The ranges of one length: which region's a number is, and of which kind it is there."""

    def __init__(self, code: int, regions: tuple[str, ...], length: int) -> None:
        self._code, self._length = code, length
        self.found: list[_Range] = []  # by the group that matches, the first for none
        self._note(regions[0] if len(regions) == 1 else None, PhoneNumberType.UNKNOWN)
        expressions = [self._express_region(region, alone=len(regions) == 1) for region in regions]
        self._match = re.compile("|".join(expressions)).match

    def find(self, national: str) -> int:
        """Its place in `found`."""
        match = self._match(national)
        return 0 if match is None else match.lastindex or 0

    def _express_region(self, region: str, *, alone: bool) -> str:
        metadata = _read_metadata(self._code, region)
        kinds = list(_list_kinds(metadata, self._length))
        for kind, _ in kinds:
            self._note(region, kind)
        general = _express(metadata.general_desc, self._length)
        patterns = "|".join(f"({pattern})" for _, pattern in kinds) or "(?!)"
        valid = "(?!)" if general is None else rf"(?={general}\Z)(?:{patterns})\Z"
        if alone or metadata.leading_digits is None:
            return valid
        self._note(region, PhoneNumberType.UNKNOWN)  # what begins so is the region's, valid there or not
        return f"(?={metadata.leading_digits})(?:{valid}|())"

    def _note(self, region: str | None, kind: int) -> None:
        """What the next group of the expression stands for."""
        country = region if region is not None and region.isalpha() else None  # "001" is the whole world
        self.found.append(_Range(country, kind, is_number_type_geographical(kind, self._code)))


def _read_metadata(code: int, region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    assert metadata is not None  # noqa: S101  the code and its regions are the library's own
    return metadata


def _list_kinds(metadata: PhoneMetadata, length: int) -> Iterator[tuple[int, str]]:
    for name, kind in _KINDS.items():
        if (pattern := _express(getattr(metadata, name), length)) is not None:
            yield kind, pattern
    fixed, mobile = _express(metadata.fixed_line, length), _express(metadata.mobile, length)
    if fixed is not None and metadata.same_mobile_and_fixed_line_pattern:
        yield PhoneNumberType.FIXED_LINE_OR_MOBILE, fixed
        return
    if fixed is not None and mobile is not None:
        yield PhoneNumberType.FIXED_LINE_OR_MOBILE, rf"(?={mobile}\Z){fixed}"
    if fixed is not None:
        yield PhoneNumberType.FIXED_LINE, fixed
    if mobile is not None and not metadata.same_mobile_and_fixed_line_pattern:
        yield PhoneNumberType.MOBILE, mobile


def _express(description: PhoneNumberDesc | None, length: int) -> str | None:
    """The pattern of numbers of this length; None: there are none."""
    if description is None or not description.national_number_pattern:
        return None
    lengths = description.possible_length
    return f"(?:{description.national_number_pattern})" if not lengths or length in lengths else None


def _list_places(code: str) -> frozenset[str]:
    """The beginnings, after the code, for which zones are listed."""
    longer = (prefix for prefix in TIMEZONE_DATA if prefix.startswith(code) and prefix != code)
    return frozenset(prefix[len(code) :] for prefix in longer if len(prefix) <= TIMEZONE_LONGEST_PREFIX)


def _name_zones(digits: str) -> tuple[str, ...]:
    """Those that are listed for the longest beginning of these digits."""
    beginnings = (digits[:length] for length in range(len(digits), 0, -1))
    return next((TIMEZONE_DATA[beginning] for beginning in beginnings if beginning in TIMEZONE_DATA), ())
