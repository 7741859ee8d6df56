"""The table of outcomes: whose fault each is, whether it counts as an attempt, what follows, in words.

`GET /outcomes` serves exactly this. Only what rang, or what the called line itself said (busy, no such number, not
wanted), counts as an attempt: anything else says nothing about a person.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.calls.models import Outcome
from domain.model import Model
from domain.statuses import ContactStatus


class FaultOf(StrEnum):
    """On whose side it lies that there was no conversation."""

    PERSON = "person"  # the person called, their line or their telephone
    CARRIER = "carrier"  # or a network behind it
    PLATFORM = "platform"  # the caller's side: Outdial, the agent, the carrier account
    UNKNOWN = "unknown"


class Redial(StrEnum):
    """Whether a dial follows."""

    NEVER = "never"
    POLICY = "policy"  # where the job's `retryPolicy` says so, up to `maxAttempts`
    UNCHARGED = "uncharged"  # always, as no attempt, a few times at most


class OutcomeRule(Model):
    """What an outcome means. `status`: of the contact, where no dial follows."""

    fault_of: FaultOf | None  # None: there was a conversation
    charged: bool  # whether it counts as one of the contact's attempts
    retried: Redial
    setting: str | None = None  # of `retryPolicy`, which decides
    status: ContactStatus
    meaning: str  # for people


def _rule(
    fault_of: FaultOf | None,
    retried: Redial,
    status: ContactStatus,
    meaning: str,
    *,
    charged: bool = True,
    setting: str | None = None,
) -> OutcomeRule:
    return OutcomeRule(
        fault_of=fault_of, charged=charged, retried=retried, setting=setting, status=status, meaning=meaning
    )


_STATUSES = "retryableStatuses"
OUTCOMES: Mapping[Outcome, OutcomeRule] = {
    Outcome.ANSWERED: _rule(
        None,
        Redial.POLICY,
        ContactStatus.COMPLETED,
        "The call was answered, and its agent was there.",
        setting="onVoicemail",  # and only if a machine answered
    ),
    Outcome.FAX: _rule(FaultOf.PERSON, Redial.NEVER, ContactStatus.COMPLETED, "A fax machine answered."),
    Outcome.SCREENED: _rule(
        FaultOf.PERSON,
        Redial.POLICY,
        ContactStatus.COMPLETED,
        "The telephone asked who is calling, and the person did not take the call.",
        setting="onScreened",
    ),
    Outcome.AGENT_UNREACHABLE: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.FAILED,
        "The call was answered, and its agent could not be reached.",
        charged=False,
    ),
    Outcome.NO_SPEECH: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.FAILED,
        "The call was answered, and its agent never spoke.",
        charged=False,
    ),
    Outcome.BUSY: _rule(FaultOf.PERSON, Redial.POLICY, ContactStatus.BUSY, "The line was busy.", setting=_STATUSES),
    Outcome.NO_ANSWER: _rule(
        FaultOf.PERSON, Redial.POLICY, ContactStatus.NO_ANSWER, "Nobody answered.", setting=_STATUSES
    ),
    Outcome.TIMEOUT: _rule(
        FaultOf.UNKNOWN,
        Redial.POLICY,
        ContactStatus.TIMEOUT,
        "It rang past its time without a final answer; we hung up.",
        setting=_STATUSES,
    ),
    Outcome.NEVER_RANG: _rule(
        FaultOf.UNKNOWN,
        Redial.UNCHARGED,
        ContactStatus.CARRIER_ERROR,
        "The call ended before any telephone rang.",
        charged=False,
    ),
    Outcome.INVALID_NUMBER: _rule(
        FaultOf.PERSON,
        Redial.NEVER,
        ContactStatus.INVALID_NUMBER,
        "The number does not exist or cannot be reached.",
    ),
    Outcome.DECLINED: _rule(
        FaultOf.PERSON, Redial.POLICY, ContactStatus.FAILED, "The call was declined.", setting="onDeclined"
    ),
    Outcome.BLOCKED: _rule(FaultOf.CARRIER, Redial.NEVER, ContactStatus.BLOCKED, "The network blocked the caller id."),
    Outcome.UNWANTED: _rule(
        FaultOf.PERSON, Redial.NEVER, ContactStatus.BLOCKED, "The person called objects to such calls."
    ),
    Outcome.CARRIER_ERROR: _rule(
        FaultOf.CARRIER,
        Redial.UNCHARGED,
        ContactStatus.CARRIER_ERROR,
        "The carrier could not put the call through.",
        charged=False,
    ),
    Outcome.ACCOUNT_REJECTED: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # only once the job has ended; until then the contact waits
        "The carrier refused the account or its configuration.",
        charged=False,
    ),
    Outcome.CALLER_REJECTED: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "Calls from this number were refused: its caller id, its agent's address or its rights.",
        charged=False,
    ),
    Outcome.DESTINATION_REJECTED: _rule(
        FaultOf.UNKNOWN,
        Redial.UNCHARGED,
        ContactStatus.CARRIER_ERROR,
        "The call was refused at its destination, or by a network on the way.",
        charged=False,
    ),
    Outcome.NOT_SET_UP: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "The carrier is not set up where the call was to be placed.",
        charged=False,
    ),
    Outcome.UNREACHABLE: _rule(
        FaultOf.CARRIER,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "The carrier could not be reached; nothing was placed.",
        charged=False,
    ),
    Outcome.NOT_PLACED: _rule(
        FaultOf.CARRIER,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "The carrier took no call just then.",
        charged=False,
    ),
    Outcome.HELD_BACK: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "Outdial was too slow to request the call in time; nothing was placed.",
        charged=False,
    ),
    Outcome.CALLED_OFF: _rule(
        FaultOf.PLATFORM,
        Redial.UNCHARGED,
        ContactStatus.CANCELLED,  # likewise
        "We hung up before anyone answered.",
        charged=False,
    ),
    Outcome.UNKNOWN: _rule(
        FaultOf.UNKNOWN,
        Redial.NEVER,
        ContactStatus.FAILED,
        "The outcome is unknown: the carrier could not say whether the call took place.",
    ),
}
