"""What goes in and out of the API. Generated from its OpenAPI page: do not edit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from outdial_client.base import Model, OpenEnum, Timestamp
from pydantic import ConfigDict, Field


class Action(OpenEnum):
    CREATED = "created"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"
    CHANGED = "changed"
    CONTACTS_ADDED = "contacts_added"
    CONTACT_REMOVED = "contact_removed"
    CAMPAIGN_CREATED = "campaign_created"
    CAMPAIGN_STARTED = "campaign_started"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    CAMPAIGN_COMPLETED = "campaign_completed"
    CAMPAIGN_DELETED = "campaign_deleted"
    STOPPED = "stopped"
    DO_NOT_CALL_ADDED = "do_not_call_added"
    DO_NOT_CALL_REMOVED = "do_not_call_removed"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    AGENT_CREATED = "agent_created"
    AGENT_CHANGED = "agent_changed"
    AGENT_REMOVED = "agent_removed"
    NUMBER_CREATED = "number_created"
    NUMBER_CHANGED = "number_changed"
    NUMBER_REMOVED = "number_removed"
    NUMBER_CLOSED = "number_closed"
    NUMBER_OPENED = "number_opened"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"
    NUMBERS_SHOWN = "numbers_shown"
    RESULTS_DOWNLOADED = "results_downloaded"
    GRANTED = "granted"
    GRANT_REVOKED = "grant_revoked"
    PERSON_FORGOTTEN = "person_forgotten"
    PERSON_EXPORTED = "person_exported"
    DATA_ERASED = "data_erased"


class ActivityEntry(Model):
    """
    Something that was done. No entry holds a phone number.
    """

    id: str
    at: Timestamp
    job_id: str | None
    """
    Null for what was done to the organization.
    """
    actor: str
    """
    The id of an API key; of a call, for its agent; `temporal`, an operator from Temporal's side; `operator`, one on the database; `outdial`, a rule of the service.
    """
    action: Action
    details: dict[str, Any]


class ActivityPage(Model):
    """
    What was done, newest first. A page past the end is empty.
    """

    activity: list[ActivityEntry]
    total: int
    page: int
    page_size: int


class AgentContact(OpenEnum):
    """
    How far an answered call's agent has come. What is further is believed, whatever is reported later.
    """

    UNREACHABLE = "unreachable"
    CONNECTED = "connected"
    SILENT = "silent"
    SPOKE = "spoke"


class AnswerRate(Model):
    """
    The calls of one group.
    """

    key: str | None
    """
    By `hour`: `0` to `23`; `weekday`: `mon` to `sun`; `day`: `2026-03-29`; `number`: E.164; `country`: ISO 3166, null for numbers of no country; `attempt`: from `1`; `job`: its id.
    """
    name: str | None
    """
    Of a job that is still there.
    """
    attempts: int
    """
    Calls placed, by how they counted for their contacts.
    """
    answered: int
    """
    By a person, a machine or nobody knows whom.
    """
    answered_by_people: int
    """
    As far as the carrier or the agent told.
    """
    answered_by_machines: int
    answer_rate: float | None
    """
    Answered of attempts, from 0 to 1; null without attempts.
    """
    talk_seconds: int
    """
    By the carrier's clock.
    """
    cost: str


class AnsweredBy(OpenEnum):
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Architecture(OpenEnum):
    """
    How an agent talks. A text-only agent cannot hold a telephone conversation.
    """

    PIPELINE = "pipeline"
    REALTIME = "realtime"
    TEXT = "text"


class Audio(OpenEnum):
    """
    Where the call's audio goes: the kinds of address an agent can have.
    """

    WEBSOCKET = "websocket"
    SIP = "sip"
    TWIML = "twiml"


class Balance(Model):
    balance: str
    """
    Top-ups less the cost of calls.
    """
    held: str
    """
    For calls to come, and for live ones.
    """
    free: str
    """
    What new jobs may hold.
    """


class Binding(OpenEnum):
    """
    Which limit decides how fast, and how far, a job gets.
    """

    JOB = "job"
    ORGANIZATION = "organization"
    CREDITS = "credits"
    WINDOW = "window"


class BlockedJobView(Model):
    batch_job_id: str
    name: str
    contacts: int
    """
    That would not be called any more.
    """


class CallErasure(OpenEnum):
    """
    What a carrier has done with what it has of one call.
    """

    PENDING = "pending"
    DELETED = "deleted"
    KEPT_BY_OPERATOR = "kept_by_operator"


class CallSums(Model):
    """
    Attempts are calls that reached a person's line, or should have: what the carrier did not put through is none.
    """

    attempts: int
    """
    Calls placed, by how they counted for their contacts.
    """
    answered: int
    """
    By a person, a machine or nobody knows whom.
    """
    answered_by_people: int
    """
    As far as the carrier or the agent told.
    """
    answered_by_machines: int
    answer_rate: float | None
    """
    Answered of attempts, from 0 to 1; null without attempts.
    """
    talk_seconds: int
    """
    By the carrier's clock.
    """
    cost: str


class CallsPlaced(Model):
    at: Timestamp
    placed: int
    answered: int


class CampaignDeleted(Model):
    """
    It is gone.
    """

    success: bool | None = None
    message: str
    campaign_id: str
    contacts_deleted: int
    """
    Those that no job had taken.
    """


class CampaignStatus(OpenEnum):
    """
    Where a campaign stands. `draft`: its contacts come in, and nobody is called.
    """

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CampaignStopped(Model):
    """
    Also what could not be stopped.
    """

    success: bool | None = None
    message: str
    campaign_id: str
    status: CampaignStatus
    batch_job_ids: list[str]
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class CampaignSwitched(Model):
    """
    Where the campaign stands now, and its jobs in which the same was done.
    """

    success: bool | None = None
    message: str
    campaign_id: str
    status: CampaignStatus
    batch_job_ids: list[str]


class Cancelled(Model):
    success: bool | None = None
    message: str
    batch_job_id: str
    redis_job_cancelled: bool
    """
    True for a scheduled job; a name kept for clients.
    """
    contacts_cancelled: int
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class CarrierDeletion(Model):
    """
    One call at its carrier.
    """

    call_id: str
    """
    Ours, of the dial.
    """
    carrier: str
    """
    The carrier account.
    """
    carrier_call_id: str
    state: CallErasure
    """
    `pending`: the carrier has not answered, and is asked again. `kept_by_operator`: the carrier deletes nothing itself; whoever runs it deletes call detail records and recordings.
    """
    recordings: int
    """
    That were deleted with it.
    """
    attempts: int
    last_error: str | None
    """
    Why it is still pending.
    """


class ContactFrequency(Model):
    """
    How often one number may be called, over all jobs of the organization. Null: as often as it comes.
    """

    calls_per24_hours: int | None
    calls_per7_days: int | None
    quiet_hours: int | None
    """
    During a conversation, and after it.
    """


class ContactStatus(OpenEnum):
    """
    Where a contact stands. Everything but `pending`, `queued` and `dialing` is final.
    """

    PENDING = "pending"
    QUEUED = "queued"
    DIALING = "dialing"
    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    BLOCKED = "blocked"
    INVALID_NUMBER = "invalid_number"
    CARRIER_ERROR = "carrier_error"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ConversationView(Model):
    """
    What the call's agent reported; of every field the last word.
    """

    disposition: str | None
    summary: str | None
    data: dict[str, Any] | None
    transcript_url: str | None
    recording_url: str | None
    reported_at: Timestamp


class CountryCount(Model):
    country: str | None
    """
    ISO 3166; null: numbers of no country.
    """
    contacts: int
    allowed: bool
    """
    Whether the organization may call it.
    """


class CreatedOrganization(Model):
    """
    With the key of its owner, which is shown this once.
    """

    id: str
    name: str
    concurrent_call_limit: int
    """
    Calls at once, of all jobs together.
    """
    reserved_lines: int
    """
    Of the limit, kept free for other calls.
    """
    calling_window: dict[str, Any] | None
    """
    For jobs that have none of their own.
    """
    contact_frequency: ContactFrequency | None
    """
    Over all jobs.
    """
    allowed_countries: list[str] | None
    """
    Whose numbers may be called; `["*"]`: all; null: the countries of its own numbers.
    """
    stopped_at: Timestamp | None
    """
    Since then no call of any job starts, until the organization is resumed; null: it is not stopped.
    """
    retention_days: int | None
    """
    After which a job that has ended loses its contacts' data; null: the platform's.
    """
    credits: Balance | None
    """
    Null: unlimited.
    """
    owner_key_id: str
    owner_key: str


class CreditCheck(Model):
    needed: str
    """
    Dollars.
    """
    free: str | None
    """
    Dollars; null: unlimited.
    """
    enough: bool


class Deleted(Model):
    """
    What a job left behind is in its description.
    """

    success: bool | None = None
    message: str
    batch_job_id: str
    contacts_deleted: int


class DeletedCounts(Model):
    """
    How many of each were erased in Outdial's database.
    """

    contacts: int
    """
    Number, fields, external id and what agents reported.
    """
    calls: int
    """
    The number, which is a keyed hash now, and what the agent reported.
    """
    test_calls: int
    """
    Of jobs' first contacts, whose fields they had.
    """
    rejected_rows: int
    """
    Rows of files that mention the number.
    """
    reports_of_files: int
    """
    Reports that name it as rewritten, also in answers kept for repeated requests.
    """


class DeliveryStatus(OpenEnum):
    """
    `pending`: not sent yet, or sent again later. The others are final until a replay.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"


