"""What `outdial recover` finds and does: carriers say whom they called, jobs get workflows that know no other future.

Nothing is done before it was said. Whatever is done can be done again, and be interrupted anywhere.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from carriers import CannotTell, Carrier, CarrierError, list_calls
from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.models import CallReport, CallState, PlacedCall
from domain.calls.order import parse_dial_key
from domain.calls.recovery import LIST_LAG_SECONDS, MARGIN, FoundCalls, FoundDial
from domain.model import Model
from domain.phone.masking import mask_number
from domain.temporal_namespace import Namespace
from store.calls.found_calls import FoundCallsStore, contacts_of
from store.campaigns.found_calls import CalledCampaignContacts, CampaignContact
from store.reconcile import OpenJob
from store.recovery import Gap, Recovery
from store.temporal_namespace import NamespaceBinding
from workflows.client import JobWorkflows

PARALLEL = 20  # contacts, or workflows, at once
PENDING_POLL_SECONDS = 5.0  # between two looks at calls that have to end first
SUPERSEDED = "The database was restored from a backup in which there is no such job."
UNTOLD = (
    "The database was restored, and the carrier {account} cannot say whom it has called since {since:%Y-%m-%d %H:%M} "
    "UTC: look who was called before you resume this job."
)

Item = TypeVar("Item")
Say = Callable[[str], None]


class AccountFindings(Model):
    """What a carrier account says of the time that the database does not know. Calls, but for the last three.

    `trouble`: why it did not answer; `cannot_tell`: it answered, and calls may be missing for good. Then its jobs,
    `calling_jobs`, are for a person. `campaign_contacts`: of campaigns whose jobs that called them are gone.
    `uncertain_contacts`: of whom it cannot be told which was called. `numbers`: whom the calls of no known job
    reached, masked.
    """

    account: str
    since: str
    known: int = 0
    found: int = 0
    unowned: int = 0
    live: int = 0
    trouble: str | None = None
    cannot_tell: bool = False
    calling_jobs: int = 0
    campaign_contacts: int = 0
    uncertain_contacts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


class WorkflowFindings(Model):
    """`restored`: every open job is started anew. `unknown`: jobs that Temporal does not know. `orphans`: its jobs that
    the database does not know."""

    restored: bool
    open_jobs: int
    unknown: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


class Findings(Model):
    """All that there is to do. `waiting`, `live`: contacts, and calls, by the database."""

    workflows: WorkflowFindings
    accounts: tuple[AccountFindings, ...]
    waiting: int
    live: int

    @property
    def is_nothing(self) -> bool:
        found = self.workflows
        return not (self.accounts or found.restored or found.unknown)


class Recoverer:
    """`list_lag_seconds`: by how much carriers' lists may lag behind. `give_up`: accounts that will not answer.

    Every method raises TemporalUnavailable.
    """

    def __init__(
        self,
        recovery: Recovery,
        calls: FoundCallsStore,
        campaigns: CalledCampaignContacts,
        binding: NamespaceBinding,
        workflows: JobWorkflows,
        carriers: Mapping[str, Carrier],
        *,
        list_lag_seconds: float = LIST_LAG_SECONDS,
        give_up: Iterable[str] = (),
        say: Say = lambda _: None,
    ) -> None:
        self._recovery = recovery
        self._calls = calls
        self._campaigns = campaigns
        self._binding = binding
        self._workflows = workflows
        self._carriers = carriers
        self._settle_seconds = PLACE_TIMEOUT_SECONDS + list_lag_seconds
        self._give_up = frozenset(give_up)
        self._say = say
        self.unowned: dict[str, PlacedCall] = {}  # by call id: of no job that the database knows, with their numbers

    async def look(self, gaps: Sequence[Gap], *, restored: bool) -> Findings:
        """What is to be done. Nothing is changed. `restored`: the workflows are of another future."""
        jobs = await self._recovery.list_open_jobs()
        counts = await self._recovery.count()
        accounts = [await self._look_at(gap) for gap in gaps]
        return Findings(
            workflows=await self._look_at_workflows(jobs, restored=restored),
            accounts=tuple(accounts),
            waiting=counts.waiting,
            live=counts.live,
        )

    async def start_workflows(self, found: WorkflowFindings, namespace: Namespace) -> int:
        """Give open jobs the workflows that they lack, and bind the database to this namespace; how many.

        Of a restored database every open job gets another one, in place of what may run for it.
        """
        if not found.restored:
            await self._binding.rebind(namespace, found.unknown)  # the reconciler starts them
            return len(found.unknown)
        jobs = await self._recovery.list_open_jobs()
        await _for_each(jobs, self._start_anew)
        await _for_each(found.orphans, lambda job_id: self._workflows.terminate(job_id, SUPERSEDED))
        await self._binding.rebind(namespace, [])
        return len(jobs)

    async def settle(self) -> None:
        """Wait until whatever may have been on its way is in the carriers' lists."""
        left = max((self._settle_seconds - gap.seconds for gap in await self._recovery.list_gaps()), default=0.0)
        if left > 0:
            self._say(f"Waiting {left:.0f} s: until then calls may be missing in the carriers' lists.")
            await asyncio.sleep(left)

    async def reconcile(self, gap: Gap) -> AccountFindings:
        """Write down whom an account has called, and let it call again; `trouble` where it could not be asked."""
        described: AccountFindings | None = None
        try:
            while True:
                await self._refresh_open_calls(gap)
                calls = await self._list(gap)
                if isinstance(calls, CannotTell):
                    return await self._leave_to_people(gap)
                calls, called = await self._find_in_campaigns(gap, calls)
                await self._campaigns.leave_out(called)  # before jobs are looked at: one may have begun meanwhile
                found = await self._match(gap, calls)
                self.unowned |= {call.report.call_id: call for call in found.unowned}
                described = described or _described(gap, found, len(called))
                pending = await self._write(gap, found)
                if not pending:
                    break
                self._say(f"{gap.account}: {pending} calls have to end first.")
                await asyncio.sleep(PENDING_POLL_SECONDS)
        except CarrierError as error:
            if gap.account in self._give_up:
                return await self._leave_to_people(gap)
            return _findings(gap, trouble=str(error))
        await self._recovery.lift(gap)
        return described

    async def _look_at(self, gap: Gap) -> AccountFindings:
        calling = await self._recovery.count_calling_jobs(gap.account)
        try:
            calls = await self._list(gap)
        except CarrierError as error:
            given_up = gap.account in self._give_up
            return _findings(gap, trouble=str(error), cannot_tell=given_up, calling_jobs=calling)
        if isinstance(calls, CannotTell):
            return _findings(gap, cannot_tell=True, calling_jobs=calling)
        calls, called = await self._find_in_campaigns(gap, calls)
        return _described(gap, await self._match(gap, calls), len(called))

    async def _look_at_workflows(self, jobs: Sequence[OpenJob], *, restored: bool) -> WorkflowFindings:
        unknown = []
        if not restored:
            states = await _for_each(jobs, lambda job: self._workflows.is_open(job.id))
            unknown = [job.id for job, state in zip(jobs, states, strict=True) if state is None]
        orphans = await self._recovery.find_unknown(sorted(await self._workflows.list_open())) if restored else []
        return WorkflowFindings(restored=restored, open_jobs=len(jobs), unknown=tuple(unknown), orphans=tuple(orphans))

    async def _start_anew(self, job: OpenJob) -> None:
        await self._workflows.start(job.id, job.organization_id, job.name, job.start_at, anew=True)

    async def _refresh_open_calls(self, gap: Gap) -> None:
        """How those calls stand that the backup has as live: the next of the same contact comes after them."""
        carrier = self._carriers[gap.account]
        for call in await self._calls.list_open(gap.account):
            report = await carrier.fetch(call.call_id)
            if isinstance(report, CallReport):
                await self._calls.record(report, gap.account, call.key)

    async def _list(self, gap: Gap) -> Sequence[PlacedCall] | CannotTell:
        """Raises CarrierError where the account does not answer: that is not to say that it called nobody."""
        if not gap.numbers:
            return []
        listed = await list_calls(self._carriers[gap.account], gap.numbers, gap.since - MARGIN)
        if isinstance(listed, CannotTell):
            return listed
        return await self._calls.leave_out_others(gap.account, listed)

    async def _find_in_campaigns(
        self, gap: Gap, calls: Sequence[PlacedCall]
    ) -> tuple[Sequence[PlacedCall], list[CampaignContact]]:
        """Who waits in a campaign and was called; and the calls, with the numbers that those tell of theirs."""
        unknown = await self._calls.leave_out_known(gap.account, calls)
        called = await self._campaigns.find(gap.account, unknown)
        numbers = {contact.id: {"to": contact.to, "from_": contact.from_} for contact in called}
        keys = {call.report.call_id: (parse_dial_key(call.report.key or "") or ("", 0))[0] for call in calls}
        told = [call.model_copy(update=numbers.get(keys[call.report.call_id], {})) for call in calls]
        return told, called

    async def _match(self, gap: Gap, calls: Sequence[PlacedCall]) -> FoundCalls:
        matching = await self._calls.read_matching(gap.account, gap.since - MARGIN, calls)
        return matching.sort(calls)

    async def _write(self, gap: Gap, found: FoundCalls) -> int:
        """Write down what was found, a contact's calls in their order; how many have to wait for another's end."""
        of_contact: dict[str, list[FoundDial]] = defaultdict(list)
        for dial in found.dials:
            of_contact[dial.contact_id].append(dial)
        left = await _for_each(list(of_contact.values()), lambda dials: self._write_in_turn(gap, dials))
        waiting = await _for_each(found.unowned, lambda call: self._write_unowned(gap, call))
        return sum(left) + sum(waiting)

    async def _write_in_turn(self, gap: Gap, dials: Sequence[FoundDial]) -> int:
        for at, dial in enumerate(dials):
            if await self._calls.add(gap.account, dial):
                continue
            if await self._calls.is_on_the_phone(dial.contact_id):
                return len(dials) - at
            if await self._write_unowned(gap, dial.call):
                return len(dials) - at
        return 0

    async def _write_unowned(self, gap: Gap, call: PlacedCall) -> bool:
        """Whether it has to end first."""
        await self._calls.add_unowned(gap.account, call)
        return call.report.state is not CallState.ENDED and call.from_ in gap.numbers

    async def _leave_to_people(self, gap: Gap) -> AccountFindings:
        paused = await self._recovery.pause_jobs(gap.account, UNTOLD.format(account=gap.account, since=gap.since))
        await self._recovery.lift(gap)
        return _findings(gap, cannot_tell=True, calling_jobs=paused)


def _described(gap: Gap, found: FoundCalls, campaign_contacts: int) -> AccountFindings:
    calls = [*found.known, *(dial.call for dial in found.dials), *found.unowned]
    return _findings(
        gap,
        known=len(found.known),
        found=len(found.dials),
        unowned=len(found.unowned),
        campaign_contacts=campaign_contacts,
        live=sum(call.report.state is not CallState.ENDED for call in calls),
        uncertain_contacts=tuple(sorted(contacts_of(found.dials))),
        numbers=tuple(sorted({mask_number(call.to) for call in found.unowned if call.to is not None})),
    )


def _findings(gap: Gap, **values: object) -> AccountFindings:
    return AccountFindings.model_validate({"account": gap.account, "since": gap.since.isoformat(), **values})


Result = TypeVar("Result")


async def _for_each(items: Sequence[Item], do: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """PARALLEL at once. The first error ends it."""
    room = asyncio.Semaphore(PARALLEL)

    async def one(item: Item) -> Result:
        async with room:
            return await do(item)

    return list(await asyncio.gather(*map(one, items)))
