"""Twilio as it is set in the environment."""

from collections.abc import Mapping

from carriers.twilio.carrier import Twilio

PLACE_TIMEOUT_SECONDS = 10.0
NO_VALUE = frozenset({"", "none"})


def from_environment(environment: Mapping[str, str]) -> Twilio:
    """The account `OUTDIAL_TWILIO_ACCOUNT_SID` with `…_AUTH_TOKEN`, at `…_BASE_URL`.

    Without an account too: single numbers may have their own.
    """
    base_url = environment.get("OUTDIAL_TWILIO_BASE_URL", "")
    return Twilio(
        environment.get("OUTDIAL_TWILIO_ACCOUNT_SID", ""),
        environment.get("OUTDIAL_TWILIO_AUTH_TOKEN", ""),
        base_url=None if base_url in NO_VALUE else base_url,
        place_timeout_seconds=float(environment.get("OUTDIAL_PLACE_TIMEOUT_SECONDS", PLACE_TIMEOUT_SECONDS)),
    )