class Dimension(OpenEnum):
    """
    What calls are grouped by. Days, hours and weekdays are those of the person called.
    """

    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    NUMBER = "number"
    COUNTRY = "country"
    ATTEMPT = "attempt"
    JOB = "job"


class DoNotCallRemoved(Model):
    success: bool | None = None
    removed: bool
    """
    False where the number was not on the list (any more).
    """


class DoNotCallUndone(Model):
    """
    What the batch listed is not on the list any more.
    """

    success: bool | None = None
    removed: int
    """
    Numbers; 0 where that was done before.
    """
    contacts_restored: int
    """
    Contacts of jobs that have not ended, which were `blocked` for it and wait to be called again.
    """


class DuplicateRow(Model):
    """
    A row whose number was seen before, in `first_row`.
    """

    row: int
    first_row: int


class EndedBy(OpenEnum):
    """
    Who ended a call, as far as that can be told.
    """

    US = "us"
    CALLEE = "callee"
    CARRIER = "carrier"
    UNKNOWN = "unknown"


class EntryKind(OpenEnum):
    TOPUP = "topup"
    HOLD = "hold"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"


class ErrorAnswer(Model):
    """
    Every error has this shape; `code` is for programs, `error` for people.
    """

    success: bool | None = None
    error: str
    code: str
    details: list[dict[str, Any]] | None = None
    """
    The fields or rows to blame.
    """


class EventTicket(Model):
    """
    Opens the stream of one job, without a key, until it expires.
    """

    ticket: str
    """
    For `GET /batch/jobs/{id}/events?ticket=…`.
    """
    expires_at: Timestamp
    """
    A stream that is open then goes on.
    """


class EventType(OpenEnum):
    """
    What may be sent. `webhook.test` is sent when asked for, to any endpoint.
    """

    BATCH_STARTED = "batch.started"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_COMPLETED = "batch.completed"
    BATCH_FAILED = "batch.failed"
    BATCH_CANCELLED = "batch.cancelled"
    CONTACT_FINISHED = "contact.finished"
    CREDITS_LOW = "credits.low"
    WEBHOOK_TEST = "webhook.test"


class FaultOf(OpenEnum):
    """
    On whose side it lies that there was no conversation.
    """

    PERSON = "person"
    CARRIER = "carrier"
    PLATFORM = "platform"
    UNKNOWN = "unknown"


class Forecast(Model):
    """
    Every contact called once, two minutes each, on all lines that it can have.
    """

    estimated_cost: str
    """
    Dollars, of all its contacts.
    """
    estimated_duration: str
    """
    Of all its contacts.
    """
    estimated_completion_time: Timestamp | None
    """
    By its own pace once that can be told. Null while it is a draft, paused, or has ended.
    """


class GrantKind(OpenEnum):
    """
    What an operator grants to an organization on a carrier account that others use too.
    """

    NUMBER = "number"
    TRUNK = "trunk"


class GrantView(Model):
    """
    A number or trunk that an organization may use on a carrier account of the service.
    """

    id: str
    carrier: str
    kind: GrantKind
    name: str
    """
    The number, E.164, or the trunk.
    """
    granted_at: Timestamp


class HoldView(Model):
    batch_job_id: str
    name: str
    amount: str


class InvalidRow(Model):
    """
    A row that was skipped. `column` is None where the whole row is to blame.
    """

    row: int
    column: str | None
    value: str | None
    reason: str


class JobStatus(OpenEnum):
    """
    Where a job stands. `paused` is ours; the others are the hosted product's.
    """

    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kept(Model):
    what: str
    why: str


class LedgerEntry(Model):
    """
    A line of the ledger, which is never changed.
    """

    id: str
    kind: EntryKind
    balance_delta: str
    held_delta: str
    batch_job_id: str | None
    call_id: str | None
    at: Timestamp


class Lines(Model):
    job: int
    """
    `concurrentCallLimit`.
    """
    organization: int
    """
    Its own limit without the reserved lines.
    """
    usable: int
    """
    The smaller of the two.
    """


class LowCredits(Model):
    """
    The free credits fell below the webhook's `creditsBelow`. Dollars.
    """

    organization_id: str
    balance: str
    held: str
    free: str
    credits_below: str


class NewWebhook(Model):
    """
    A webhook with its secret, which is shown this once.
    """

    id: str
    url: str
    description: str | None
    events: list[EventType]
    credits_below: str
    """
    `credits.low` is sent when the free credits fall below, once each time.
    """
    enabled: bool
    """
    False: nothing is sent to it, and nothing new is kept for it.
    """
    disabled_reason: str | None
    failing_since: Timestamp | None
    """
    No delivery was answered with 2xx since then.
    """
    created_at: Timestamp
    secret: str
    """
    Verifies signatures by the Standard Webhooks specification.
    """


class NumberClosed(Model):
    """
    No call starts from it.
    """

    success: bool | None = None
    message: str
    id: str
    calls_on_their_way: int
    """
    Requests of before, of which it is not known yet whether they became calls.
    """


class NumberOpened(Model):
    """
    Calls may start from it.
    """

    success: bool | None = None
    message: str
    id: str


class Obstacle(Model):
    """
    Why `POST /batch/create` would refuse the same request now.
    """

    code: str
    error: str


class OnDeclined(OpenEnum):
    FAIL = "fail"
    RETRY = "retry"


class OnMachine(OpenEnum):
    """
    What becomes of a call when the carrier reports, while it goes on, that a machine answered.
    """

    TALK = "talk"
    HANG_UP = "hangUp"


class OnScreened(OpenEnum):
    COMPLETE = "complete"
    RETRY = "retry"


class OnVoicemail(OpenEnum):
    COMPLETE = "complete"
    RETRY = "retry"


class OptedOut(Model):
    """
    The person of this call is not called any more.
    """

    success: bool | None = None
    call_id: str
    number: str
    """
    Masked.
    """
    already_listed: bool
    contacts_blocked: int
    """
    Of open jobs, with the same number.
    """
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class OrganizationView(Model):
    """
    An organization and the rules for all of its jobs.
    """

    id: str
    name: str
    concurrent_call_limit: int
    """
    Calls at once, of all jobs together.
    """
    reserved_lines: int
    """
    Of the limit, kept free for other calls.
    """
    calling_window: dict[str, Any] | None
    """
    For jobs that have none of their own.
    """
    contact_frequency: ContactFrequency | None
    """
    Over all jobs.
    """
    allowed_countries: list[str] | None
    """
    Whose numbers may be called; `["*"]`: all; null: the countries of its own numbers.
    """
    stopped_at: Timestamp | None
    """
    Since then no call of any job starts, until the organization is resumed; null: it is not stopped.
    """
    retention_days: int | None
    """
    After which a job that has ended loses its contacts' data; null: the platform's.
    """
    credits: Balance | None
    """
    Null: unlimited.
    """


