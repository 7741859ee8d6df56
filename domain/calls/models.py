"""One call: its order, the carrier's reports, and its outcome."""

from datetime import datetime
from enum import StrEnum

from domain.model import Model


class CallState(StrEnum):
    """How far a call has come. It only ever moves forward."""

    ASKED = "asked"  # the carrier was, or may have been, asked; it has not named the call yet
    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"

    @property
    def rank(self) -> int:
        return list(CallState).index(self)


class Ending(StrEnum):
    """How a call ended by the carrier's report, before it is decided what that means for the contact."""

    COMPLETED = "completed"  # it was answered, and is over
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"  # by us, before anyone answered
    FAILED = "failed"  # the SIP code, where there is one, says why


class AnsweredBy(StrEnum):
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class MachineKind(StrEnum):
    """Machines that are no voicemail, where a carrier or an agent tells them apart."""

    FAX = "fax"
    SCREENING = "screening"  # the telephone asks who is calling, before the person decides


class AgentContact(StrEnum):
    """How far an answered call's agent has come. What is further is believed, whatever is reported later."""

    UNREACHABLE = "unreachable"  # the carrier could not connect the call to it
    CONNECTED = "connected"
    SILENT = "silent"  # connected, and the call ended before it made a sound
    SPOKE = "spoke"

    def further(self, other: "AgentContact | None") -> "AgentContact":
        """The further of two reports."""
        ranks = list(AgentContact)
        return self if other is None or ranks.index(self) > ranks.index(other) else other


class EndedBy(StrEnum):
    """Who ended a call, as far as that can be told."""

    US = "us"  # we asked for it, or the time that we set ran out
    CALLEE = "callee"
    CARRIER = "carrier"
    UNKNOWN = "unknown"


class Audio(StrEnum):
    """Where the call's audio goes: the kinds of address an agent can have."""

    WEBSOCKET = "websocket"
    SIP = "sip"
    TWIML = "twiml"


class CallOrder(Model):
    """All that a carrier needs to place one call. Held in memory only: it has a number and a person's data."""

    key: str  # the dial's key, "<contact id>:<dial>": the same for ever, unique to this dial
    to: str  # E.164
    from_: str  # E.164, the caller id
    audio: Audio
    audio_url: str
    parameters: dict[str, str]  # what the agent receives: name and custom fields, as text
    ring_seconds: int  # the carrier gives up ringing after this
    max_call_seconds: int  # the carrier hangs up after this
    instructions_url: str | None = None  # where a carrier may ask again what an answered call is connected to


class CallReport(Model):
    """What a carrier reports of a call at one moment, in terms that all carriers share."""

    call_id: str  # the carrier's own id
    key: str | None = None  # the dial's key, where the carrier gives it back
    state: CallState
    sequence: int | None = None
    at: datetime | None = None  # by the carrier's clock, UTC
    ending: Ending | None = None  # set when `state` is ENDED
    sip_code: int | None = None  # the final SIP response, 486
    sip_reason: str | None = None  # its phrase, where the carrier passes it on: "Network Blocked"
    duration_seconds: int | None = None  # talk time by the carrier's clock
    answered_by: AnsweredBy | None = None
    recording_url: str | None = None  # of a recording that is ready
    rang: bool | None = None  # whether a telephone rang; None: this report does not say
    ended_by: EndedBy | None = None  # None: it does not say
    carrier_code: str | None = None  # the carrier's own error code, where there is no SIP code
    machine: MachineKind | None = None  # of a machine that answered, where it is no voicemail
    agent: AgentContact | None = None


class PlacedCall(Model):
    """A call as its carrier lists it. `to` and `from_`: None where the record has only our key."""

    to: str | None  # E.164
    from_: str | None
    asked_at: datetime  # by the carrier's clock, UTC
    report: CallReport


class Recorded(StrEnum):
    """What a report changed in the database."""

    MOVED = "moved"
    CORRECTED = "corrected"  # what was recorded of a call that is over; its contact may be due again
    NOTHING = "nothing"  # doubled, late, or of a state that is behind
    NO_SUCH_DIAL = "no_such_dial"
    SECOND_CALL = "second_call"  # another call id for a dial that has one: hang that call up


class HangUpReason(StrEnum):
    """Why we asked the carrier to end a call; decides what its end means."""

    RING_TIMER = "ring_timer"  # no final word in time
    MAX_CALL_DURATION = "longest_call"
    CALLED_OFF = "called_off"  # the job was cancelled, or everything stopped, with `hangUp`
    MACHINE = "machine"  # a machine answered, and the job talks to none
    WITHDRAWN = "withdrawn"  # its calls were forbidden before it rang

    @property
    def spares_answered(self) -> bool:
        """Whether a call that turns out to be answered goes on."""
        return self in {HangUpReason.RING_TIMER, HangUpReason.WITHDRAWN}


class OnMachine(StrEnum):
    """What becomes of a call when the carrier reports, while it goes on, that a machine answered."""

    TALK = "talk"  # the agent goes on, and may leave a message
    HANG_UP = "hangUp"

    def decide_hang_up(self, answered_by: AnsweredBy | None) -> HangUpReason | None:
        """Why a call is to be ended, given who answered it; None: it goes on."""
        ends = self is OnMachine.HANG_UP and answered_by is AnsweredBy.MACHINE
        return HangUpReason.MACHINE if ends else None


class Outcome(StrEnum):
    """The outcome of one dial. Every expected ending is one of these values, never an exception.

    What each means is in domain.calls.outcome_table.
    """

    ANSWERED = "answered"
    FAX = "fax"
    SCREENED = "screened"
    AGENT_UNREACHABLE = "agent_unreachable"
    NO_SPEECH = "no_speech"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    TIMEOUT = "timeout"
    NEVER_RANG = "never_rang"
    INVALID_NUMBER = "invalid_number"
    DECLINED = "declined"
    BLOCKED = "blocked"  # it is the caller id that is blocked
    UNWANTED = "objected"  # SIP 607: this person wants no calls
    CARRIER_ERROR = "trouble"  # the carrier or the way to it failed; nobody's fault on either end
    ACCOUNT_REJECTED = "refused"  # the carrier refuses the account or its configuration
    CALLER_REJECTED = "caller_refused"  # calls from this number, or to its agent's address, are refused
    DESTINATION_REJECTED = "destination_refused"  # the carrier took the call, and it was refused further on
    NOT_SET_UP = "not_set_up"  # the worker has no settings for the carrier
    UNREACHABLE = "unreachable"  # no request reaches the carrier, whoever calls
    NOT_PLACED = "not_placed"  # the carrier took no call just then
    HELD_BACK = "held_back"  # by us: the time for the request to leave had passed
    CALLED_OFF = "called_off"
    UNKNOWN = "unknown"  # nobody knows whether anybody was called

    @property
    def connected(self) -> bool:
        """Whether the call was answered, by whomever: the carrier is paid for it."""
        return self in _CONNECTED


_CONNECTED = frozenset({Outcome.ANSWERED, Outcome.FAX, Outcome.SCREENED, Outcome.AGENT_UNREACHABLE, Outcome.NO_SPEECH})
WAITING_OUTCOMES = frozenset(  # they say nothing of the contact, which waits for its next dial as long as it takes
    {
        Outcome.ACCOUNT_REJECTED,
        Outcome.CALLER_REJECTED,
        Outcome.NOT_SET_UP,
        Outcome.UNREACHABLE,
        Outcome.NOT_PLACED,
        Outcome.HELD_BACK,
        Outcome.CALLED_OFF,
    }
)
