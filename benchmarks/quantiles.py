"""The few statistics that the suite needs."""

import math
import statistics
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank). Raises ValueError."""
    if not values:
        raise ValueError("of no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float], digits: int = 1) -> str:
    """`median (least–most)`, as tables show several runs; a dash for none."""
    if not values:
        return "–"
    middle, least, most = (f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least}–{most})"


def digits_for(value: float) -> int:
    """Decimals that show about three figures."""
    if value == 0 or math.isinf(value):
        return 0
    return min(3, max(0, 2 - math.floor(math.log10(abs(value)))))
