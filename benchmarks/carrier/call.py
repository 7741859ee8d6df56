"""One call: its times, what is said of it, and its resource in Twilio's form."""

import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

ORDER = ("initiated", "ringing", "answered", "completed")
Form = dict[str, list[str]]


@dataclass
class Call:
    """Times are seconds since the epoch; `callbacks` holds [event, sent, answered, HTTP status (0: none)]."""

    sid: str
    form: Form
    account: str
    token: str  # callbacks are signed with what the request was authorized with
    seconds: float
    asked: float
    placed: float | None = None
    ended: float | None = None
    callbacks: list[tuple[str, float, float, int]] = field(default_factory=list)

    @property
    def events(self) -> set[str]:
        """Those that the request asked for."""
        return set(" ".join(self.form.get("StatusCallbackEvent", ["completed"])).split())

    @property
    def to(self) -> str:
        return self.form["To"][0]

    @property
    def duration(self) -> str:
        """Whole seconds, one at least."""
        return str(max(1, round(self.seconds)))

    def callback(self, event: str, sequence: int) -> tuple[str, dict[str, str]] | None:
        """Where an event is posted and its form; None where nobody asked for it."""
        if event == "detected":
            url = self.form.get("AsyncAmdStatusCallback", [""])[0]
            detected = {"CallSid": self.sid, "AccountSid": self.account, "AnsweredBy": "human"}
            return (url, {**detected, "MachineDetectionDuration": "1000"}) if url else None
        url = self.form.get("StatusCallback", [""])[0]
        if not url or event not in self.events:
            return None
        form = {
            **{"CallSid": self.sid, "AccountSid": self.account, "From": self.form["From"][0], "To": self.to},
            **{"Direction": "outbound-api", "ApiVersion": "2010-04-01", "SequenceNumber": str(sequence)},
            **{"CallStatus": "in-progress" if event == "answered" else event, "Timestamp": formatdate(usegmt=True)},
            "CallbackSource": "call-progress-events",
        }
        if event == "completed":
            form |= {"CallDuration": self.duration, "Duration": "1", "SipResponseCode": "200"}
        return url, form

    def resource(self) -> dict[str, Any]:
        """As the API tells of it."""
        status = "queued" if self.placed is None else "completed" if self.ended else "in-progress"
        return {
            **{"sid": self.sid, "account_sid": self.account, "api_version": "2010-04-01", "status": status},
            **{"direction": "outbound-api", "to": self.to, "from": self.form["From"][0], "price_unit": "USD"},
            **{"to_formatted": self.to, "from_formatted": self.form["From"][0], "answered_by": None},
            **{"date_created": _date(self.asked), "date_updated": _date(self.ended or self.asked)},
            **{"start_time": _date(self.asked), "end_time": _date(self.ended)},
            "duration": self.duration if self.ended else None,
            "uri": f"/2010-04-01/Accounts/{self.account}/Calls/{self.sid}.json",
            "subresource_uris": {},
        }

    def record(self) -> dict[str, Any]:
        """For whoever judges the run."""
        times = {"asked": self.asked, "placed": self.placed, "ended": self.ended}
        return {"to": self.to, **times, "callbacks": self.callbacks}


def _date(at: float | None) -> str | None:
    return formatdate(int(at), usegmt=True).replace("GMT", "+0000") if at else None


def now() -> float:
    return time.time()
