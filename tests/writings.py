"""Telephones whose number is valid in two writings, each drawn anew."""

from hypothesis import strategies as st

from domain.phone.numbers import PhoneProblem, read_phone

# The two writings of each kind, and what both have in common; made by hand, not from the rules of the code.
_KINDS = (
    ("+54", "+549", r"(11[2-7]\d{7}|351[2-7]\d{6}|2966[4-6]\d{5})"),
    ("+970", "+972", r"(5[69]\d{7}|22\d{6}|82\d{6})"),
    ("+3780549", "+390549", r"[89]\d{5}"),
    ("+4428", "+35348", r"90\d{6}"),
    ("+241", "+2410", r"[2-7]\d{6}"),
)


def writings() -> st.SearchStrategy[tuple[str, str]]:
    """Both writings of one telephone, in either order."""
    pairs = st.one_of(_of_kind(*kind) for kind in _KINDS) | _brazilian_mobiles()
    return pairs.filter(lambda pair: all(map(_is_valid, pair))).flatmap(st.permutations).map(tuple)


def _of_kind(one: str, other: str, rest: str) -> st.SearchStrategy[list[str]]:
    return _digits(rest).map(lambda digits: [one + digits, other + digits])


def _brazilian_mobiles() -> st.SearchStrategy[list[str]]:
    return _digits(r"7[0789]\d{6}").map(lambda digits: [f"+5511{digits}", f"+55119{digits}"])


def _digits(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern.replace(r"\d", "[0-9]"), fullmatch=True)


def _is_valid(number: str) -> bool:
    return not isinstance(read_phone(number), PhoneProblem)
