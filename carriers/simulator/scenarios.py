"""What the person at the far end does: decided by the seed, the number and which of its dials it is."""

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

FICTIONAL = re.compile(r"\+1[2-9]\d{2}55501(\d\d)")  # +1 NXX 555 0100 to 0199, for fiction: they may be scripted
TALK_MEDIAN_SECONDS = 60.0
TALK_SIGMA = 0.95
VOICEMAIL_MEDIAN_SECONDS = 25.0
VOICEMAIL_SIGMA = 0.4
FOREVER = math.inf


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a dial goes if nobody hangs up. Times in the carrier's seconds."""

    setup: float  # from leaving the queue to the first response
    rings: bool
    ring: float  # until it is answered or finally refused; FOREVER rings until the time is up
    status: str  # Twilio's final status
    sip_code: int
    talk: float | None = None  # None: not answered
    answered_by: str | None = None  # Twilio's word, where it was answered
    agent_fails: bool = False  # its stream does, whatever its address
    detected_late: bool = False  # who answered is reported only after the end
    hung_up_as: str = "canceled"  # what the end is called when it is hung up while it rings


_PERSON = Scenario(setup=1.0, rings=True, ring=5.0, status="completed", sip_code=200, talk=60.0, answered_by="human")
_NO_ANSWER = Scenario(setup=1.0, rings=True, ring=FOREVER, status="no-answer", sip_code=487)


def _refused(status: str, sip_code: int, *, rings: bool = False, ring: float = 0.0) -> Scenario:
    return Scenario(setup=1.0, rings=rings, ring=ring, status=status, sip_code=sip_code)


BUSY = _refused("busy", 486)
UNREACHABLE = _refused("failed", 404)
DECLINED = _refused("failed", 603, rings=True, ring=4.0)
BLOCKED = _refused("failed", 608)
OUT_OF_ORDER = _refused("failed", 503)

SCRIPTED: dict[str, Scenario] = {
    "00": replace(_PERSON, ring=2.0, talk=2.0),
    "01": BUSY,
    "02": _NO_ANSWER,
    "03": OUT_OF_ORDER,
    "04": UNREACHABLE,
    "05": DECLINED,
    "06": _refused("no-answer", 480, rings=True, ring=4.0),
    "07": replace(_PERSON, ring=2.0, talk=FOREVER),
    "08": BLOCKED,
    "09": replace(_PERSON, ring=2.0, talk=FOREVER, answered_by="machine_start"),
    "14": _refused("failed", 603),
    "15": _refused("no-answer", 480),
    "16": replace(_PERSON, ring=2.0, talk=20.0, answered_by="fax"),
    "17": replace(_PERSON, ring=2.0, talk=20.0, answered_by="call_screening"),
    "18": replace(_PERSON, ring=2.0, talk=20.0, answered_by="machine_start", detected_late=True),
    "19": replace(_PERSON, ring=2.0, talk=20.0, agent_fails=True),
    "20": _refused("canceled", 487),
    "21": replace(_NO_ANSWER, hung_up_as="completed"),
    "22": _refused("failed", 403),
}


@lru_cache(maxsize=4096)
def scenario_for(seed: int, number: str, dial: int) -> Scenario:
    """The scenario of the `dial`-th (from 1) dial of a number: the same for the same arguments."""
    fictional = FICTIONAL.fullmatch(number)
    if fictional is not None and fictional[1] in SCRIPTED:
        return SCRIPTED[fictional[1]]
    chance = Random(f"{seed}:{number}:{dial}")  # noqa: S311 - a seeded game, no secret
    scenario = _drawn(chance)
    return replace(scenario, setup=chance.uniform(0.4, 1.6))


def _drawn(chance: Random) -> Scenario:
    """People who opted in: 28 % person, 40 % voicemail, 21 % no answer, 4 % busy, 3 % invalid,
    2 % declined or blocked, 2 % carrier failure."""
    draw = chance.random() * 100
    if draw < 28:
        return _person(chance)
    if draw < 68:
        return _voicemail(chance)
    for below, scenario in ((89, _NO_ANSWER), (93, BUSY), (96, UNREACHABLE), (97, DECLINED), (98, BLOCKED)):
        if draw < below:
            return scenario
    return OUT_OF_ORDER


def _person(chance: Random) -> Scenario:
    talk = max(1.0, chance.lognormvariate(math.log(TALK_MEDIAN_SECONDS), TALK_SIGMA))
    return replace(_PERSON, ring=chance.uniform(2.0, 10.0), talk=talk)


def _voicemail(chance: Random) -> Scenario:
    talk = max(3.0, chance.lognormvariate(math.log(VOICEMAIL_MEDIAN_SECONDS), VOICEMAIL_SIGMA))
    return replace(_PERSON, ring=chance.uniform(6.0, 12.0), talk=talk, answered_by="machine_start")
