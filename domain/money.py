"""What calls cost. Decimal throughout; rates are dollars a minute, from the contract's cost section."""

from decimal import ROUND_HALF_UP, Decimal

from domain.statuses import Architecture

RATES: dict[Architecture, Decimal] = {
    Architecture.PIPELINE: Decimal("0.0175"),
    Architecture.REALTIME: Decimal("0.035"),
}
ASSUMED_MINUTES = 2  # what an average call lasts, for estimates and for the reserve of a live call
MICRO = Decimal("0.000001")
CENT = Decimal("0.01")


def estimate_cost(contacts: int, architecture: Architecture) -> Decimal:
    """Unrounded dollars for calling every contact once, two minutes each."""
    return contacts * compute_reserve(architecture)


def compute_reserve(architecture: Architecture) -> Decimal:
    """What one live call reserves: two minutes."""
    return ASSUMED_MINUTES * RATES[architecture]


def compute_cost(seconds: int, rate_per_minute: Decimal) -> Decimal:
    """What a call of that many carrier seconds costs: to six decimals, half-up."""
    return (rate_per_minute * seconds / 60).quantize(MICRO, ROUND_HALF_UP)


def format_dollars(amount: Decimal) -> str:
    """For people: "$3.50", half-up to the cent."""
    return f"${amount.quantize(CENT, ROUND_HALF_UP):,.2f}"


def format_exact(amount: Decimal) -> str:
    """For programs: all of up to six decimals, at least two of them, no exponent.

    >>> format_exact(Decimal("5.000000")), format_exact(Decimal("0.035000"))
    ('5.00', '0.035')
    """
    whole, _, decimals = f"{amount.quantize(MICRO, ROUND_HALF_UP):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"
