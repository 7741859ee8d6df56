"""Plain options for rules that are objects in the API: who is called again and when, and how often one number."""

import re
from typing import Annotated, Any

import typer

from domain.calling_rules.frequency_caps import CALLS, HOURS
from domain.calls.retries import MAX_DELAYS, RETRYABLE, OnDeclined, OnScreened, OnVoicemail

RULES = "Rules of calling again"
CAPS = "Caps on calls to one number"


def _minutes(written: str) -> list[int]:
    if not re.fullmatch(r"\d{1,6}( *, *\d{1,6})*", written.strip()):
        raise typer.BadParameter(f"{written} is no list of minutes, such as 5,30,120.")
    return [int(one) for one in written.split(",")]


def _statuses(written: str) -> list[str]:
    names = [one.strip() for one in written.split(",") if one.strip()]
    if set(names) - set(RETRYABLE):
        raise typer.BadParameter(f"{written}: some of {', '.join(RETRYABLE)}, with commas between.")
    return names


class CapOptions(dict[str, Any]):
    """`contactFrequency`, as far as it was given."""

    @classmethod
    def from_options(
        cls,
        calls_per_day: Annotated[
            int | None,
            typer.Option(min=CALLS.lowest, max=CALLS.highest, help="Calls in any 24 hours.", rich_help_panel=CAPS),
        ] = None,
        calls_per_week: Annotated[
            int | None,
            typer.Option(min=CALLS.lowest, max=CALLS.highest, help="Calls in any 7 days.", rich_help_panel=CAPS),
        ] = None,
        quiet_hours: Annotated[
            int | None,
            typer.Option(
                min=HOURS.lowest, max=HOURS.highest, help="During a conversation, and after it.", rich_help_panel=CAPS
            ),
        ] = None,
    ) -> "CapOptions":
        return cls(_named(callsPer24Hours=calls_per_day, callsPer7Days=calls_per_week, quietHours=quiet_hours))


class RetryRuleOptions(dict[str, Any]):
    """`retryPolicy`, as far as it was given."""

    @classmethod
    def from_options(
        cls,
        delays: Annotated[
            Any,
            typer.Option(
                metavar="MINUTES",
                parser=_minutes,
                help=f"After the first attempt, the second …, the last repeats: 5,30,120. At most {MAX_DELAYS}.",
                rich_help_panel=RULES,
            ),
        ] = None,
        retry_on: Annotated[
            Any,
            typer.Option(
                metavar="STATUSES",
                parser=_statuses,
                help=f"After which outcomes: {','.join(RETRYABLE)}.",
                rich_help_panel=RULES,
            ),
        ] = None,
        voicemail: Annotated[
            OnVoicemail | None, typer.Option(help="Where a machine answered.", rich_help_panel=RULES)
        ] = None,
        declined: Annotated[
            OnDeclined | None, typer.Option(help="Where the call was declined.", rich_help_panel=RULES)
        ] = None,
        screened: Annotated[
            OnScreened | None,
            typer.Option(help="Where the telephone asked who is calling, and nobody took it.", rich_help_panel=RULES),
        ] = None,
        retries_first: Annotated[
            bool | None,
            typer.Option(
                "--retries-first/--no-retries-first",
                help="Those to be called again go before those not called yet.",
                rich_help_panel=RULES,
            ),
        ] = None,
    ) -> "RetryRuleOptions":
        return cls(
            _named(
                delaysMinutes=delays,
                retryableStatuses=retry_on,
                onVoicemail=voicemail,
                onDeclined=declined,
                onScreened=screened,
                retriesFirst=retries_first,
            )
        )


def with_rules(settings: dict[str, Any], **rules: dict[str, Any]) -> dict[str, Any]:
    """The settings with these objects; a plain option wins over the same in JSON."""
    given = {name: {**(settings.get(name) or {}), **parts} for name, parts in rules.items() if parts}
    return settings | given


def _named(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value is not None}
