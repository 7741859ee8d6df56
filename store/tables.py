"""The tables: columns, keys and indexes only. Times are UTC, money is numeric dollars, numbers are E.164."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Moment = DateTime(timezone=True)
Dollars = Numeric(18, 6)

organizations = Table(
    "organizations",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("concurrent_call_limit", Integer, nullable=False, server_default="5"),
    Column("credits_unlimited", Boolean, nullable=False, server_default=text("false")),
    Column("balance", Dollars, nullable=False, server_default="0"),  # top-ups − captures
    Column("held", Dollars, nullable=False, server_default="0"),  # holds of jobs + reserves of live calls
    Column("reserved_lines", Integer, nullable=False, server_default="0"),  # kept free for other calls
    Column("calling_window", JSONB),  # domain.calling_rules.window.CallingWindow; for jobs that have none of their own
    Column("contact_frequency", JSONB),  # domain.calling_rules.frequency_caps.ContactFrequency, over all jobs
    Column("stopped_at", Moment),  # by a person: no call of any job until it is resumed
    Column("allowed_countries", JSONB),  # ISO 3166 codes, or ["*"]; null: those of its own numbers
    Column("quotas", JSONB),  # domain.quotas.Quota: a limit of its own, null: none; null: those for all
    Column("retention_days", Integer),  # how long an ended job keeps its contacts' data; null: the platform's default
    Column("numbers_hashed_until", Moment),  # of its dials up to then: see store/privacy/retention.py
    Column("listed_jobs", Integer, nullable=False, server_default="0"),  # all but test calls; a trigger keeps it
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", String, nullable=False),
    Column("key_hash", String, nullable=False, unique=True),  # SHA-256 of a 256-bit random key
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("revoked_at", Moment),
    Column("expires_at", Moment),  # from then on it is nobody's
    Column("last_used_at", Moment),  # to the minute
)

console_sessions = Table(  # whose browser is signed in
    "console_sessions",
    metadata,
    Column("token_hash", String, primary_key=True),  # SHA-256 of a 256-bit random token
    Column("key_id", ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("is_link", Boolean, nullable=False),  # signs in once; False: a session
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("expires_at", Moment, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("architecture", String, nullable=False),
    Column("audio", String, nullable=False),  # domain.calls.models.Audio
    Column("audio_url", Text, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("removed_at", Moment),  # jobs that used it keep their facts; no new one may
)


def _gate() -> tuple[Column[Any], ...]:
    """What refusals close, and one call that goes first opens; see store/calls/gates.py."""
    return (
        Column("stopped_at", Moment),  # by a person: closed until a person opens it
        Column("closed_at", Moment),  # for the last time; it stays when the gate opens
        Column("closed_until", Moment),
        Column("closed_reason", Text),
        Column("probe_dial_id", String),  # the one call that may go first when the gate's time is over
        Column("opens_on", String),  # domain.calls.models.CallState that this call must reach
        Column("closings", Integer, nullable=False, server_default="0"),  # since it was last open
    )


carrier_accounts = Table(  # one gate for all jobs that call through an account
    "carrier_accounts",
    metadata,
    Column("id", String, primary_key=True),  # the carrier's name, "twilio"
    *_gate(),
    Column("carrier", String),  # null: the id is the carrier's name
    Column("settings", Text),  # its own, sealed by store.db.vault; null: those of the process
    Column("trunk", Text),  # the settings name this trunk of the shared account; null: they are an account of its own
    Column("silent_calls", Integer, nullable=False, server_default="0"),  # in a row; see store/calls/silence.py
    Column("silent_since", Moment),
    Column(
        "unreconciled_since", Moment
    ),  # restored: calls since then are unknown, and none starts; see store/recovery.py
    Column("restored_at", Moment),  # when that was written
)

carrier_grants = Table(  # on accounts that organizations share: who may use which numbers and trunks
    "carrier_grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("carrier", String, nullable=False),
    Column("kind", String, nullable=False),  # domain.statuses.GrantKind
    Column("name", Text, nullable=False),  # a number as `domain.phone.identity.identify` writes it, or a dial string
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("granted_at", Moment, nullable=False, server_default=func.now()),
    UniqueConstraint("organization_id", "carrier", "kind", "name"),
    Index("uq_carrier_grants_number", "carrier", "name", unique=True, postgresql_where=text("kind = 'number'")),
)

phone_numbers = Table(
    "phone_numbers",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("number", String, nullable=False),  # E.164
    Column("country", String),  # ISO 3166 code of the number, null where it belongs to none
    Column("label", Text),
    Column("outbound_agent_id", ForeignKey("agents.id")),
    Column("carrier_account_id", ForeignKey("carrier_accounts.id"), nullable=False),
    Column("calls_per_second", Numeric(8, 3), nullable=False, server_default="1"),
    Column("next_slot_at", Moment),  # pacing: nothing is asked for this number before
    *_gate(),
    Column("stopped_by", String),  # as `activity.actor`; null: an operator
    Column("reached_at", Moment),  # one of its calls rang then, to within ten seconds
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("removed_at", Moment),
)

batch_jobs = Table(
    "batch_jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("status", String, nullable=False),
    Column("dialling", Boolean, nullable=False, server_default=text("false")),  # the job's gate, which the claim checks
    Column("status_reason", Text),  # why it failed or was paused
    Column("agent_id", String, nullable=False),  # agent, audio, rate and caller id are as at creation
    Column("audio", String, nullable=False),
    Column("audio_url", Text, nullable=False),
    Column("rate_per_minute", Dollars, nullable=False),
    Column("phone_number_id", ForeignKey("phone_numbers.id"), nullable=False),
    Column("from_number", String, nullable=False),
    Column("total_contacts", Integer, nullable=False),
    Column("concurrent_call_limit", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("ring_seconds", Integer, nullable=False),
    Column("max_call_seconds", Integer, nullable=False),
    Column("scheduled_start_time", Moment),
    Column("timezone", String, nullable=False),
    Column("validation", JSONB, nullable=False),
    Column("hold", Dollars, nullable=False, server_default="0"),  # still held for calls that are not live
    Column("spent", Dollars, nullable=False, server_default="0"),  # what its calls have cost
    Column("max_cost", Dollars),
    Column("retry_of", String),  # the job whose contacts it calls again; that one may be deleted
    Column("test", Boolean, nullable=False, server_default=text("false")),  # a test call: no statistics, not listed
    Column("test_of", String),  # the job that it tries with one call; null: one that was not created yet
    Column("file_header", JSON),  # the first row of its first file, as written; null: contacts came as JSON
    Column("file_delimiter", String),
    Column("priority", Integer, nullable=False, server_default="5"),  # its weight among the organization's jobs
    Column("calling_window", JSONB(none_as_null=True)),  # null: the organization's
    Column("contact_frequency", JSONB(none_as_null=True)),  # beside the organization's
    Column("retry_policy", JSONB, nullable=False, server_default="{}"),  # domain.calls.retries.RetryPolicy
    Column("on_machine", String, nullable=False, server_default="talk"),  # domain.calls.models.OnMachine
    Column("end_time", Moment),  # after it nobody is dialed
    Column("start_within_minutes", Integer, nullable=False, server_default="120"),
    Column("circuit_breaker", Boolean, nullable=False, server_default=text("true")),
    Column("resumed_at", Moment),  # the circuit breaker looks at calls since then
    Column("stopped_at", Moment),  # paused with its whole organization, with which it is resumed
    Column("workflow_started_at", Moment),
    Column("actual_start_time", Moment),
    Column("completed_at", Moment),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("campaign_id", String),  # whose contacts it calls; that one may be deleted
    Column("campaign_part", Integer),  # which of its jobs it is, from 1
    Column("ended_counts", JSON),  # contacts by status once all are final and it has ended; triggers keep it
    Column("statistics_counted_at", Moment),  # its calls that had ended by then are in `call_statistics`
    Column("statistics_due_at", Moment, server_default=func.now()),  # to be counted again; null: for good
    Column("erased_at", Moment),  # its contacts' data was kept for long enough
    Column("dials_archived_at", Moment),  # its calls are in the archive, all of them
    Column("dials_dropped_at", Moment),  # calls of it were dropped with a month of the archive: not known any more
    Index("ix_batch_jobs_kept", "completed_at", postgresql_where=text("erased_at IS NULL")),
    Index("ix_batch_jobs_newest", "organization_id", text("created_at DESC"), text("id DESC")),
    Index("ix_batch_jobs_archive", "completed_at", postgresql_where=text("dials_archived_at IS NULL")),
    Index("ix_batch_jobs_cancelled", "completed_at", postgresql_where=text("status = 'cancelled'")),
    Index("ix_batch_jobs_statistics", "statistics_due_at", postgresql_where=text("statistics_due_at IS NOT NULL")),
    Index(
        "ix_batch_jobs_campaign",
        "campaign_id",
        "campaign_part",
        postgresql_where=text("campaign_id IS NOT NULL"),
    ),
    Index("ix_batch_jobs_open", "status", postgresql_where=text("status NOT IN ('completed', 'failed', 'cancelled')")),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", String, primary_key=True),
    Column("job_id", ForeignKey("batch_jobs.id", ondelete="CASCADE"), nullable=False),
    Column("organization_id", String, nullable=False),
    Column("row", Integer, nullable=False),  # of the file (the header is 1), or the index in `contacts` + 1
    Column("number", String, nullable=False),  # E.164
    Column("country", String),  # ISO 3166 code of the number
    Column("zones", JSONB),  # IANA names that must all allow a call; null: the contact's own is unknown
    Column("not_before", Moment),  # its own earliest time, then the end of its retry delay: windows only add to it
    Column("data", JSON, nullable=False),  # the whole original row; JSON, not JSONB: it keeps order and types
    Column("status", String, nullable=False, server_default="pending"),
    Column("error_code", String),
    Column("failure_reason", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("dials", Integer, nullable=False, server_default="0"),  # claimed: the highest dial number
    Column("troubles", Integer, nullable=False, server_default="0"),  # in a row
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("held_reason", String),  # domain.calls.dispatch.NotNowReason: why it is due no earlier
    Column("removed_at", Moment),  # by somebody: not called any more
    Column("last_attempt_at", Moment),
    Column("next_retry_at", Moment),
    Column("completed_at", Moment),
    Column("call_id", String),  # the carrier's id of the last dial: `roomName`
    Column("call_seconds", Integer),
    Column("answered_by", String),
    Column("external_id", Text),  # the client's own
    Column("conversation", JSON),  # domain.calls.agent_report.Conversation of the last dial that has one
    Column("reported_at", Moment),  # when that was reported
    UniqueConstraint("job_id", "row"),
    Index("ix_contacts_job_id_status", "job_id", "status"),
    Index("ix_contacts_due", "job_id", "due_at", "row", postgresql_where=text("status IN ('pending', 'queued')")),
    Index("ix_contacts_job_id_number", "job_id", "number"),
    Index(
        "ix_contacts_open_number",
        "organization_id",
        "number",
        postgresql_where=text("status IN ('pending', 'queued', 'dialing')"),
    ),
)

rejects = Table(  # rows of a job's file that cannot be called
    "rejects",
    metadata,
    Column("job_id", ForeignKey("batch_jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("cells", JSON, nullable=False),  # as written
    Column("reason", Text, nullable=False),
)

campaigns = Table(  # lists longer than a job's
    "campaigns",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", String, nullable=False, server_default="draft"),  # domain.campaigns.models.CampaignStatus
    Column("status_reason", Text),  # why it is paused, or begins no job
    Column("request", JSONB, nullable=False),  # domain.campaigns.models.CampaignRequest
    Column("contacts_per_job", Integer, nullable=False),
    Column("hang_up", Boolean, nullable=False, server_default=text("false")),  # live calls, when it was cancelled
    Column("upload_offset", BigInteger, nullable=False, server_default="0"),  # bytes of its file that are in
    Column("upload_state", JSONB, nullable=False, server_default="{}"),  # domain.contacts.read_stream.StreamState
    Column("upload_complete", Boolean, nullable=False, server_default=text("false")),
    Column("uploading_until", Moment),  # by some request
    Column("file_header", JSON),  # as of a job, and the next
    Column("file_delimiter", String),
    Column("report", JSONB, nullable=False),  # domain.contacts.report.IntakeReport
    Column("accepted", Integer, nullable=False, server_default="0"),  # contacts that came in
    Column("moved", Integer, nullable=False, server_default="0"),  # of them into jobs
    Column("left_out", Integer, nullable=False, server_default="0"),  # of those: other jobs call them
    Column("parts", Integer, nullable=False, server_default="0"),  # jobs that were begun
    Column("created_by", String, nullable=False),  # as `activity.actor`
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Index("ix_campaigns_newest", "organization_id", text("created_at DESC"), text("id DESC")),
    Index("ix_campaigns_open", "status", postgresql_where=text("status NOT IN ('completed', 'cancelled')")),
)

campaign_contacts = Table(  # that wait for their job: with its part they become `contacts`
    "campaign_contacts",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),  # of the job that will call them, from 1
    Column("row", Integer, primary_key=True),  # of the file; the header is 1
    Column("id", String, nullable=False),  # as the next: of the contact that it becomes
    Column("number", String, nullable=False),
    Column("country", String),
    Column("zones", JSONB),
    Column("not_before", Moment),
    Column("data", JSON, nullable=False),
    Column("external_id", Text),
    Index("ix_campaign_contacts_number", "campaign_id", "number"),
)

campaign_blocks = Table(  # of bytes that a campaign's file came in: sent again they are known
    "campaign_blocks",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("end", BigInteger, primary_key=True),  # offset in the file
    Column("digest", String, nullable=False),  # SHA-256
)

campaign_rejects = Table(  # rows of a campaign's file that cannot be called
    "campaign_rejects",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("cells", JSON, nullable=False),  # as written
    Column("reason", Text, nullable=False),
)

_OPEN = text("ended_at IS NULL")

dials = Table(  # a row is written by the claim, before the carrier is asked
    "dials",
    metadata,
    Column("id", String, primary_key=True),
    Column("contact_id", String, nullable=False),  # no key: a deleted job leaves its dials, see store/jobs/delete.py
    Column("number_of_dial", Integer, nullable=False),  # 1, 2, 3 … of the contact
    Column("job_id", String, nullable=False),
    Column("organization_id", String, nullable=False),
    Column("carrier_account_id", String, nullable=False),
    Column("from_number", String, nullable=False),
    Column("to_number", String, nullable=False),
    Column("state", String, nullable=False, server_default="asked"),  # domain.calls.models.CallState
    Column("call_id", String),  # the carrier's
    Column("asked_at", Moment, nullable=False, server_default=func.now()),
    Column("ringing_at", Moment),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("hang_up_reason", String),  # domain.calls.models.HangUpReason: asked for, not necessarily done
    Column("outcome", String),
    Column("sip_code", Integer),
    Column("call_seconds", Integer),  # the carrier's
    Column("answered_by", String),
    Column("cost", Dollars),
    Column("conversation", JSON),  # domain.calls.agent_report.Conversation: what its agent reported
    Column("reserved_from_hold", Dollars, nullable=False, server_default="0"),
    Column("reserved_from_free", Dollars, nullable=False, server_default="0"),
    Column("rang", Boolean),  # of an ended call; null: it cannot be told
    Column("ended_by", String),  # domain.calls.models.EndedBy
    Column("sip_reason", Text),
    Column("carrier_code", String),  # the carrier's own error code
    Column("machine", String),  # domain.calls.models.MachineKind
    Column("agent", String),  # domain.calls.models.AgentContact
    Column("heard", Boolean),  # an event was posted to us; false: one should have been; null: neither is known
    UniqueConstraint("contact_id", "number_of_dial"),
    Index("uq_dials_open_contact", "contact_id", unique=True, postgresql_where=_OPEN),
    Index("uq_dials_open_pair", "organization_id", "from_number", "to_number", unique=True, postgresql_where=_OPEN),
    Index(
        "uq_dials_call_id", "carrier_account_id", "call_id", unique=True, postgresql_where=text("call_id IS NOT NULL")
    ),
    Index("ix_dials_open", "organization_id", "job_id", postgresql_where=_OPEN),
    Index("ix_dials_ended", "job_id", text("ended_at DESC")),
    Index("ix_dials_newest", "organization_id", "asked_at"),
    Index("ix_dials_called", "organization_id", "to_number", text("asked_at DESC")),
)

# The archive (store/archive): calls of jobs that ended long ago, in partitions by the month of `asked_at`, in UTC.
old_dials = Table(
    "old_dials",
    metadata,
    *(
        Column(each.name, each.type, primary_key=each.name == "id", nullable=each.nullable)
        for each in dials.columns
        if each.name != "asked_at"
    ),
    Column("asked_at", Moment, primary_key=True),
    Index("ix_old_dials_contact", "contact_id", "number_of_dial"),
    Index("ix_old_dials_job", "job_id"),
    Index("ix_old_dials_call", "carrier_account_id", "call_id"),
    Index("ix_old_dials_called", "organization_id", "to_number"),
    postgresql_partition_by="RANGE (asked_at)",
)

call_statistics = Table(  # written anew for a whole job each time; see store/analytics/counting.py
    "call_statistics",
    metadata,
    Column("job_id", String, nullable=False, index=True),  # no key: a deleted job leaves them, as it does its dials
    Column("organization_id", String, nullable=False),
    Column("day", Date, nullable=False),  # as the next by the callee's clock
    Column("hour", SmallInteger, nullable=False),  # 0 to 23
    Column("from_number", String, nullable=False),
    Column("country", String),  # of the contact's number
    Column("attempt", SmallInteger, nullable=False),  # of the contact, from 1
    Column("attempts", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("people", Integer, nullable=False),  # of the answered, as the next
    Column("machines", Integer, nullable=False),
    Column("talk_seconds", BigInteger, nullable=False),
    Column("cost", Dollars, nullable=False),
    Index("ix_call_statistics_organization_id", "organization_id", "day"),
)

carrier_events = Table(  # every callback once: what it reported, and when
    "carrier_events",
    metadata,
    Column("dial_id", ForeignKey("dials.id", ondelete="CASCADE"), primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("state", String, primary_key=True),
    Column("ending", String, primary_key=True, server_default=""),
    Column("sequence", Integer),
    Column("sip_code", Integer),
    Column("received_at", Moment, nullable=False, server_default=func.now()),
)

old_carrier_events = Table(  # of the dials in the archive
    "old_carrier_events",
    metadata,
    *(
        Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable)
        for each in carrier_events.columns
    ),
    Column("asked_at", Moment, primary_key=True),  # the dial's
    postgresql_partition_by="RANGE (asked_at)",
)

ledger_entries = Table(  # never updated: Σ balance_delta = balance, Σ held_delta = held
    "ledger_entries",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("job_id", String),
    Column("dial_id", String),
    Column("kind", String, nullable=False),  # topup, hold, reserve, capture, release
    Column("balance_delta", Dollars, nullable=False, server_default="0"),
    Column("held_delta", Dollars, nullable=False, server_default="0"),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Index("ix_ledger_entries_newest", "organization_id", text("at DESC")),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("organization_id", ForeignKey("organizations.id"), primary_key=True),
    Column("number", String, primary_key=True),  # E.164
    Column("source", String, nullable=False),  # domain.calling_rules.do_not_call.Source
    Column("note", Text),
    Column("added_by", String, nullable=False),  # as in `activity.actor`
    Column("added_at", Moment, nullable=False, server_default=func.now()),
    Column("batch_id", String),  # of the request that listed it with others; null: one call's opt-out, or a network's
    Index("ix_do_not_call_batch", "organization_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    Index("ix_do_not_call_newest", "organization_id", text("added_at DESC"), "number"),
)

hash_keys = Table(  # one row: the key of `number_hash`, sealed by the vault, so that a new OUTDIAL_SECRET keeps hashes
    "hash_keys",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("key", Text, nullable=False),
    CheckConstraint("singleton", name="singleton"),
)

suppressed_numbers = Table(  # of persons who were forgotten: never called again, and not to be read
    "suppressed_numbers",
    metadata,
    Column("organization_id", ForeignKey("organizations.id"), primary_key=True),
    Column("number_hash", String, primary_key=True),  # store.privacy.number_hashes
    Column("source", String, nullable=False),  # as in `do_not_call`
    Column("added_by", String, nullable=False),
    Column("added_at", Moment, nullable=False, server_default=func.now()),
)

erasures = Table(  # receipts: a person of an organization was forgotten
    "erasures",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("number_hash", String, nullable=False),
    Column("requested_by", String, nullable=False),  # as in `activity.actor`
    Column("requested_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("deleted", JSONB, nullable=False),  # how many of each kind
)

erasure_calls = Table(  # what carriers have of a forgotten person, until they have deleted it
    "erasure_calls",
    metadata,
    Column("erasure_id", ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True),
    Column("dial_id", String, primary_key=True),
    Column("carrier_account_id", String, nullable=False),
    Column("call_id", String, nullable=False),  # the carrier's
    Column("state", String, nullable=False, server_default="pending"),  # domain.privacy.CallErasure
    Column("recordings", Integer, nullable=False, server_default="0"),  # that were deleted with it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("last_error", Text),
    Index("ix_erasure_calls_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
)

activity = Table(  # what was done to jobs and organizations, never updated
    "activity",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("job_id", String),  # no key: what was done to a deleted job stays on record
    Column("at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("actor", String, nullable=False),  # a key's id, "temporal", "operator" or "outdial"
    Column("action", String, nullable=False),  # domain.audit.Action
    Column("details", JSONB, nullable=False, server_default="{}"),
    Index("ix_activity_newest", "organization_id", text("at DESC"), text("id DESC")),
    Index("ix_activity_of_job", "job_id", text("at DESC"), text("id DESC")),
)

idempotency_records = Table(  # a request that creates, its Idempotency-Key, and what it was answered
    "idempotency_records",
    metadata,
    Column("scope", String, primary_key=True),  # the organization, or "platform"
    Column("route", String, primary_key=True),  # method and path
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),  # SHA-256 of what was sent
    Column("seed", String, nullable=False),  # the random part of the ids of what is created
    Column("holder", String),  # the request at work on it
    Column("held_until", Moment),
    Column("answer", Text),  # JSON, sealed where it shows a secret; null: none yet
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Index("ix_idempotency_records_created_at", "created_at"),
)

rate_limits = Table(  # unlogged: written with every request, and may be lost in a crash
    "rate_limits",
    metadata,
    Column("caller", String, primary_key=True),  # a key's id, or "platform"
    Column("begun_at", Moment, nullable=False),
    Column("requests", Integer, nullable=False),  # since then
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": 50},  # rows are updated in place
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("events", ARRAY(String), nullable=False),  # domain.webhooks.events.EventType
    Column("credits_below", Dollars, nullable=False),
    Column("credits_are_low", Boolean, nullable=False, server_default=text("false")),  # already notified
    Column("secret", Text, nullable=False),  # sealed, as the next
    Column("old_secret", Text),
    Column("old_secret_until", Moment),
    Column("failing_since", Moment),
    Column("disabled_at", Moment),
    Column("disabled_reason", Text),
    Column("busy_until", Moment),  # somebody delivers, or was woken to
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

webhook_deliveries = Table(  # written with the fact itself; without numbers and personal data
    "webhook_deliveries",
    metadata,
    Column("id", String, primary_key=True),  # the `webhook-id` of every try
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("endpoint_id", ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("organization_id", String, nullable=False),
    Column("job_id", ForeignKey("batch_jobs.id", ondelete="CASCADE")),
    Column("contact_id", String),
    Column("lane", String, nullable=False),  # what is delivered one after the other: a job, or what has none
    Column("type", String, nullable=False),
    Column("facts", JSONB, nullable=False, server_default="{}"),  # as they were; the rest is read when it is sent
    Column("status", String, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),  # since it was queued or replayed
    Column("next_attempt_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("taken_until", Moment),  # a try is under way until then at most
    Column("last_attempt_at", Moment),
    Column("delivered_at", Moment),
    Column("response_code", Integer),
    Column("response_body", Text),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Index("ix_webhook_deliveries_pending", "endpoint_id", "lane", "seq", postgresql_where=text("status = 'pending'")),
    Index("ix_webhook_deliveries_newest", "endpoint_id", text("seq DESC")),
    Index("ix_webhook_deliveries_job_id_contact_id", "job_id", "contact_id"),
)

backups = Table(  # written before each, so that a restored database knows of which moment it is
    "backups",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("taken_at", Moment, nullable=False),
)

temporal_namespace = Table(  # that holds the workflows of this database's jobs; one row, or none before it is bound
    "temporal_namespace",
    metadata,
    Column(
        "singleton",
        Boolean,
        CheckConstraint("singleton", name="singleton"),
        primary_key=True,
        server_default=text("true"),
    ),
    Column("name", String, nullable=False),
    Column("namespace_id", String, nullable=False),  # Temporal's own id, as the next
    Column("cluster_id", String, nullable=False),
    Column("bound_at", Moment, nullable=False, server_default=func.now()),
    Column("alarm", Text),  # why the reconciler repairs nothing
    Column("alarmed_at", Moment),  # since when
    Column("restored_at", Moment),  # the database was: workflows there know of another future
    CheckConstraint("singleton", name="singleton"),
)
