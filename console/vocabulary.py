"""The words of the console, by what they stand for."""

from domain.audit import OPERATOR, SYSTEM, TEMPORAL, Action
from domain.calling_rules import presets
from domain.campaigns.models import CampaignStatus
from domain.statuses import ContactStatus, JobStatus

JOB = {
    JobStatus.PENDING: "Starting",
    JobStatus.SCHEDULED: "Scheduled",
    JobStatus.RUNNING: "Running",
    JobStatus.PAUSED: "Paused",
    JobStatus.COMPLETED: "Completed",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}
CAMPAIGN = {
    CampaignStatus.DRAFT: "Draft",
    CampaignStatus.RUNNING: "Running",
    CampaignStatus.PAUSED: "Paused",
    CampaignStatus.COMPLETED: "Completed",
    CampaignStatus.CANCELLED: "Cancelled",
}
CONTACT = {
    ContactStatus.PENDING: "Not called yet",
    ContactStatus.QUEUED: "To be called again",
    ContactStatus.DIALING: "On the phone",
    ContactStatus.COMPLETED: "Reached",
    ContactStatus.NO_ANSWER: "No answer",
    ContactStatus.BUSY: "Busy",
    ContactStatus.TIMEOUT: "Rang out",
    ContactStatus.BLOCKED: "Blocked",
    ContactStatus.INVALID_NUMBER: "Wrong number",
    ContactStatus.CARRIER_ERROR: "Carrier error",
    ContactStatus.FAILED: "Failed",
    ContactStatus.CANCELLED: "Not called",
}
CONTACT_MEANING = {
    ContactStatus.PENDING: "Waits for a first call.",
    ContactStatus.QUEUED: "Was called, and is called again later.",
    ContactStatus.DIALING: "A call is being placed, rings or goes on.",
    ContactStatus.COMPLETED: "The call took place.",
    ContactStatus.NO_ANSWER: "Nobody answered, in all attempts.",
    ContactStatus.BUSY: "The line was busy at the last attempt.",
    ContactStatus.TIMEOUT: "It rang past its time.",
    ContactStatus.BLOCKED: "On the do-not-call list, or refused by the network.",
    ContactStatus.INVALID_NUMBER: "The number does not exist.",
    ContactStatus.CARRIER_ERROR: "The carrier could not put the call through.",
    ContactStatus.FAILED: "Declined, no agent, or an unknown outcome.",
    ContactStatus.CANCELLED: "Taken out before a result.",
}
WAITING = {
    "start": "its scheduled start",
    "resume": "somebody to resume it",
    "retry": "the next retries to become due",
    "window": "the calling window to open",
    "not_before": "the contacts' own earliest times",
    "frequency": "the cap on calls to one number",
    "timezone": "a time zone: where these numbers are is unknown",
    "lines": "lines: other jobs of the organization have them",
    "credits": "credits",
    "max_cost": "its own budget",
    "account": "the carrier account",
    "number": "the number that it calls from",
    "stopped": "the organization to be resumed",
    "pacing": "its number's calls per second",
}
NEXT_STEP = {
    "start": "Press Start now to call earlier.",
    "resume": "Press Resume.",
    "retry": "Nothing to do: it goes on by itself.",
    "window": "Nothing to do. Change the job's calling window if it is too narrow.",
    "not_before": "Nothing to do: it goes on by itself.",
    "frequency": "Change the caps of the job or the organization if they are too strict.",
    "timezone": "Add a column with time zones, or take the calling window away.",
    "lines": "Raise the organization's limit, this job's priority, or wait for the other jobs.",
    "credits": "Ask whoever runs this service to top up the credits.",
    "max_cost": "Raise its budget under Change, or cancel the rest.",
    "account": "See Organization for the reason. One call goes first when it may be tried again.",
    "number": "See Numbers: mend the reason, then open the number.",
    "stopped": "Press Resume calling on the organization's page.",
    "pacing": "Raise calls per second of the number, if its carrier allows it.",
}
SCHEDULER_AWAY = "The scheduler or the workers do not answer: ask whoever runs this service to look at /readyz."
ACTION = {
    Action.CREATED: "created the job",
    Action.STARTED: "started it",
    Action.PAUSED: "paused it",
    Action.RESUMED: "resumed it",
    Action.CANCELLED: "cancelled it",
    Action.COMPLETED: "completed",
    Action.FAILED: "failed",
    Action.DELETED: "deleted it",
    Action.CHANGED: "changed settings",
    Action.CAMPAIGN_CREATED: "created a campaign",
    Action.CAMPAIGN_STARTED: "started a campaign",
    Action.CAMPAIGN_PAUSED: "paused a campaign",
    Action.CAMPAIGN_RESUMED: "resumed a campaign",
    Action.CAMPAIGN_CANCELLED: "cancelled a campaign",
    Action.CAMPAIGN_COMPLETED: "completed a campaign",
    Action.CAMPAIGN_DELETED: "deleted a campaign",
    Action.STOPPED: "stopped all calls",
    Action.GRANTED: "granted a number or trunk",
}
LEDGER = {
    "topup": "Top-up",
    "hold": "Held for a new job",
    "reserve": "Reserved for a live call",
    "capture": "Cost of a call",
    "release": "Released",
}
SOURCE = {
    "api": "By request",
    "file": "From a file",
    "agent": "The person asked the agent",
    "sip_607": "Their network reported it",
    "operator": "By an operator",
}
PRESETS = {name: presets.get_preset(name) for name in presets.PRESETS}
WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
ACTOR = {TEMPORAL: "Somebody in Temporal's web UI", OPERATOR: "An operator on the database", SYSTEM: "Outdial"}
SIP = {
    "200": "answered",
    "403": "forbidden",
    "404": "no such number",
    "408": "request timed out",
    "410": "number is gone",
    "480": "not available now",
    "484": "number is incomplete",
    "486": "busy",
    "487": "ended before an answer",
    "488": "audio was refused",
    "500": "carrier's server error",
    "502": "bad gateway at the carrier",
    "503": "carrier has no capacity",
    "504": "carrier's gateway timed out",
    "600": "busy everywhere",
    "603": "declined",
    "604": "does not exist anywhere",
    "607": "unwanted: the person objects",
    "608": "rejected by a spam filter",
}
