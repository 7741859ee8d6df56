"""What claims are judged by: read under the organization's lock for all that are claimed together, and counted on.

Of a batch the first is judged by what was read, each further one by that and what those before it have taken.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.calling_rules.frequency_caps import EarlierCall
from domain.calls.models import WAITING_OUTCOMES, Audio, Outcome
from domain.calls.retries import NEVER_RANG
from domain.money import ASSUMED_MINUTES
from domain.phone.identity import identify, list_all_writings, list_writings
from domain.statuses import ContactStatus
from store.calls.claim_rules import LIVE_MINUTES, ContactFacts, JobFacts, split_reserve
from store.calls.gates import GATE_FACTS
from store.db.pool import Connection, few_ids

MIN_LOOK_BACK = timedelta(days=7)  # at earlier calls to the number
# Unless it is known that they did.
_NEVER_RANG = [*(WAITING_OUTCOMES - {Outcome.CALLED_OFF}), Outcome.CARRIER_ERROR, *NEVER_RANG]

_JOBS = f"""
    SELECT j.id, j.dialling, j.hold, j.rate_per_minute, j.concurrent_call_limit AS job_limit, j.from_number,
           j.audio, j.audio_url, j.phone_number_id,
           j.end_time, j.spent, j.max_cost, j.calling_window AS job_window, j.contact_frequency AS job_frequency,
           o.concurrent_call_limit - o.reserved_lines AS organization_limit,
           o.credits_unlimited, o.balance - o.held AS free,
           o.calling_window AS organization_window, o.contact_frequency AS organization_frequency,
           coalesce(o.allowed_countries, (SELECT jsonb_agg(DISTINCT n.country) FROM phone_numbers n
             WHERE n.organization_id = o.id AND n.removed_at IS NULL)) AS allowed_countries,
           p.calls_per_second, p.next_slot_at, p.carrier_account_id,
           {GATE_FACTS},
           clock_timestamp() AS now,
           (SELECT count(*) FROM dials d WHERE d.organization_id = o.id AND d.ended_at IS NULL) AS organization_live,
           (SELECT count(*) FROM dials d WHERE d.organization_id = o.id AND d.job_id = j.id
             AND d.ended_at IS NULL) AS job_live,
           {LIVE_MINUTES} AS live_minutes
    FROM {few_ids("jobs", "given")} JOIN batch_jobs j ON j.id = given.id
    JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id
    JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE j.organization_id = %(organization)s
"""  # noqa: S608 — our own constants
_CONTACTS = f"""
    SELECT c.id, c.job_id, c.status, c.dials, c.number, c.data, c.country, c.zones,
           EXISTS (SELECT 1 FROM do_not_call l WHERE l.organization_id = %(organization)s AND l.number = c.number)
             AS listed,
           EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = %(organization)s
             AND d.from_number = j.from_number AND d.to_number = c.number AND d.ended_at IS NULL) AS pair_live
    FROM {few_ids("contacts", "given")} JOIN contacts c ON c.id = given.id JOIN batch_jobs j ON j.id = c.job_id
    WHERE j.id = ANY(%(jobs)s) AND j.organization_id = %(organization)s
"""  # noqa: S608 — our own constants
# The same of other writings of a number. No index makes a pair of two writings unique: an organization's lock does.
_OF_OTHER_WRITINGS = """
    SELECT EXISTS (SELECT 1 FROM do_not_call l
             WHERE l.organization_id = %(organization)s AND l.number = ANY(%(numbers)s)) AS listed,
           EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = %(organization)s
             AND d.from_number = ANY(%(from_numbers)s) AND d.to_number = ANY(%(numbers)s)
             AND d.ended_at IS NULL) AS pair_live
"""
# Calls to the number that rang, or may have; a conversation is one that no machine answered. Of an unknown outcome it
# is not known whether there was one, and of a live call not yet. A call that began long ago may have ended lately.
_EARLIER = """
    SELECT to_number, asked_at,
           CASE WHEN outcome IN ('answered', 'unknown') AND answered_by IS DISTINCT FROM 'machine' THEN ended_at END
             AS conversation_ended_at,
           ended_at IS NULL AND answered_by IS DISTINCT FROM 'machine' AS may_become_conversation
    FROM dials
    WHERE organization_id = %(organization)s AND to_number = ANY(%(numbers)s)
      AND (asked_at > %(since)s OR ended_at > %(since)s OR ended_at IS NULL)
      AND (outcome IS NULL OR NOT outcome = ANY(%(never_rang)s) OR ringing_at IS NOT NULL)
"""


class ClaimingJob(JobFacts):
    """A job's facts, and what its calls are like."""

    audio: Audio
    audio_url: str


class ClaimedContact(ContactFacts):
    """A contact's facts, and what its call's agent is given."""

    data: dict[str, Any]


class _Earlier(EarlierCall):
    to_number: str


