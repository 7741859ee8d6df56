"""Asterisk from the environment's settings."""

from collections.abc import Mapping
from typing import Any

from carriers.asterisk.carrier import Asterisk
from carriers.asterisk.options import Options
from carriers.asterisk.trunks import OwnTrunk
from carriers.number_settings import numbers_may_set
from carriers.variables import NO_VALUE, OF_ALL_CARRIERS, Variable, read_address, reads
from domain.webhooks.destinations import parse_allowed_destinations

PREFIX = "OUTDIAL_ASTERISK_"
TEXTS = ("user", "password", "app", "trunk", "agent_trunk", "cdr_path")


@numbers_may_set(OwnTrunk)
@reads(
    Variable(
        f"{PREFIX}URL",
        "its REST interface (`http://host:8088/ari`); without it the carrier is not set up",
        allowed="an address",
    ),
    Variable(f"{PREFIX}USER", "of the REST interface"),
    Variable(f"{PREFIX}PASSWORD", "of the user"),
    Variable(
        f"{PREFIX}TRUNK",
        "how a number is dialed; a number may have its own",
        "PJSIP/{number}@trunk",
        "a dial string with `{number}`",
    ),
    Variable(
        f"{PREFIX}AGENT_TRUNK",
        "how an agent's SIP address is dialed",
        "PJSIP/trunk/{address}",
        "a dial string with `{address}`",
    ),
    Variable(f"{PREFIX}APP", "the name of the Stasis application", "outdial"),
    Variable(
        f"{PREFIX}CDR_PATH",
        "its call detail records, which API and workers can read; without it lost calls may end as unknown",
        "none",
        "a CSV file, `none`",
    ),
    Variable(
        f"{PREFIX}DETECTION",
        "the dialplan context that tells persons from machines; `none`: no detection",
        "amd",
        "a context, `none`",
    ),
    OF_ALL_CARRIERS,
)
def from_environment(environment: Mapping[str, str]) -> Asterisk | None:
    """`OUTDIAL_ASTERISK_URL`, `…_USER`, `…_PASSWORD` and the other `Options`; None without a URL.

    Raises WrongVariable, or ValidationError of `Options`.
    """
    url = read_address(environment, f"{PREFIX}URL")
    if url is None:
        return None
    given: dict[str, Any] = {name: environment.get(PREFIX + name.upper(), "") for name in TEXTS}
    given = {name: value for name, value in given.items() if value not in NO_VALUE}
    detection = environment.get(PREFIX + "DETECTION", "amd")
    place_timeout = environment.get("OUTDIAL_PLACE_TIMEOUT_SECONDS")
    return Asterisk(
        Options(
            **{"url": url, "user": "", "password": "", **given},
            detection=None if detection in NO_VALUE else detection,
            agent_networks=parse_allowed_destinations(environment.get("OUTDIAL_AGENT_ALLOW_PRIVATE", "")),
            **({"place_timeout_seconds": float(place_timeout)} if place_timeout else {}),
        )
    )
