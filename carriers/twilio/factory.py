"""Twilio from the environment's settings."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from carriers.number_settings import NumberSettings, numbers_may_set
from carriers.twilio.carrier import Twilio
from carriers.variables import NO_VALUE, OF_ALL_CARRIERS, SWITCH, Variable, read_address, read_switch, reads

PLACE_TIMEOUT_SECONDS = 10.0


class OwnAccount(NumberSettings):
    """An account at Twilio of the number's own."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


@numbers_may_set(OwnAccount)
@reads(
    Variable("OUTDIAL_TWILIO_ACCOUNT_SID", "the account; without it the carrier is not set up", allowed="`AC…`"),
    Variable("OUTDIAL_TWILIO_AUTH_TOKEN", "the account's own: it signs events"),
    Variable(
        "OUTDIAL_TWILIO_BASE_URL",
        "`none`: Twilio itself; an address: the simulator, or another carrier with the same API",
        default="none",
        allowed="an address, `none`",
    ),
    Variable(
        "OUTDIAL_TWILIO_SIGNING_KEY",
        "signs events where that is not the auth token (SignalWire); several with commas between them: each is "
        "taken, as while a token is replaced",
    ),
    Variable("OUTDIAL_TWILIO_DETECTION", "tell persons from machines; Twilio charges for it", "on", SWITCH),
    Variable("OUTDIAL_TWILIO_RECORD", "record both sides of every call there", "off", SWITCH),
    OF_ALL_CARRIERS,
)
def from_environment(environment: Mapping[str, str]) -> Twilio | None:
    """The account `OUTDIAL_TWILIO_ACCOUNT_SID` with `…_AUTH_TOKEN`, at `…_BASE_URL`.

    None without an account. `…_SIGNING_KEY`: where events are not signed with the auth token (SignalWire), or may be
    with another one. `…_DETECTION` `off`: persons are not told from machines. `…_RECORD` `on`: both sides of every
    call are recorded at the carrier. Raises WrongVariable.
    """
    account = environment.get("OUTDIAL_TWILIO_ACCOUNT_SID", "")
    if account in NO_VALUE:
        return None
    signing_key = environment.get("OUTDIAL_TWILIO_SIGNING_KEY", "")
    return Twilio(
        account,
        environment.get("OUTDIAL_TWILIO_AUTH_TOKEN", ""),
        detect_machines=read_switch(environment, "OUTDIAL_TWILIO_DETECTION", default=True),
        record=read_switch(environment, "OUTDIAL_TWILIO_RECORD", default=False),
        base_url=read_address(environment, "OUTDIAL_TWILIO_BASE_URL"),
        signing_keys=[]
        if signing_key in NO_VALUE
        else [key for part in signing_key.split(",") if (key := part.strip())],
        place_timeout_seconds=float(environment.get("OUTDIAL_PLACE_TIMEOUT_SECONDS", PLACE_TIMEOUT_SECONDS)),
    )