class Outcome(OpenEnum):
    """
    The outcome of one dial. Every expected ending is one of these values, never an exception.

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
    BLOCKED = "blocked"
    OBJECTED = "objected"
    TROUBLE = "trouble"
    REFUSED = "refused"
    CALLER_REFUSED = "caller_refused"
    DESTINATION_REFUSED = "destination_refused"
    NOT_SET_UP = "not_set_up"
    UNREACHABLE = "unreachable"
    NOT_PLACED = "not_placed"
    HELD_BACK = "held_back"
    CALLED_OFF = "called_off"
    UNKNOWN = "unknown"


class OutcomeDials(Model):
    outcome: Outcome
    dials: int
    fault_of: FaultOf | None
    meaning: str


class PartHealth(Model):
    ok: bool
    detail: str


class Paused(Model):
    """
    A job that is paused.
    """

    success: bool | None = None
    message: str
    batch_job_id: str
    status: JobStatus
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class PhoneNumberView(Model):
    """
    A number to call from.
    """

    id: str
    number: str
    country: str | None
    """
    ISO 3166 code.
    """
    label: str | None
    outbound_agent_id: str | None
    """
    Who holds its calls.
    """
    calls_per_second: float
    carrier: str
    own_carrier_settings: bool
    """
    Whether it has settings of its own at the carrier.
    """
    created_at: Timestamp | None


class Quota(OpenEnum):
    """
    What is counted. What is removed within a day of its creation counts until that day is over.
    """

    OPEN_JOBS = "openJobs"
    JOBS = "jobs"
    CAMPAIGNS = "campaigns"
    CONTACTS = "contacts"
    AGENTS = "agents"
    PHONE_NUMBERS = "phoneNumbers"
    API_KEYS = "apiKeys"
    DO_NOT_CALL = "doNotCall"


class QuotaView(Model):
    quota: Quota
    used: int
    limit: int | None
    """
    Null: no limit.
    """


class Readiness(Model):
    """
    Whether calls can be placed, part by part. `ready` is false, at a status of 200, while no worker works.
    """

    ready: bool
    parts: dict[str, PartHealth]


class Redial(OpenEnum):
    """
    Whether a dial follows.
    """

    NEVER = "never"
    POLICY = "policy"
    UNCHARGED = "uncharged"


class Removed(Model):
    success: bool | None = None
    id: str


class Replayed(Model):
    success: bool | None = None
    replayed: int
    """
    Deliveries that are sent again.
    """


class Reported(Model):
    """
    All that is known of the conversation now.
    """

    success: bool | None = None
    call_id: str
    conversation: ConversationView


class Resumed(Model):
    """
    What a stop paused goes on.
    """

    success: bool | None = None
    message: str
    batch_job_ids: list[str]
    """
    Jobs that this request resumed.
    """


class RetryPolicy(Model):
    """
    How contacts are called again.
    """

    max_attempts: int
    """
    The first call counted.
    """
    retryable_statuses: list[ContactStatus]
    delays_minutes: list[int]
    """
    After each attempt; the last repeats.
    """
    on_voicemail: OnVoicemail
    """
    Whether a call that a machine answered is made again.
    """
    on_declined: OnDeclined
    """
    Whether a call that was declined (603) is made again.
    """
    on_screened: OnScreened
    """
    Whether a call is made again of which the telephone asked who is calling.
    """
    retries_first: bool
    """
    Whether contacts to be called again go before those not called yet.
    """


class RewrittenNumber(Model):
    """
    A number that was not E.164, as it was written and as it is called.
    """

    row: int
    written: str
    number: str


class Role(OpenEnum):
    """
    What a key may do: owners and admins change things, members read.
    """

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Source(OpenEnum):
    """
    Where an entry comes from.
    """

    API = "api"
    FILE = "file"
    SIP_607 = "sip_607"
    AGENT = "agent"
    OPERATOR = "operator"
    ERASURE = "erasure"


class Started(Model):
    success: bool | None = None
    message: str
    batch_job_id: str
    status: str | None = None
    contacts_enqueued: int
    redis_job_cancelled: bool
    """
    Whether a schedule was called off; a name kept for clients.
    """
    started_at: Timestamp


class Stopped(Model):
    """
    Every job is paused.
    """

    success: bool | None = None
    message: str
    batch_job_ids: list[str]
    """
    Jobs that this request paused.
    """
    live_calls: int
    """
    Left to end by themselves, or hung up.
    """
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class StoredData(Model):
    """
    All that there is of a telephone, as it is stored; at most 10,000 of each kind.
    """

    contacts: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    rejected_rows: list[dict[str, Any]]
    do_not_call: list[dict[str, Any]]


class Switched(Model):
    """
    A job paused or resumed.
    """

    success: bool | None = None
    message: str
    batch_job_id: str
    status: JobStatus


class TestedWebhook(Model):
    webhook_id: str
    message: str


class ToppedUp(Model):
    success: bool | None = None
    organization_id: str
    amount: str
    credits: Balance


class Upload(Model):
    """
    How far the campaign's file is.
    """

    offset: int
    """
    Bytes that are in: from here on the file goes on.
    """
    complete: bool
    """
    Whether it is in, to its end.
    """


class WaitingFor(Model):
    """
    Why nobody is dialed now.
    """

    reason: str
    """
    `start`, `resume`, `retry`, `window` (calling window), `not_before` (a contact's earliest time), `frequency` (calls to one number), `timezone` (unknown: such contacts are not called), `lines` (the organization's other jobs have them), `credits`, `max_cost`, `account` (the carrier refused it, or cannot be reached, or was closed), `number` (calls from it were refused, or it was closed), `stopped` (the whole organization), `pacing` (the number's calls per second).
    """
    until: Timestamp | None
    detail: str | None
    """
    A sentence on the reason, where there is one.
    """


class Webhook(Model):
    """
    An endpoint to which events are sent.
    """

    id: str
    url: str
    description: str | None
    events: list[EventType]
    credits_below: str
    """
    `credits.low` is sent when the free credits fall below, once each time.
    """
    enabled: bool
    """
    False: nothing is sent to it, and nothing new is kept for it.
    """
    disabled_reason: str | None
    failing_since: Timestamp | None
    """
    No delivery was answered with 2xx since then.
    """
    created_at: Timestamp


class WebhookList(Model):
    """
    The organization's webhooks, oldest first.
    """

    webhooks: list[Webhook]
    total: int


class Weeks(Model):
    """
    This week against last. Weeks begin on Monday, by the clock of the person called.
    """

    monday: date
    """
    Of this week.
    """
    hour: int
    """
    Of today, to which this week has come.
    """
    today: date
    timezone: str
    this_week: CallSums
    last_week_until_then: CallSums
    """
    Last week up to the same weekday and hour.
    """
    last_week: CallSums
    """
    All of it.
    """
    change: float | None
    """
    By how much the answer rate differs from last week's until then; null where one had no attempts.
    """


class ZoneCount(Model):
    zones: list[str] | None
    """
    All of them must allow a call; empty: the job's own; null: the contact's is unknown.
    """
    contacts: int


class Type(OpenEnum):
    BATCH_STARTED = "batch.started"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_COMPLETED = "batch.completed"
    BATCH_FAILED = "batch.failed"
    BATCH_CANCELLED = "batch.cancelled"


class Scope(OpenEnum):
    ORGANIZATION = "organization"
    ACCOUNT = "account"
    NUMBER = "number"


class Status(OpenEnum):
    DONE = "done"
    PENDING = "pending"


class RetryableStatus(OpenEnum):
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"


class RetryPolicyInput(Model):
    max_attempts: int | None = None
    """
    The same as `maxAttempts` beside it.
    """
    delays_minutes: list[int] | None = None
    """
    After the first attempt, after the second …; the last one repeats.
    """
    retryable_statuses: list[RetryableStatus] | None = None
    on_voicemail: OnVoicemail | None = None
    on_declined: OnDeclined | None = None
    on_screened: OnVoicemail | None = None
    """
    Where the telephone asked who is calling, and the person did not take the call.
    """
    retries_first: bool | None = None
    """
    Those to be called again go before those not called yet.
    """


class CallingWindow(OpenEnum):
    US_FEDERAL = "us-federal"
    US_FLORIDA = "us-florida"
    UK = "uk"
    CA = "ca"


class Weekday(OpenEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class AlsoInput(Model):
    from_: str
    to: str
    weekdays: list[Weekday] | None = None
    """
    All, unless given.
    """


class CallingWindowInput(Model):
    from_: str
    to: str
    weekdays: list[Weekday] | None = None
    """
    All, unless given.
    """
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """
    also: list[AlsoInput] | None = None
    """
    Further hours, of these days or of others.
    """
    preset: Annotated[None, Field(None)] = None


class CreateBatchJobBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class ContactFrequencyInput(Model):
    calls_per24_hours: int | None = None
    """
    Calls in any 24 hours.
    """
    calls_per7_days: int | None = None
    """
    Calls in any 7 days.
    """
    quiet_hours: int | None = None
    """
    During a conversation, and after it.
    """


class OnOverlap(OpenEnum):
    WARN = "warn"
    SKIP = "skip"
    REJECT = "reject"


class NumberCheck(OpenEnum):
    VALID = "valid"
    POSSIBLE = "possible"


class ContactInput(Model):
    model_config = ConfigDict(
        extra="allow",
    )
    phone: str
    """
    E.164.
    """
    name: Any | None = None
    """
    Text, as a rule; kept as it came.
    """


class CreateBatchJobBody(Model):
    from_phone_number_id: str
    """
    The number to call from; its outbound agent holds the conversation.
    """
    name: str
    description: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    retry_policy: RetryPolicyInput | None = None
    """
    Who is called again, and when. In a form: JSON text.
    """
    calling_window: CallingWindow | CallingWindowInput | CreateBatchJobBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by name. The organization's unless given. In a form: the name, or JSON text.
    """
    priority: int | None = None
    """
    The job's weight where jobs share lines: 9 gets nine times as many as 1.
    """
    contact_frequency: ContactFrequencyInput | None = None
    """
    Caps on calls to one number, over all jobs of the organization. In a form: JSON text.
    """
    on_machine: OnMachine | None = None
    """
    When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak. Whether the contact is called again is `retryPolicy.onVoicemail`.
    """
    start_within: int | None = None
    """
    Minutes by which a start may be missed. A later one pauses the job instead of calling late.
    """
    circuit_breaker: bool | None = None
    """
    Whether the job pauses itself when its last calls show that going on does harm.
    """
    max_cost: str | float | None = None
    """
    What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.
    """
    ring_seconds: int | None = None
    """
    How long a call may ring.
    """
    max_call_seconds: int | None = None
    """
    How long a call may last.
    """
    on_overlap: OnOverlap | None = None
    """
    What to do about numbers that another open job of the organization will call too.
    """
    overlap_days: int | None = None
    """
    How many days `onOverlap` looks back: numbers that another job called in them count as well, ended jobs and deleted ones included.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    end_time: str | None = None
    """
    When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not called any more.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    timezone_column: str | None = None
    """
    The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is not called, and `validation.warnings` names it.
    """
    not_before_column: str | None = None
    """
    The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by the clock of its own zone.
    """
    external_id_column: str | None = None
    """
    The column with your own id of each contact, given back everywhere.
    """
    required_fields: list[str] | None = None
    """
    Columns without which a contact is not called. In a form: JSON text.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    contacts: list[ContactInput] | None = None


class ChangeBatchJobBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class ChangeBatchJobBody(Model):
    name: str | None = None
    description: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    calling_window: CallingWindow | CallingWindowInput | ChangeBatchJobBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by name. The organization's unless given. In a form: the name, or JSON text.
    """
    priority: int | None = None
    """
    The job's weight where jobs share lines: 9 gets nine times as many as 1.
    """
    contact_frequency: ContactFrequencyInput | None = None
    """
    Caps on calls to one number, over all jobs of the organization. In a form: JSON text.
    """
    on_machine: OnMachine | None = None
    """
    When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak. Whether the contact is called again is `retryPolicy.onVoicemail`.
    """
    max_cost: str | float | None = None
    """
    What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    end_time: str | None = None
    """
    When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not called any more.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """


class CancelBatchJobBody(Model):
    """
    Without a body live calls end by themselves. What else it holds is ignored.
    """

    hang_up: bool | None = None


class AddBatchJobContactsBody(Model):
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    timezone_column: str | None = None
    """
    The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is not called, and `validation.warnings` names it.
    """
    not_before_column: str | None = None
    """
    The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by the clock of its own zone.
    """
    external_id_column: str | None = None
    """
    The column with your own id of each contact, given back everywhere.
    """
    required_fields: list[str] | None = None
    """
    Columns without which a contact is not called. In a form: JSON text.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    contacts: list[ContactInput] | None = None


class CreateCampaignBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class OnOverlapChoice(OpenEnum):
    WARN = "warn"
    SKIP = "skip"


class CreateCampaignBody(Model):
    from_phone_number_id: str
    """
    The number to call from; its outbound agent holds the conversation.
    """
    name: str
    description: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    retry_policy: RetryPolicyInput | None = None
    """
    Who is called again, and when. In a form: JSON text.
    """
    calling_window: CallingWindow | CallingWindowInput | CreateCampaignBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by name. The organization's unless given. In a form: the name, or JSON text.
    """
    priority: int | None = None
    """
    The job's weight where jobs share lines: 9 gets nine times as many as 1.
    """
    contact_frequency: ContactFrequencyInput | None = None
    """
    Caps on calls to one number, over all jobs of the organization. In a form: JSON text.
    """
    on_machine: OnMachine | None = None
    """
    When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak. Whether the contact is called again is `retryPolicy.onVoicemail`.
    """
    start_within: int | None = None
    """
    Minutes by which a start may be missed. A later one pauses the job instead of calling late.
    """
    circuit_breaker: bool | None = None
    """
    Whether the job pauses itself when its last calls show that going on does harm.
    """
    max_cost: str | float | None = None
    """
    What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.
    """
    ring_seconds: int | None = None
    """
    How long a call may ring.
    """
    max_call_seconds: int | None = None
    """
    How long a call may last.
    """
    on_overlap: OnOverlapChoice | None = None
    """
    What to do about numbers that another open job of the organization will call too.
    """
    overlap_days: int | None = None
    """
    How many days `onOverlap` looks back: numbers that another job called in them count as well, ended jobs and deleted ones included.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    end_time: str | None = None
    """
    When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not called any more.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    timezone_column: str | None = None
    """
    The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is not called, and `validation.warnings` names it.
    """
    not_before_column: str | None = None
    """
    The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by the clock of its own zone.
    """
    external_id_column: str | None = None
    """
    The column with your own id of each contact, given back everywhere.
    """
    required_fields: list[str] | None = None
    """
    Columns without which a contact is not called. In a form: JSON text.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    jobs_at_once: int | None = None
    """
    How many of its jobs have people to call at the same time; each of them has `concurrentCallLimit` lines at most. Jobs whose contacts all wait for their next attempt do not count.
    """


class CancelCampaignBody(Model):
    """
    Without a body live calls end by themselves. What else it holds is ignored.
    """

    hang_up: bool | None = None


class StopOrganizationBody(Model):
    """
    Without a body live calls end by themselves. What else it holds is ignored.
    """

    hang_up: bool | None = None


class AddDoNotCallBody(Model):
    note: str | None = None
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    numbers: list[str] | None = None


class PreviewDoNotCallBody(Model):
    note: str | None = None
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    numbers: list[str] | None = None


class ForgetPersonBody(Model):
    phone: str
    """
    E.164.
    """


class ExportPersonBody(Model):
    phone: str
    """
    E.164.
    """


class OptOutOfCallsBody(Model):
    note: str | None = None


class ReportCallResultBody(Model):
    disposition: str | None = None
    """
    Of your own making. Two correct the call's outcome: `call_screening` (the telephone asked who is calling, and the person did not take the call) and `fax`.
    """
    summary: str | None = None
    data: dict[str, Any] | None = None
    """
    Of your own making; 16 KB as JSON at most.
    """
    transcript_url: str | None = None
    recording_url: str | None = None


class WaitingForInput(Model):
    reason: str
    """
    `start`, `resume`, `retry`, `window` (calling window), `not_before` (a contact's earliest time), `frequency` (calls to one number), `timezone` (unknown: such contacts are not called), `lines` (the organization's other jobs have them), `credits`, `max_cost`, `account` (the carrier refused it, or cannot be reached, or was closed), `number` (calls from it were refused, or it was closed), `stopped` (the whole organization), `pacing` (the number's calls per second).
    """
    until: Timestamp | None
    detail: str | None
    """
    A sentence on the reason, where there is one.
    """


class JobEventContact(Model):
    id: str
    row: int
    """
    Of its file, or its place in `contacts`.
    """
    phone: str
    """
    Its last digits; the job's pages have the number.
    """
    external_id: str | None
    status: ContactStatus
    """
    Where a contact stands. Everything but `pending`, `queued` and `dialing` is final.
    """
    error_code: str | None
    attempt_count: int
    next_retry_at: Timestamp | None
    call_duration: int | None
    answered_by: AnsweredBy | None
    disposition: str | None


class JobEvent(Model):
    """
    The `data` of every event.
    """

    batch_job_id: str
    at: Timestamp
    status: JobStatus
    """
    Where a job stands. `paused` is ours; the others are the hosted product's.
    """
    status_reason: str | None
    total_contacts: int
    contacts_processed: int
    successful_calls: int
    failed_calls: int
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    status_breakdown: dict[
        Literal[
            "pending",
            "queued",
            "dialing",
            "completed",
            "no_answer",
            "busy",
            "timeout",
            "blocked",
            "invalid_number",
            "carrier_error",
            "failed",
            "cancelled",
        ],
        int,
    ]
    waiting_for: WaitingForInput | None
    """
    Why nobody is dialed now, a few seconds old at most; null where somebody is, or it cannot be told.
    """
    contacts: list[JobEventContact]
    """
    Who changed, the latest last; 100 at most.
    """
    contacts_more: bool
    """
    Others changed as well: read the job's pages.
    """


class RetryBatchJobBody(Model):
    from_phone_number_id: str | None = None
    """
    The number to call from; its outbound agent holds the conversation.
    """
    name: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """
    include_unknown: bool | None = None
    """
    Also those of whom nobody can tell whether they were called.
    """


class TestNewBatchJobBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class TestNewBatchJobBody(Model):
    phone: str
    """
    E.164: whom to call instead.
    """
    from_phone_number_id: str
    """
    The number to call from; its outbound agent holds the conversation.
    """
    name: str
    description: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    retry_policy: RetryPolicyInput | None = None
    """
    Who is called again, and when. In a form: JSON text.
    """
    calling_window: CallingWindow | CallingWindowInput | TestNewBatchJobBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by name. The organization's unless given. In a form: the name, or JSON text.
    """
    priority: int | None = None
    """
    The job's weight where jobs share lines: 9 gets nine times as many as 1.
    """
    contact_frequency: ContactFrequencyInput | None = None
    """
    Caps on calls to one number, over all jobs of the organization. In a form: JSON text.
    """
    on_machine: OnMachine | None = None
    """
    When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak. Whether the contact is called again is `retryPolicy.onVoicemail`.
    """
    start_within: int | None = None
    """
    Minutes by which a start may be missed. A later one pauses the job instead of calling late.
    """
    circuit_breaker: bool | None = None
    """
    Whether the job pauses itself when its last calls show that going on does harm.
    """
    max_cost: str | float | None = None
    """
    What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.
    """
    ring_seconds: int | None = None
    """
    How long a call may ring.
    """
    max_call_seconds: int | None = None
    """
    How long a call may last.
    """
    on_overlap: OnOverlap | None = None
    """
    What to do about numbers that another open job of the organization will call too.
    """
    overlap_days: int | None = None
    """
    How many days `onOverlap` looks back: numbers that another job called in them count as well, ended jobs and deleted ones included.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    end_time: str | None = None
    """
    When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not called any more.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    timezone_column: str | None = None
    """
    The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is not called, and `validation.warnings` names it.
    """
    not_before_column: str | None = None
    """
    The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by the clock of its own zone.
    """
    external_id_column: str | None = None
    """
    The column with your own id of each contact, given back everywhere.
    """
    required_fields: list[str] | None = None
    """
    Columns without which a contact is not called. In a form: JSON text.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    contacts: list[ContactInput] | None = None


class TestBatchJobBody(Model):
    phone: str
    """
    E.164: whom to call instead.
    """


class ValidateBatchJobBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class ValidateBatchJobBody(Model):
    from_phone_number_id: str
    """
    The number to call from; its outbound agent holds the conversation.
    """
    name: str
    description: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once.
    """
    max_attempts: int | None = None
    """
    For each contact, the first call counted.
    """
    retry_policy: RetryPolicyInput | None = None
    """
    Who is called again, and when. In a form: JSON text.
    """
    calling_window: CallingWindow | CallingWindowInput | ValidateBatchJobBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by name. The organization's unless given. In a form: the name, or JSON text.
    """
    priority: int | None = None
    """
    The job's weight where jobs share lines: 9 gets nine times as many as 1.
    """
    contact_frequency: ContactFrequencyInput | None = None
    """
    Caps on calls to one number, over all jobs of the organization. In a form: JSON text.
    """
    on_machine: OnMachine | None = None
    """
    When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak. Whether the contact is called again is `retryPolicy.onVoicemail`.
    """
    start_within: int | None = None
    """
    Minutes by which a start may be missed. A later one pauses the job instead of calling late.
    """
    circuit_breaker: bool | None = None
    """
    Whether the job pauses itself when its last calls show that going on does harm.
    """
    max_cost: str | float | None = None
    """
    What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.
    """
    ring_seconds: int | None = None
    """
    How long a call may ring.
    """
    max_call_seconds: int | None = None
    """
    How long a call may last.
    """
    on_overlap: OnOverlap | None = None
    """
    What to do about numbers that another open job of the organization will call too.
    """
    overlap_days: int | None = None
    """
    How many days `onOverlap` looks back: numbers that another job called in them count as well, ended jobs and deleted ones included.
    """
    scheduled_start_time: str | None = None
    """
    When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.
    """
    end_time: str | None = None
    """
    When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not called any more.
    """
    timezone: str | None = None
    """
    IANA name of the zone of such times.
    """
    phone_column: str | None = None
    """
    The column, in JSON the key, with the numbers, where it is not `phone`.
    """
    timezone_column: str | None = None
    """
    The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is not called, and `validation.warnings` names it.
    """
    not_before_column: str | None = None
    """
    The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by the clock of its own zone.
    """
    external_id_column: str | None = None
    """
    The column with your own id of each contact, given back everywhere.
    """
    required_fields: list[str] | None = None
    """
    Columns without which a contact is not called. In a form: JSON text.
    """
    default_country: str | None = None
    """
    The country whose people wrote the numbers: `(202) 555-0101`, `1 202 555 0101` and `+1 202-555-0101` are then read too, and `validation.rewritten` shows how. What can be read in two ways is refused. Without it numbers are E.164.
    """
    number_check: NumberCheck | None = None
    """
    `possible` takes numbers of ranges that the numbering data do not know, where their length is right; `validation.warnings` names them.
    """
    contacts: list[ContactInput] | None = None


class ChangeOrganizationBodyCallingWindow(Model):
    preset: CallingWindow
    holidays: str | list[date] | None = None
    """
    Days on which no calls are placed.
    """


class ChangeOrganizationBodyContactFrequency(Model):
    calls_per24_hours: int | None = None
    calls_per7_days: int | None = None
    quiet_hours: int | None = None
    """
    During a conversation, and after it.
    """


class ChangeOrganizationBody(Model):
    """
    What is not sent stays.
    """

    name: str | None = None
    concurrent_call_limit: int | None = None
    """
    Calls at once, of all jobs together.
    """
    reserved_lines: int | None = None
    """
    Of the limit, kept free for other calls.
    """
    calling_window: CallingWindow | CallingWindowInput | ChangeOrganizationBodyCallingWindow | None = None
    """
    When people may be called, in the time zone of each, where a job has no window of its own; null: at any hour.
    """
    contact_frequency: ChangeOrganizationBodyContactFrequency | None = None
    allowed_countries: list[str] | None = None
    retention_days: int | None = None


class CreateOrganizationBody(Model):
    name: str
    concurrent_call_limit: int | None = None
    """
    Calls at once, of all jobs together.
    """
    credits: str | float | None = None
    """
    Dollars to begin with; null: unlimited.
    """
    allowed_countries: list[str] | None = None


class CreateCarrierGrantBody(Model):
    carrier: str | None = None
    """
    At which carrier of the service.
    """
    number: str | None = None
    """
    To call from; this or `trunk`.
    """
    trunk: str | None = None
    """
    As `carrierSettings` write it: PJSIP/{number}@trunk2.
    """


class TopUpCreditsBody(Model):
    organization_id: str
    amount: str | float
    """
    Dollars; a number is rounded to six decimals, a string is exact.
    """


class CreateAgentBody(Model):
    name: str
    architecture: Architecture | None = None
    """
    How it talks; it decides the rate. `text` cannot hold calls.
    """
    audio: Audio | None = None
    """
    What kind of address `audioUrl` is.
    """
    audio_url: str
    """
    Where the call's audio goes: wss://, sip: or, for TwiML, https://.
    """


class ChangeAgentBody(Model):
    """
    What is not sent stays.
    """

    name: str | None = None
    architecture: Architecture | None = None
    """
    How an agent talks. A text-only agent cannot hold a telephone conversation.
    """
    audio: Audio | None = None
    """
    Where the call's audio goes: the kinds of address an agent can have.
    """
    audio_url: str | None = None


class CarrierSettingsInput(Model):
    trunk: str


class CreatePhoneNumberBodyCarrierSettings(Model):
    account_sid: str
    auth_token: str


class CreatePhoneNumberBody(Model):
    number: str
    """
    E.164.
    """
    label: str | None = None
    outbound_agent_id: str | None = None
    """
    Without one no job can call from it.
    """
    calls_per_second: float | None = None
    """
    Calls a second, of all jobs.
    """
    carrier: str | None = None
    """
    Through which its calls go: one that this server is set up with.
    """
    carrier_settings: CarrierSettingsInput | CreatePhoneNumberBodyCarrierSettings | None = None
    """
    Of its own at the carrier; else those of the service. Never shown again.
    """


class ChangePhoneNumberBodyCarrierSettings(Model):
    account_sid: str
    auth_token: str


class ChangePhoneNumberBody(Model):
    """
    What is not sent stays.
    """

    label: str | None = None
    outbound_agent_id: str | None = None
    calls_per_second: float | None = None
    """
    Calls a second, of all jobs.
    """
    carrier_settings: CarrierSettingsInput | ChangePhoneNumberBodyCarrierSettings | None = None
    """
    Null: those of the service.
    """


class CreateApiKeyBody(Model):
    name: str
    role: Role
    """
    Not above the role of the key that asks.
    """
    expires_at: Timestamp | None = None
    """
    From then on the key is not valid; null: never.
    """


class Event(OpenEnum):
    BATCH_STARTED = "batch.started"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_COMPLETED = "batch.completed"
    BATCH_FAILED = "batch.failed"
    BATCH_CANCELLED = "batch.cancelled"
    CONTACT_FINISHED = "contact.finished"
    CREDITS_LOW = "credits.low"


class CreateWebhookBody(Model):
    url: str
    """
    https, and no address in a private network, but for those that the operator allows.
    """
    events: list[Event]
    description: str | None = None
    credits_below: str | float | None = None
    """
    Dollars, more than 0, below which `credits.low` is sent. A number is rounded to 6 decimals.
    """


class ChangeWebhookBody(Model):
    url: str | None = None
    """
    https, and no address in a private network, but for those that the operator allows.
    """
    events: list[Event] | None = None
    description: str | None = None
    credits_below: str | float | None = None
    """
    Dollars, more than 0, below which `credits.low` is sent. A number is rounded to 6 decimals.
    """
    enabled: bool | None = None
    """
    True also lets a disabled webhook begin anew.
    """


class AgentView(Model):
    """
    A voice agent, which lives elsewhere.
    """

    id: str
    name: str
    architecture: Architecture
    audio: Audio
    audio_url: str
    created_at: Timestamp | None


class AnswerRates(Model):
    """
    Sums by a dimension: hours, weekdays, days and attempts in their order, all else the largest first.
    """

    by: Dimension
    from_: date
    to: date
    counted_until: Timestamp | None
    """
    Calls that ended later may not be counted yet; null: all are. Jobs are counted every few minutes.
    """
    overall: CallSums
    entries: list[AnswerRate]
    total: int
    """
    Entries of all pages.
    """
    page: int
    page_size: int


class BatchContact(Model):
    """
    A contact and how its last call went.
    """

    id: str
    phone_number: str
    contact_data: dict[str, Any]
    """
    The whole original row.
    """
    status: ContactStatus
    error_code: str | None
    """
    The SIP code; null where completed.
    """
    attempt_count: int
    max_attempts: int
    last_attempt_at: Timestamp | None
    next_retry_at: Timestamp | None
    completed_at: Timestamp | None
    room_name: str | None
    """
    The carrier's id of the last call.
    """
    failure_reason: str | None
    call_duration: int | None
    """
    Whole seconds.
    """
    answered_by: AnsweredBy | None
    external_id: str | None
    """
    The client's own, from `externalIdColumn`.
    """
    conversation: ConversationView | None
    """
    What the agent reported of the last conversation.
    """
    row: int | None
    """
    Of its file, where the header is row 1; of an array the first is 1.
    """
    dials: int
    """
    Requests made to the carrier for it, charged as attempts or not.
    """


class BatchJob(Model):
    """
    A job as the list shows it.
    """

    id: str
    name: str
    description: str | None
    status: JobStatus
    status_reason: str | None
    """
    Why it is paused or failed, where somebody else than its owner did it.
    """
    organization_id: str
    agent_id: str
    """
    As at creation.
    """
    from_phone_number_id: str
    total_contacts: int
    contacts_processed: int
    """
    With a final result: successful, failed and cancelled.
    """
    successful_calls: int
    """
    Contacts `completed`.
    """
    failed_calls: int
    """
    Every other final status but `cancelled`.
    """
    scheduled_start_time: Timestamp | None
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    created_at: Timestamp
    concurrent_call_limit: int
    retry_policy: RetryPolicy
    on_machine: OnMachine
    """
    Whether a call that a machine answered is ended or goes on.
    """
    priority: int
    """
    Its weight among the organization's running jobs, 1 to 9.
    """
    timezone: str
    """
    Of its start, and of contacts whose number names none.
    """
    calling_window: dict[str, Any] | None
    """
    Null: the organization's.
    """
    contact_frequency: ContactFrequency | None
    """
    Beside the organization's.
    """
    end_time: Timestamp | None
    """
    After it nobody is dialed; the rest ends as `cancelled`.
    """
    start_within: int
    """
    Minutes; a start missed by more pauses the job.
    """
    circuit_breaker: bool
    """
    Whether it pauses itself when its calls go wrong.
    """
    max_cost: str | None
    """
    Dollars that it may cost.
    """
    spent: str
    """
    Dollars that its ended calls have cost.
    """
    retry_of: str | None
    """
    The job whose contacts it calls again.
    """
    test: bool
    """
    Whether it is a test call: not listed, nor in analytics.
    """
    test_of: str | None
    """
    Of a test call: the job that it tries; null where that was not created yet.
    """


class BatchMessage(Model):
    """
    A job was started, paused, resumed or has ended; the job as it stood then.
    """

    timestamp: Timestamp
    type: Type
    data: BatchJob


class CampaignCancelled(Model):
    """
    Also how many were cancelled.
    """

    success: bool | None = None
    message: str
    campaign_id: str
    status: CampaignStatus
    batch_job_ids: list[str]
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """
    contacts_cancelled: int


class CampaignCreated(Model):
    """
    A draft: its contacts come next.
    """

    success: bool | None = None
    campaign_id: str
    status: CampaignStatus
    message: str
    warnings: list[str]


class CampaignJobView(Model):
    """
    One of its jobs, which is a batch job like others.
    """

    batch_job_id: str
    part: int
    """
    From 1, in the order of the file.
    """
    status: JobStatus
    status_reason: str | None
    total_contacts: int


class CampaignView(Model):
    """
    A campaign as the list shows it.
    """

    id: str
    name: str
    description: str | None
    status: CampaignStatus
    status_reason: str | None
    """
    Why it is paused, or begins no other job.
    """
    organization_id: str
    from_phone_number_id: str
    total_contacts: int
    """
    Those of its jobs, and those that wait for one.
    """
    contacts_processed: int
    """
    With a final result: successful, failed and cancelled.
    """
    successful_calls: int
    """
    Contacts `completed`.
    """
    failed_calls: int
    """
    Every other final status but `cancelled`.
    """
    left_out: int
    """
    Contacts that no job took, as other jobs call them (`onOverlap`).
    """
    upload: Upload
    jobs: int
    """
    That its contacts take.
    """
    jobs_begun: int
    jobs_open: int
    """
    Of those begun.
    """
    jobs_at_once: int
    """
    With people to call.
    """
    concurrent_call_limit: int
    """
    Of each job.
    """
    scheduled_start_time: Timestamp | None
    end_time: Timestamp | None
    timezone: str
    max_cost: str | None
    """
    Dollars that all its jobs together may cost.
    """
    spent: str
    """
    Dollars that ended calls have cost.
    """
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None


class Changed(Model):
    """
    The job as it is now.
    """

    id: str
    name: str
    description: str | None
    status: JobStatus
    status_reason: str | None
    """
    Why it is paused or failed, where somebody else than its owner did it.
    """
    organization_id: str
    agent_id: str
    """
    As at creation.
    """
    from_phone_number_id: str
    total_contacts: int
    contacts_processed: int
    """
    With a final result: successful, failed and cancelled.
    """
    successful_calls: int
    """
    Contacts `completed`.
    """
    failed_calls: int
    """
    Every other final status but `cancelled`.
    """
    scheduled_start_time: Timestamp | None
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    created_at: Timestamp
    concurrent_call_limit: int
    retry_policy: RetryPolicy
    on_machine: OnMachine
    """
    Whether a call that a machine answered is ended or goes on.
    """
    priority: int
    """
    Its weight among the organization's running jobs, 1 to 9.
    """
    timezone: str
    """
    Of its start, and of contacts whose number names none.
    """
    calling_window: dict[str, Any] | None
    """
    Null: the organization's.
    """
    contact_frequency: ContactFrequency | None
    """
    Beside the organization's.
    """
    end_time: Timestamp | None
    """
    After it nobody is dialed; the rest ends as `cancelled`.
    """
    start_within: int
    """
    Minutes; a start missed by more pauses the job.
    """
    circuit_breaker: bool
    """
    Whether it pauses itself when its calls go wrong.
    """
    max_cost: str | None
    """
    Dollars that it may cost.
    """
    spent: str
    """
    Dollars that its ended calls have cost.
    """
    retry_of: str | None
    """
    The job whose contacts it calls again.
    """
    test: bool
    """
    Whether it is a test call: not listed, nor in analytics.
    """
    test_of: str | None
    """
    Of a test call: the job that it tries; null where that was not created yet.
    """
    success: bool | None = None
    message: str


class ClosedGateView(Model):
    """
    Why no call starts. `scope`: the whole organization, the carrier account of a number, or the number alone.
    """

    scope: Scope
    phone_number_id: str | None = None
    """
    The number whose calls are held.
    """
    carrier: str | None = None
    reason: str
    closed_until: Timestamp | None = None
    """
    Then one call goes first, and opens the gate if it is taken; null: a person must.
    """
    next_step: str


class ClosedGates(Model):
    """
    Empty: nothing of this kind holds a call.
    """

    gates: list[ClosedGateView]


class ContactRemoved(Model):
    success: bool | None = None
    message: str
    batch_job_id: str
    contact_id: str
    status: ContactStatus
    """
    `cancelled`; `dialing` while it is on the phone; or its final result.
    """


class CreditsMessage(Model):
    """
    The free credits fell below the threshold. Sent again only after they were above it.
    """

    timestamp: Timestamp
    type: str
    data: LowCredits


class CreditsView(Model):
    """
    Credits in dollars, what is held for whom, and a page of the ledger, newest first.
    """

    unlimited: bool
    """
    Nothing is held then; costs count all the same.
    """
    balance: str
    """
    Top-ups less the cost of calls.
    """
    held: str
    """
    What jobs and live calls hold together.
    """
    free: str
    live_calls: str
    """
    Of what is held, for calls that are live.
    """
    holds: list[HoldView]
    """
    For calls to come, by job: the largest, 100 at most.
    """
    entries: list[LedgerEntry]
    total: int
    """
    Entries.
    """
    page: int
    page_size: int


class Delivery(Model):
    """
    One event on its way to one webhook. What it carries is not kept in the log.
    """

    id: str
    """
    The header `webhook-id` of every try and replay.
    """
    type: EventType
    batch_job_id: str | None
    contact_id: str | None
    status: DeliveryStatus
    """
    `pending`: to be sent, perhaps again; `failed`: given up after the last try; `refused`: by us, because the address leads, or redirects, into a private network.
    """
    attempts: int
    """
    Tries so far, replays included.
    """
    created_at: Timestamp
    last_attempt_at: Timestamp | None
    next_attempt_at: Timestamp | None
    """
    Null once it is final.
    """
    delivered_at: Timestamp | None
    response_code: int | None
    """
    Of the last answer.
    """
    response_body: str | None
    """
    Its beginning; numbers are masked.
    """
    last_error: str | None
    """
    Of the last try.
    """


class DeliveryPage(Model):
    """
    Deliveries, newest first. A page past the end is empty.
    """

    deliveries: list[Delivery]
    total: int
    page: int
    page_size: int


class DialView(Model):
    """
    One request to the carrier.
    """

    fault_of: FaultOf | None
    """
    On whose side it lies that there was no conversation; null where there was one.
    """
    rang: bool | None
    """
    Whether a telephone rang; null where that cannot be told.
    """
    ended_by: EndedBy | None
    sip_code: str | None
    """
    The final SIP response.
    """
    sip_reason: str | None
    """
    Its text, where the carrier passes it on.
    """
    carrier_code: str | None
    """
    The carrier's own error code, where it gives one.
    """
    agent: AgentContact | None
    """
    How far the agent of an answered call came; null where the carrier does not tell.
    """
    seconds_to_ringing: float | None
    """
    Since the carrier was asked.
    """
    seconds_to_answer: float | None
    """
    Likewise.
    """
    id: str
    number: int
    """
    1, 2, 3 … of the contact.
    """
    asked_at: Timestamp
    ringing_at: Timestamp | None
    answered_at: Timestamp | None
    ended_at: Timestamp | None
    """
    Null while the call is live.
    """
    outcome: Outcome | None
    """
    What each means is at `GET /outcomes`.
    """
    duration: int | None
    """
    Whole seconds of talk, by the carrier's clock.
    """
    answered_by: AnsweredBy | None
    cost: str | None
    """
    Dollars.
    """
    carrier_call_id: str | None
    conversation: ConversationView | None
    """
    What the agent reported of this call.
    """


class DoNotCallEntry(Model):
    """
    A number that is not called.
    """

    number: str
    """
    E.164.
    """
    source: Source
    """
    `api` and `file`: added by request; `agent`: the person asked the agent; `sip_607`: the person's network reported it; `operator`.
    """
    note: str | None
    added_by: str
    """
    As `actor` in the activity.
    """
    added_at: Timestamp
    batch_id: str | None
    """
    Of the request that listed it: `DELETE /do-not-call/batches/{batchId}` takes all of it back.
    """


class DoNotCallPage(Model):
    """
    The list, newest first. A page past the end is empty.
    """

    entries: list[DoNotCallEntry]
    total: int
    page: int
    page_size: int


class ErasureReceipt(Model):
    """
    What was deleted, what is kept and why. It does not have the number.
    """

    id: str
    status: Status
    """
    `done` once every carrier has answered.
    """
    requested_at: Timestamp
    requested_by: str
    """
    A key's id.
    """
    deleted: DeletedCounts
    at_carriers: list[CarrierDeletion]
    kept: list[Kept]
    not_ours: list[str]
    """
    Where copies may be that only you can delete.
    """
    calls_not_stopped: int
    """
    Requests to carriers that could not be called off in time: 0 in a receipt that is read later.
    """


class EvidenceView(Model):
    """
    How a call went, as far as it is known.
    """

    fault_of: FaultOf | None
    """
    On whose side it lies that there was no conversation; null where there was one.
    """
    rang: bool | None
    """
    Whether a telephone rang; null where that cannot be told.
    """
    ended_by: EndedBy | None
    sip_code: str | None
    """
    The final SIP response.
    """
    sip_reason: str | None
    """
    Its text, where the carrier passes it on.
    """
    carrier_code: str | None
    """
    The carrier's own error code, where it gives one.
    """
    agent: AgentContact | None
    """
    How far the agent of an answered call came; null where the carrier does not tell.
    """
    seconds_to_ringing: float | None
    """
    Since the carrier was asked.
    """
    seconds_to_answer: float | None
    """
    Likewise.
    """


class FinishedContact(Model):
    """
    A contact that has its final status.
    """

    batch_job_id: str
    contact: BatchContact
    outcome: Outcome | None
    """
    Of its last call; null where it was never called.
    """
    evidence: EvidenceView | None
    """
    Of its last call, likewise.
    """
    test: bool
    """
    Whether it is a test call, with the fields of a job's first contact.
    """
    test_of: str | None
    """
    Of a test call: the job that it tries; null where that was not created yet.
    """


class GrantList(Model):
    """
    Grants, oldest first.
    """

    grants: list[GrantView]
    total: int


class IntakeReport(Model):
    """
    The account of a contact file or list.

    Always rows = valid + invalid_total + duplicates_total + blank; `rows` are all those below the header.
    """

    rows: int
    valid: int
    blank: int | None = None
    invalid_total: int | None = None
    invalid: list[InvalidRow] | None = None
    duplicates_total: int | None = None
    duplicates: list[DuplicateRow] | None = None
    rewritten_total: int | None = None
    rewritten: list[RewrittenNumber] | None = None
    warnings: list[str] | None = None


class IssuedKeyView(Model):
    """
    The only answer that shows the key.
    """

    id: str
    name: str
    role: Role
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None
    """
    To the minute.
    """
    key: str


class JobPage(Model):
    """
    Jobs, newest first. A page past the end is empty.
    """

    batch_jobs: list[BatchJob]
    total: int
    page: int
    page_size: int


class JobStatisticsView(Model):
    """
    A job's calls, counted.
    """

    outcomes: list[OutcomeDials]
    """
    Of dials that have ended, the most frequent first.
    """
    bucket_seconds: int
    """
    How long each entry of `callsOverTime` lasts.
    """
    calls_over_time: list[CallsPlaced]
    """
    By when they were placed; times without any are left out.
    """
    answered_calls: int
    short_calls: int
    """
    Answered, and over within 5 seconds.
    """
    median_talk_seconds: float | None
    """
    Of answered calls.
    """
    oldest_live_call_at: Timestamp | None
    """
    When it was placed; null where none is live.
    """
    last_call_ended_at: Timestamp | None
    to_be_called_again: int
    """
    Contacts.
    """
    next_retry_at: Timestamp | None
    calls_dropped_at: Timestamp | None
    """
    When calls of the job were dropped from the archive, which are not counted here any more.
    """


class KeyView(Model):
    """
    A key, never what it is.
    """

    id: str
    name: str
    role: Role
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None
    """
    To the minute.
    """


class OrganizationPage(Model):
    organizations: list[OrganizationView]
    total: int
    page: int
    page_size: int


class OutcomeView(Model):
    """
    What an outcome means.
    """

    outcome: Outcome
    fault_of: FaultOf | None
    """
    On whose side it lies that there was no conversation: `person` (the one called, their line or telephone), `carrier` (or a network behind it), `platform` (Outdial, the agent, the carrier account), `unknown`; null where there was one.
    """
    charged: bool
    """
    Whether it counts as one of the contact's attempts.
    """
    retried: Redial
    """
    Whether a dial follows. `policy`: where the job's `retryPolicy` says so, up to `maxAttempts`; `uncharged`: as no attempt, a few times at most; `never`.
    """
    setting: str | None
    """
    Of `retryPolicy`, which decides.
    """
    status: ContactStatus
    """
    Of the contact, where no dial follows.
    """
    meaning: str
    """
    For people.
    """


class PhoneNumberPage(Model):
    """
    Numbers, oldest first. A page past the end is empty.
    """

    phone_numbers: list[PhoneNumberView]
    total: int
    page: int
    page_size: int


class Progress(Model):
    """
    What the job's workflow says of this moment; `liveCalls` are the database's.
    """

    live_calls: int
    lines_held: int
    lines_wanted: int
    waiting_for: WaitingFor | None


class QuotaList(Model):
    """
    All of them, always in this order.
    """

    quotas: list[QuotaView]


class Retried(Model):
    """
    A new job of the contacts that were not reached.
    """

    success: bool | None = None
    batch_job_id: str
    total_contacts: int
    """
    Valid ones.
    """
    estimated_duration: str
    estimated_cost: str
    status: JobStatus
    """
    `pending` or `scheduled`.
    """
    scheduled_start_time: Timestamp | None
    message: str
    validation: IntakeReport
    """
    What became of the rows; at most 100 entries in each list. A file's header is row 1.
    """
    retry_of: str
    reached: int
    """
    Contacts that were reached before, and are not called again.
    """
    left_out: int
    """
    Others that are not called again: `validation.warnings` say why.
    """


class TestMessage(Model):
    """
    Sent when asked for by `POST /webhooks/{id}/test`.
    """

    timestamp: Timestamp
    type: str
    data: TestedWebhook


class Tested(Model):
    """
    A job of one contact, hidden from the list of jobs.
    """

    success: bool | None = None
    batch_job_id: str
    total_contacts: int
    """
    Valid ones.
    """
    estimated_duration: str
    estimated_cost: str
    status: JobStatus
    """
    `pending` or `scheduled`.
    """
    scheduled_start_time: Timestamp | None
    message: str
    validation: IntakeReport
    """
    What became of the rows; at most 100 entries in each list. A file's header is row 1.
    """
    test_of: str


class Validated(Model):
    """
    What creating this job would come to, now.
    """

    success: bool | None = None
    would_be_created: bool
    """
    Whether `POST /batch/create` would take the same request now.
    """
    obstacles: list[Obstacle]
    total_contacts: int
    """
    Whom the job would have.
    """
    blocked_contacts: int
    """
    Of these, who would never be called: do-not-call list, countries.
    """
    estimated_duration: str
    """
    Two minutes a call, all lines, no retries.
    """
    estimated_cost: str
    estimated_finish: Timestamp | None
    """
    With the calling window; null where not everybody is likely reached.
    """
    status: JobStatus
    """
    `pending` or `scheduled`.
    """
    scheduled_start_time: Timestamp | None
    message: str
    """
    When calling starts, and which hours hold.
    """
    binding_limit: Binding
    """
    `credits`: they do not cover the estimate; `window`: it, or the contacts' own earliest times, prolong the job or leave people out; else whose limit on concurrent calls is the smaller one.
    """
    lines: Lines
    credits: CreditCheck
    countries: list[CountryCount]
    """
    Largest first.
    """
    timezones: list[ZoneCount]
    """
    Largest first; 100 at most.
    """
    validation: IntakeReport


class AgentPage(Model):
    """
    Agents, oldest first. A page past the end is empty.
    """

    agents: list[AgentView]
    total: int
    page: int
    page_size: int


class Appended(Model):
    """
    The contacts are stored and will be called.
    """

    success: bool | None = None
    batch_job_id: str
    status: JobStatus
    added: int
    """
    New to the job.
    """
    total_contacts: int
    """
    Of the job, with these.
    """
    estimated_cost: str
    """
    Of the new ones.
    """
    validation: IntakeReport
    """
    What became of the rows, as create tells it.
    """


class CampaignDetail(Model):
    """
    A campaign with its counts over all jobs, its forecast, and the account of its file.
    """

    id: str
    name: str
    description: str | None
    status: CampaignStatus
    status_reason: str | None
    """
    Why it is paused, or begins no other job.
    """
    organization_id: str
    from_phone_number_id: str
    total_contacts: int
    """
    Those of its jobs, and those that wait for one.
    """
    contacts_processed: int
    """
    With a final result: successful, failed and cancelled.
    """
    successful_calls: int
    """
    Contacts `completed`.
    """
    failed_calls: int
    """
    Every other final status but `cancelled`.
    """
    left_out: int
    """
    Contacts that no job took, as other jobs call them (`onOverlap`).
    """
    upload: Upload
    jobs: int
    """
    That its contacts take.
    """
    jobs_begun: int
    jobs_open: int
    """
    Of those begun.
    """
    jobs_at_once: int
    """
    With people to call.
    """
    concurrent_call_limit: int
    """
    Of each job.
    """
    scheduled_start_time: Timestamp | None
    end_time: Timestamp | None
    timezone: str
    max_cost: str | None
    """
    Dollars that all its jobs together may cost.
    """
    spent: str
    """
    Dollars that ended calls have cost.
    """
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    status_breakdown: dict[ContactStatus, int]
    """
    All twelve statuses, always. Who waits for a job is `pending`.
    """
    forecast: Forecast
    batch_jobs: list[CampaignJobView]
    """
    Those begun.
    """
    validation: IntakeReport
    """
    What became of the rows; at most 100 entries in each list.
    """


class CampaignPage(Model):
    """
    Campaigns, newest first. A page past the end is empty.
    """

    campaigns: list[CampaignView]
    total: int
    page: int
    page_size: int


class ContactDetail(Model):
    """
    A contact with every dial.
    """

    id: str
    phone_number: str
    contact_data: dict[str, Any]
    """
    The whole original row.
    """
    status: ContactStatus
    error_code: str | None
    """
    The SIP code; null where completed.
    """
    attempt_count: int
    max_attempts: int
    last_attempt_at: Timestamp | None
    next_retry_at: Timestamp | None
    completed_at: Timestamp | None
    room_name: str | None
    """
    The carrier's id of the last call.
    """
    failure_reason: str | None
    call_duration: int | None
    """
    Whole seconds.
    """
    answered_by: AnsweredBy | None
    external_id: str | None
    """
    The client's own, from `externalIdColumn`.
    """
    conversation: ConversationView | None
    """
    What the agent reported of the last conversation.
    """
    dials: list[DialView]


class ContactMessage(Model):
    """
    A contact has its final status.

    Sent once more where its agent reports later than five seconds after it, or where later evidence corrects what its
    call was: the last one counts.
    """

    timestamp: Timestamp
    type: str
    data: FinishedContact


class Created(Model):
    """
    The job is stored and will start by itself.
    """

    success: bool | None = None
    batch_job_id: str
    total_contacts: int
    """
    Valid ones.
    """
    estimated_duration: str
    estimated_cost: str
    status: JobStatus
    """
    `pending` or `scheduled`.
    """
    scheduled_start_time: Timestamp | None
    message: str
    validation: IntakeReport
    """
    What became of the rows; at most 100 entries in each list. A file's header is row 1.
    """


class DoNotCallAdded(Model):
    """
    The numbers are on the list; they are not called from now on.
    """

    success: bool | None = None
    added: int
    """
    Numbers that were not on the list.
    """
    batch_id: str | None = None
    """
    By which it can be taken back; null where nothing new was listed.
    """
    already_listed: int
    contacts_blocked: int
    """
    Contacts of open jobs that waited to be called: they ended as `blocked`.
    """
    validation: IntakeReport
    """
    What became of the rows, as create tells it.
    """
    calls_not_stopped: int | None = None
    """
    Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.
    """


class DoNotCallPreview(Model):
    """
    What adding these numbers would come to. Nothing was changed.
    """

    would_be_added: int
    already_listed: int
    contacts_blocked: int
    """
    Contacts of open jobs that wait to be called.
    """
    jobs: list[BlockedJobView]
    """
    Whose contacts these are, the most first.
    """
    validation: IntakeReport
    """
    What would become of the rows, as create tells it.
    """


class JobDetail(Model):
    """
    A job with a page of its contacts, in file order.
    """

    id: str
    name: str
    description: str | None
    status: JobStatus
    status_reason: str | None
    """
    Why it is paused or failed, where somebody else than its owner did it.
    """
    organization_id: str
    agent_id: str
    """
    As at creation.
    """
    from_phone_number_id: str
    total_contacts: int
    contacts_processed: int
    """
    With a final result: successful, failed and cancelled.
    """
    successful_calls: int
    """
    Contacts `completed`.
    """
    failed_calls: int
    """
    Every other final status but `cancelled`.
    """
    scheduled_start_time: Timestamp | None
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    created_at: Timestamp
    concurrent_call_limit: int
    retry_policy: RetryPolicy
    on_machine: OnMachine
    """
    Whether a call that a machine answered is ended or goes on.
    """
    priority: int
    """
    Its weight among the organization's running jobs, 1 to 9.
    """
    timezone: str
    """
    Of its start, and of contacts whose number names none.
    """
    calling_window: dict[str, Any] | None
    """
    Null: the organization's.
    """
    contact_frequency: ContactFrequency | None
    """
    Beside the organization's.
    """
    end_time: Timestamp | None
    """
    After it nobody is dialed; the rest ends as `cancelled`.
    """
    start_within: int
    """
    Minutes; a start missed by more pauses the job.
    """
    circuit_breaker: bool
    """
    Whether it pauses itself when its calls go wrong.
    """
    max_cost: str | None
    """
    Dollars that it may cost.
    """
    spent: str
    """
    Dollars that its ended calls have cost.
    """
    retry_of: str | None
    """
    The job whose contacts it calls again.
    """
    test: bool
    """
    Whether it is a test call: not listed, nor in analytics.
    """
    test_of: str | None
    """
    Of a test call: the job that it tries; null where that was not created yet.
    """
    status_breakdown: dict[ContactStatus, int]
    """
    All twelve statuses, always.
    """
    estimated_completion_time: Timestamp | None
    contacts: list[BatchContact]
    contacts_total: int
    """
    With the status asked for.
    """
    contacts_page: int
    contacts_page_size: int
    contacts_has_more: bool
    progress: Progress | None
    """
    Null where the workflow does not answer within a second.
    """
    warning: str | None = None
    """
    What keeps an open job from going as it should, though it calls.
    """


class KeyPage(Model):
    """
    Keys, oldest first, the revoked ones too.
    """

    api_keys: list[KeyView]
    total: int
    page: int
    page_size: int


class OutcomeList(Model):
    """
    Every outcome that a call can have.
    """

    outcomes: list[OutcomeView]
