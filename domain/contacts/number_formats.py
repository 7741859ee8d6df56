"""How a workbook shows whole numbers: `000000` shows 42 as 000042, `00000-0000` 12345678 as 01234-5678.

The formats are those of ECMA-376 part 1, 18.8.31. What shows amounts, such as `#,##0.00`, is left alone.
"""

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

LONGEST_FORMAT = 255  # characters: a spreadsheet takes no longer one
MAX_TOKENS = 32  # of one section; one with more is not followed

_LARGEST = 1e21
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<plain>[-+ ()])|(?P<next>;)|(?P<point>[.Ee/])|(?P<other>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9]+(?:\.[0-9]+)?)")
_DECORATION = re.compile(
    r"\$-[0-9a-f]+|black|blue|cyan|green|magenta|red|white|yellow|color *[0-9]+", re.IGNORECASE
)  # a locale or a color
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class Token(NamedTuple):
    """A place for a digit, `0`, `#` or `?`, or characters that are shown as they are."""

    text: str
    is_digit: bool


class Section(NamedTuple):
    """What shows some of the numbers. `tokens`: None where it holds more than digits and fixed characters."""

    tokens: tuple[Token, ...] | None
    zeros: int  # digits that are shown at least, before a decimal point
    condition: tuple[str, float] | None

    @property
    def is_of_codes(self) -> bool:
        """Whether it shows codes, not quantities: leading zeros, groups of digits, or `C-` before them."""
        if self.zeros > 1 or self.tokens is None:
            return self.zeros > 1
        places = [place for place, token in enumerate(self.tokens) if token.is_digit]
        before = "".join(token.text for token in self.tokens[: places[0]])
        grouped = places[-1] - places[0] >= len(places)
        return grouped or any(char.isalnum() or char == "+" for char in before)

    def holds(self, value: float) -> bool:
        """Whether the section's own condition admits the number."""
        return self.condition is not None and _COMPARISONS[self.condition[0]](value, self.condition[1])

    def fill(self, digits: str) -> str:
        """Put digits into their places, from the last one; the first place takes those that are too many."""
        tokens = self.tokens or ()
        if self.zeros == len(tokens):
            return digits.zfill(self.zeros)
        places = sum(token.is_digit for token in tokens)
        left = digits.rjust(places)
        chars = iter([left[: len(left) - places + 1], *left[len(left) - places + 1 :]])
        shown, padding = list[str](), False
        for token in tokens:
            if not token.is_digit:
                shown.append(token.text)
                continue
            char = next(chars)
            padding |= token.text == "0"
            shown.append(char if char != " " else "0" if padding else "" if token.text == "#" else " ")
        return "".join(shown).strip()


class NumberFormat(NamedTuple):
    """A format that shows at least some whole numbers otherwise than by their digits alone."""

    sections: tuple[Section, ...]

    def show(self, value: float) -> str | None:
        """As a cell shows the number. None: it is not whole, or its section is not followed."""
        section = self._choose(value)
        if section.tokens is None or not isfinite(value) or abs(value) >= _LARGEST:
            return None
        digits = f"{abs(value):.15g}"
        if "e" in digits:
            digits = f"{Decimal(digits):f}"
        if not digits.isdigit():
            return None
        sign = "-" if value < 0 and section is self.sections[0] else ""
        return sign + section.fill(digits.lstrip("0"))

    def hides_zeros(self, value: float) -> bool:
        """Whether a cell shows more digits than the number has."""
        return isfinite(value) and len(f"{abs(int(value))}") < self._choose(value).zeros

    def _choose(self, value: float) -> Section:
        sections = self.sections
        first, second, third = sections[0], sections[min(1, len(sections) - 1)], sections[min(2, len(sections) - 1)]
        if first.condition is not None:
            return first if first.holds(value) else second if second.holds(value) else third
        if value < 0:
            return second
        return third if value == 0 and len(sections) > 2 else first


def read_format(code: str) -> NumberFormat | None:
    """None where numbers are read as they stand: it shows quantities, dates, texts, or nothing."""
    if len(code) > LONGEST_FORMAT:
        return None
    parts: list[list[re.Match[str]]] = [[]]
    for match in _TOKEN.finditer(code):
        if match["next"] is not None:
            parts.append([])
        else:
            parts[-1].append(match)
    sections = tuple(map(_read_section, parts[:3]))  # a fourth one shows texts
    return NumberFormat(sections) if any(section.is_of_codes for section in sections) else None


def _read_section(matches: list[re.Match[str]]) -> Section:
    tokens, condition = list[Token](), None
    followed, whole, zeros = True, True, 0
    for match in matches:
        kind, text = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "digit":
            tokens.append(Token(text, is_digit=True))
            zeros += whole and (text == "0" or zeros > 0)
        elif kind in {"quoted", "escaped", "plain"}:
            tokens.append(Token(text, is_digit=False))
        elif kind == "space":
            tokens.append(Token(" ", is_digit=False))
        elif kind == "bracket" and (found := _CONDITION.fullmatch(text)):
            condition = (found[1], float(found[2]))
        elif kind == "bracket":
            followed &= _DECORATION.fullmatch(text) is not None
        else:
            followed, whole = followed and kind == "fill", whole and kind != "point"
    followed &= any(token.is_digit for token in tokens) and len(tokens) <= MAX_TOKENS
    return Section(tuple(tokens) if followed else None, zeros, condition)