class ClaimFacts:
    """The facts of one batch. `jobs` and `contacts` by id."""

    def __init__(
        self,
        jobs: Iterable[ClaimingJob],
        contacts: Iterable[ClaimedContact],
        earlier: Mapping[str, list[EarlierCall]],
        speed: float,
    ) -> None:
        self.jobs = {job.id: job for job in jobs}
        self.contacts = {contact.id: contact for contact in contacts}
        self._earlier = defaultdict(list, earlier)  # by telephone
        self._pairs: set[tuple[str, str]] = set()  # telephones that were claimed in this batch
        self._speed = speed

    def find(self, job_id: str, contact_id: str) -> tuple[ClaimingJob, ClaimedContact] | None:
        """As they stand after those that were claimed before; None where there is no such contact."""
        job, contact = self.jobs.get(job_id), self.contacts.get(contact_id)
        if job is None or contact is None or contact.job_id != job_id:
            return None
        if (identify(job.from_number), identify(contact.number)) in self._pairs:
            contact = contact.model_copy(update={"pair_live": True})
        return job, contact

    def earlier_calls(self, contact: ContactFacts) -> list[EarlierCall]:
        return self._earlier.get(identify(contact.number), [])

    def take_slot(self, job: ClaimingJob) -> datetime:
        """The next slot of the pace of the job's number; it is taken."""
        slot = job.now if job.next_slot_at is None else max(job.now, job.next_slot_at)
        following = slot + timedelta(seconds=1 / (float(job.calls_per_second) * self._speed))
        self._change(lambda other: other.phone_number_id == job.phone_number_id, next_slot_at=following)
        return slot

    def list_slots(self, job_ids: Collection[str]) -> list[dict[str, Any]]:
        """When the numbers of these jobs may ask again."""
        slots = {self.jobs[id].phone_number_id: self.jobs[id].next_slot_at for id in job_ids}
        return [{"number": number, "at": at} for number, at in slots.items() if at is not None]

    def count(self, job: ClaimingJob, contact: ClaimedContact, asked_at: datetime) -> tuple[Decimal, Decimal]:
        """A dial was claimed: a line, two minutes of credits (from the job's hold, and from what is free)."""
        from_hold, from_free = split_reserve(job)
        for other in list(self.jobs.values()):
            taken: dict[str, Any] = {
                "organization_live": other.organization_live + 1,
                "free": other.free - from_free,
            }
            if other.id == job.id:
                taken["job_live"] = other.job_live + 1
                taken["hold"] = other.hold - from_hold
                taken["live_minutes"] = other.live_minutes + ASSUMED_MINUTES
            self.jobs[other.id] = other.model_copy(update=taken)
        dialed = {"status": ContactStatus.DIALING, "dials": contact.dials + 1}
        self.contacts[contact.id] = contact.model_copy(update=dialed)
        telephone = identify(contact.number)
        self._pairs.add((identify(job.from_number), telephone))
        self._earlier[telephone].append(EarlierCall(asked_at=asked_at, may_become_conversation=True))
        return from_hold, from_free

    def note_probe(self, job: ClaimingJob, dial_id: str) -> None:
        """This dial goes first at the closed gates of the job's account and number."""
        if job.account_closed_until is not None:
            same_account = job.carrier_account_id
            self._change(lambda other: other.carrier_account_id == same_account, account_probe_dial_id=dial_id)
        if job.number_closed_until is not None:
            self._change(lambda other: other.phone_number_id == job.phone_number_id, number_probe_dial_id=dial_id)

    def _change(self, concerns: Any, **values: Any) -> None:
        for other in list(self.jobs.values()):
            if concerns(other):
                self.jobs[other.id] = other.model_copy(update=values)


async def read_claim_facts(
    connection: Connection, organization_id: str, job_ids: Collection[str], contact_ids: Collection[str], speed: float
) -> ClaimFacts:
    """Within the transaction that has locked the organization."""
    values = {
        "organization": organization_id,
        "jobs": sorted(set(job_ids)),
        "contacts": sorted(set(contact_ids)),
        "speed": speed,
    }
    jobs = await connection.fetch_all(ClaimingJob, _JOBS, values)
    contacts = await connection.fetch_all(ClaimedContact, _CONTACTS, values)
    by_id = {job.id: job for job in jobs}
    contacts = [await _with_other_writings(connection, organization_id, by_id[each.job_id], each) for each in contacts]
    return ClaimFacts(jobs, contacts, await _read_earlier(connection, organization_id, jobs, contacts), speed)


async def _with_other_writings(
    connection: Connection, organization_id: str, job: ClaimingJob, contact: ClaimedContact
) -> ClaimedContact:
    """Whether the telephone is listed, or on the phone, under other writings of its number or of the caller id."""
    numbers, from_numbers = list_writings(contact.number), list_writings(job.from_number)
    if len(numbers) == len(from_numbers) == 1:  # as of most
        return contact
    values = {"organization": organization_id, "from_numbers": list(from_numbers), "numbers": list(numbers)}
    cursor = await connection.execute(_OF_OTHER_WRITINGS.encode(), values, prepare=True)
    listed, pair_live = await cursor.fetchone() or (False, False)
    found = {"listed": contact.listed or listed, "pair_live": contact.pair_live or pair_live}
    return contact.model_copy(update=found)


async def _read_earlier(
    connection: Connection, organization_id: str, jobs: Collection[ClaimingJob], contacts: Collection[ClaimedContact]
) -> dict[str, list[EarlierCall]]:
    """Earlier calls by telephone, of those contacts whose jobs have caps."""
    caps = {job.id: job.frequency_caps for job in jobs}
    numbers = list_all_writings({contact.number for contact in contacts if caps[contact.job_id]})
    if not numbers:
        return {}
    longest = max(timedelta(hours=cap.quiet_hours or 0) for each in caps.values() for cap in each)
    since = min(job.now for job in jobs) - max(MIN_LOOK_BACK, longest)
    values = {"organization": organization_id, "numbers": numbers, "since": since, "never_rang": _NEVER_RANG}
    earlier: dict[str, list[EarlierCall]] = defaultdict(list)
    for call in await connection.fetch_all(_Earlier, _EARLIER, values):
        earlier[identify(call.to_number)].append(call)
    return earlier
