"""The fields that say when, how often and how much a job may call."""

from typing import Any

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import get_preset_frequency
from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_format import InvalidWindow, parse_window
from domain.calls.models import OnMachine
from domain.calls.retries import DELAYS_MINUTES, RETRYABLE, OnDeclined, OnVoicemail, RetryPolicy
from domain.requests.raw_values import RawValues

RULE_FIELDS = frozenset(
    {"maxAttempts", "priority", "callingWindow", "startWithin", "retryPolicy", "contactFrequency"}
    | {"onMachine", "circuitBreaker", "maxCost"}
)
MAX_DELAY_MINUTES = 10_080  # a week
MAX_DELAYS = 10
MAX_ATTEMPTS = 10

_FREQUENCY = ("callsPer24Hours", "callsPer7Days", "quietHours")
_POLICY = ("maxAttempts", "delaysMinutes", "retryableStatuses", "onVoicemail", "onDeclined", "retriesFirst")


def read_rules(values: RawValues) -> dict[str, Any]:
    """The rules, by their names in a JobRequest; what is wrong is noted in `values`."""
    attempts, policy = _read_retries(values)
    window = read_window(values)
    return {
        "max_attempts": attempts,
        "retry_policy": policy,
        "priority": read_priority(values),
        "calling_window": window,
        "contact_frequency": _read_frequency(values) or get_preset_frequency(window),
        "on_machine": read_on_machine(values),
        "start_within_minutes": values.integer("startWithin", 120, 1, MAX_DELAY_MINUTES),
        "circuit_breaker": values.boolean("circuitBreaker", default=True),
        "max_cost": values.dollars("maxCost"),
    }


def read_attempts(values: RawValues) -> int:
    """How often a contact may be called, the first call counted."""
    return values.integer("maxAttempts", 3, 1, MAX_ATTEMPTS)


def read_priority(values: RawValues) -> int:
    """A job's weight where lines are shared."""
    return values.integer("priority", 5, 1, 9)


def read_on_machine(values: RawValues) -> OnMachine:
    """What becomes of a call that a machine answered."""
    return values.choice("onMachine", OnMachine.TALK)


def read_window(values: RawValues) -> CallingWindow | None:
    """A calling window, or the name of a preset."""
    value = values.structure("callingWindow")
    try:
        return None if value is None else parse_window(value)
    except InvalidWindow as problem:
        values.blame(f"callingWindow.{problem.path}" if problem.path else "callingWindow", problem.reason)
        return None


def _read_frequency(values: RawValues) -> ContactFrequency | None:
    fields = values.inside("contactFrequency", _FREQUENCY)
    if fields is None:
        return None
    return ContactFrequency(
        calls_per_24_hours=fields.optional_integer("callsPer24Hours", 1, 100),
        calls_per_7_days=fields.optional_integer("callsPer7Days", 1, 100),
        quiet_hours=fields.optional_integer("quietHours", 1, 8760),
    )


def _read_retries(values: RawValues) -> tuple[int, RetryPolicy]:
    attempts = read_attempts(values)
    fields = values.inside("retryPolicy", _POLICY)
    if fields is None:
        return attempts, RetryPolicy()
    own = fields.optional_integer("maxAttempts", 1, MAX_ATTEMPTS)
    if own not in {None, attempts} and values.given("maxAttempts") is not None:
        fields.blame("maxAttempts", "differs from maxAttempts: leave one of them out")
    return attempts if own is None else own, _read_policy(fields)


def _read_policy(fields: RawValues) -> RetryPolicy:
    return RetryPolicy(
        delays_minutes=fields.integers("delaysMinutes", DELAYS_MINUTES, MAX_DELAYS, 1, MAX_DELAY_MINUTES),
        retryable_statuses=fields.choices("retryableStatuses", RETRYABLE),
        on_voicemail=fields.choice("onVoicemail", OnVoicemail.COMPLETE),
        on_declined=fields.choice("onDeclined", OnDeclined.FAIL),
        retries_first=fields.boolean("retriesFirst", default=False),
    )
