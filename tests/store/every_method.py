"""Every public method of the store, once: for what must hold of all of them. A new one has to be added here."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import store
from domain.analytics.counts import Dimension
from domain.audit import Action
from domain.calling_rules.do_not_call import Source
from domain.calling_rules.window import CallingWindow
from domain.calls.agent_report import ConversationReport
from domain.calls.gates import GateScope
from domain.calls.models import Audio, CallReport, CallState, Ending, HangUpReason, MachineKind, Outcome, PlacedCall
from domain.calls.recovery import FoundDial
from domain.jobs.commands import CommandKind, OperatorCommand
from domain.jobs.models import JobChange, PhoneNumber
from domain.privacy import CallErasure
from domain.quotas import Quota
from domain.statuses import Architecture, JobStatus, Role
from domain.temporal_namespace import Namespace
from domain.webhooks.events import AttemptResult, EventType
from store.analytics.counting import CallCounting
from store.analytics.statistics import CallStatistics, Range
from store.archive.months import ArchiveMonths
from store.archive.mover import CallArchive
from store.archive.partitions import make_partitions
from store.audit_log import AuditLog
from store.billing.ledger import Ledger
from store.calls.agent_reports import AgentReports
from store.calls.claim import Claims
from store.calls.closed_gates import ClosedGates
from store.calls.dial_rows import DialLookup, DialReads
from store.calls.dials import Dials
from store.calls.due_page import DuePages
from store.calls.found_calls import FoundCallsStore
from store.calls.gates import Gates
from store.calls.in_flight import CallScope, InFlightRequests
from store.calls.lines import Lines
from store.calls.lookup import OrderLookup
from store.calls.own_gates import OwnGates
from store.calls.silence import CallbackSilence
from store.campaigns.found_calls import CalledCampaignContacts, CampaignContact
from store.campaigns.intake import CampaignIntake
from store.campaigns.jobs import CampaignJobs
from store.campaigns.lifecycle import CampaignLifecycle
from store.campaigns.repository import Campaigns
from store.campaigns.results import CampaignResults
from store.contacts.do_not_call import DoNotCall
from store.contacts.packed import pack_contacts
from store.db.engine import Database
from store.db.vault import Vault
from store.idempotency import Idempotency, RecordKey
from store.jobs.change_feed import ChangeFeed
from store.jobs.commands import OperatorCommands
from store.jobs.delete import JobDeletion
from store.jobs.export import Results
from store.jobs.lifecycle import JobLifecycle
from store.jobs.preview import JobPreview
from store.jobs.repository import Jobs
from store.jobs.rerun import JobRerun
from store.jobs.statistics import Statistics
from store.jobs.update import JobUpdates
from store.leases import StreamLeases
from store.observation import Observations
from store.organizations.agents import AgentChange, Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.carrier_credentials import CarrierCredentials
from store.organizations.carrier_grants import CarrierGrants, Resource
from store.organizations.console_sessions import ConsoleSessions
from store.organizations.organizations import OrganizationChange, Organizations
from store.organizations.phone_numbers import TWILIO, PhoneNumberChange, PhoneNumbers
from store.organizations.quotas import OrganizationQuotas
from store.organizations.rate_limits import RateLimits
from store.privacy.exporting import PersonalDataExport
from store.privacy.forgetting import DueCall, Forgetting
from store.privacy.number_hashes import NumberHashes
from store.privacy.retention import KeptTooLong, OldCalls, Retention
from store.reconcile import Reconciliation
from store.recovery import Recovery
from store.temporal_namespace import NamespaceBinding
from store.webhooks.endpoints import EndpointChange, EndpointRequest, Webhooks
from store.webhooks.outbox import Outbox
from tests.builders import Given, a_number, a_report, a_request, contacts
from tests.store.calling import Call, Calling, Job, a_caller
from tests.store.campaigning import a_campaign, a_draft

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
ENDPOINT = EndpointRequest(url="https://example.com", events=tuple(EventType))
NAMESPACE = Namespace(name="default", namespace_id="1", cluster_id="1")
RECORD = RecordKey(scope="org", route="POST /batch/create", key="1")
BY = "key_1"
QUOTAS = dict.fromkeys(Quota, 1_000_000)
NEW = contacts(3, start=100)
REPORT = a_report(NEW)
TODAY = Range(first=datetime.now(UTC).date(), last=datetime.now(UTC).date())
_numbers = count()


@dataclass
class World:
    """An organization in the midst of its work. `engine`: on which a method is tried."""

    engine: Database
    url: str
    given: Given
    running: Job  # its first contact is on the phone, the others are due
    closed: Job  # runs, and its calling window is closed
    waiting: Job  # has not started
    ended: Job
    call: Call
    dial: str  # the call's id here
    endpoint: str
    delivery: str

    @property
    def id(self) -> str:
        return self.given.id


async def a_world(calling: Calling, engine: Database, url: str) -> World:
    given = await a_caller(calling.engine)
    endpoint = (await Webhooks(calling.engine, VAULT).create(given.id, ENDPOINT)).endpoint.id
    delivery = (await Webhooks(calling.engine, VAULT).send_test(given.id, endpoint)).id
    running = await calling.a_job(given, contacts(4))
    closed = await calling.a_job(given, contacts(3, start=10), calling_window=_closed(), timezone="UTC")
    waiting = await calling.a_waiting_job(given, contacts(3, start=20))
    ended = await calling.a_waiting_job(given, contacts(2, start=30))
    await ended.cancel()
    call = await running.call()
    await call.rings()
    dial = (await call.now()).id
    return World(engine, url, given, running, closed, waiting, ended, call, dial, endpoint, delivery)


def _closed() -> CallingWindow:
    """Open for an hour, twelve hours from now."""
    hour = (datetime.now(UTC).hour + 12) % 24
    return CallingWindow(from_=time(hour), to=time(hour + 1) if hour < 23 else time(23, 59))


def public_methods() -> Iterator[str]:
    """`Class.method` of all classes in the store that have an engine; those that begin with _ are left out."""
    for module in pkgutil.walk_packages(store.__path__, "store."):
        if ".migrations" in module.name:
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__ == module.name and _has_engine(kind):
                yield from (f"{kind.__name__}.{name}" for name in vars(kind) if _is_method(kind, name))


def _has_engine(kind: type) -> bool:
    parameters = inspect.signature(kind).parameters.values() if "__init__" in vars(kind) else ()
    return any(parameter.annotation is Database for parameter in parameters)


def _is_method(kind: type, name: str) -> bool:
    return not name.startswith("_") and inspect.isfunction(vars(kind)[name])


async def read_whole(opened: AbstractAsyncContextManager[Any]) -> None:
    """A file that is read in batches, to its end."""
    async with opened as file:
        async for _ in file.batches:
            pass


async def enter(opened: AbstractAsyncContextManager[Any]) -> None:
    async with opened:
        pass


async def reserved(world: World, then: Callable[[Idempotency], Awaitable[Any]]) -> None:
    idempotency = Idempotency(world.engine)
    await idempotency.reserve(RECORD.model_copy(update={"scope": world.id}), "a", "me")
    await then(idempotency)


def _record(world: World) -> RecordKey:
    return RECORD.model_copy(update={"scope": world.id})


def _found(world: World) -> FoundDial:
    """A call of a contact who waits."""
    report = CallReport(call_id="CA-found", state=CallState.ENDED, ending=Ending.BUSY)
    call = PlacedCall(to="+12025550177", from_=world.given.number.number, asked_at=ago(), report=report)
    return FoundDial(call=call, contact_id=world.running.contact_ids[1], dial=1, is_new=True)


def _waiting(world: World) -> CampaignContact:
    return CampaignContact(
        id="contact_0",
        campaign_id="campaign_0",
        part=1,
        row=2,
        organization_id=world.id,
        from_="+12025550199",
        to="+12025550177",
        created_at=ago(),
    )


async def _lift(world: World) -> None:
    recovery = Recovery(world.engine)
    await recovery.mark(ago())
    for gap in await recovery.list_gaps():
        await recovery.lift(gap)


def ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=2)


async def _record_end(world: World) -> None:
    """Ringing, answered, over: the last is the one with the most to write."""
    dials = Dials(world.engine)
    await dials.record(CallReport(call_id=world.call.call_id, state=CallState.ANSWERED), TWILIO, world.call.key)
    ended = CallReport(call_id=world.call.call_id, state=CallState.ENDED, ending=Ending.COMPLETED, duration_seconds=60)
    await dials.record(ended, TWILIO, world.call.key)


async def _record_placed(world: World) -> None:
    """Of a dial that an event has moved meanwhile: it is read then."""
    dials = Dials(world.engine)
    claimed = await dials.get(world.call.contact_id, 1)
    assert claimed is not None
    await dials.record(CallReport(call_id="CA-first", state=CallState.RINGING), TWILIO, world.call.key)
    await dials.record_placed(claimed, CallReport(call_id="CA-first", state=CallState.QUEUED))


async def _note_event(world: World) -> None:
    report = CallReport(call_id=world.call.call_id, state=CallState.ANSWERED)
    await CallbackSilence(world.engine).note_event(report, TWILIO, world.call.key)
    await CallbackSilence(world.engine).note_event(report, TWILIO, None)


async def _note_no_answer(world: World) -> None:
    dials = Dials(world.engine)
    await Claims(world.engine).claim(world.id, world.running.id, world.running.contact_ids[1], 1)
    asked = await dials.get(world.running.contact_ids[1], 1)
    assert asked is not None
    await dials.note_no_answer(asked.id)


def _scope(world: World) -> CallScope:
    return CallScope(organization_id=world.id, job_id=world.running.id)


async def _forget(world: World) -> str:
    forgetting = Forgetting(world.engine, NumberHashes(world.engine, VAULT))
    await forgetting.suppress(world.id, a_number(1), by=BY)
    return (await forgetting.forget(world.id, a_number(1), by=BY)).id


async def _find_receipt(world: World) -> None:
    await Forgetting(world.engine, NumberHashes(world.engine, VAULT)).find(world.id, await _forget(world))


async def _record_erased(world: World) -> None:
    forgetting = Forgetting(world.engine, NumberHashes(world.engine, VAULT))
    call = DueCall(erasure_id=await _forget(world), dial_id=world.dial, account=TWILIO, call_id="CA-1", attempts=0)
    await forgetting.record_failure(call, "The carrier did not answer.")
    await forgetting.record_done(call, CallErasure.DELETED)


def _kept(world: World) -> KeptTooLong:
    return KeptTooLong(id=world.ended.id, organization_id=world.id)


def _old_calls(world: World) -> OldCalls:
    return OldCalls(id=world.id, kept_since=datetime.now(UTC), done_until=None)


async def _find_suppressed(world: World) -> None:
    hashes = NumberHashes(world.engine, VAULT)
    await hashes.prepare()
    async with world.engine.reading() as connection:
        await hashes.find_suppressed(connection, world.id, [a_number(1)])


async def _apply_command(world: World) -> None:
    commands = OperatorCommands(world.engine, JobLifecycle(world.engine), JobUpdates(world.engine, QUOTAS))
    command = OperatorCommand(
        organization_id=world.id, job_id=world.running.id, kind=CommandKind.PAUSE, received_at=datetime.now(UTC)
    )
    await commands.apply(command)


async def _refresh(world: World) -> None:
    dial = await Dials(world.engine).get(world.call.contact_id, 1)
    assert dial is not None
    await Dials(world.engine).refresh(dial)


async def _resume(world: World) -> None:
    await JobLifecycle(world.engine).pause(world.id, world.running.id)
    await JobLifecycle(world.engine).resume(world.id, world.running.id)


async def _deliver(world: World) -> None:
    outbox = Outbox(world.engine, VAULT)
    for lane in await outbox.find_due_lanes(world.endpoint, datetime.now(UTC), [], 5):
        taken = await outbox.take(world.endpoint, lane, datetime.now(UTC))
        assert taken is not None
        await outbox.record_result(taken.id, AttemptResult(code=500, error="x"), datetime.now(UTC))


async def _replay(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE webhook_deliveries SET status = 'failed'")
    await Webhooks(world.engine, VAULT).replay(world.id, world.endpoint, world.delivery)


async def _remove_agent(world: World) -> None:
    agents = Agents(world.engine, QUOTAS)
    made = await agents.create(world.id, "B", Architecture.TEXT, Audio.WEBSOCKET, "wss://b")
    await agents.remove(world.id, made.id)


async def _create_number(world: World) -> PhoneNumber:
    number = a_number(95_000 + next(_numbers))
    await CarrierGrants(world.engine).create(world.id, Resource.of_number(TWILIO, number), by=BY)
    return await PhoneNumbers(world.engine, QUOTAS).create(world.id, number)


async def _remove_number(world: World) -> None:
    numbers = PhoneNumbers(world.engine, QUOTAS)
    made = await _create_number(world)
    await numbers.remove(world.id, made.id)


async def _change_carrier_settings(world: World) -> None:
    numbers = PhoneNumbers(world.engine, QUOTAS)
    made = await _create_number(world)
    await numbers.change_carrier_settings(world.id, made.id, "twilio", VAULT.seal("{}"))


async def _revoke_grant(world: World) -> None:
    grants = CarrierGrants(world.engine)
    made = await grants.create(world.id, Resource.of_trunk("twilio", "x"), by=BY)
    await grants.revoke(world.id, made.id, by=BY)


async def _undo(world: World) -> None:
    do_not_call, batch_id = DoNotCall(world.engine, QUOTAS), "dnc_1"
    (number,) = [one.number for one in await world.running.contacts() if one.id == world.running.contact_ids[2]]
    await do_not_call.add(world.id, [number], source=Source.API, by=BY, batch_id=batch_id)
    await do_not_call.undo(world.id, batch_id, by=BY)
    await do_not_call.undo(world.id, batch_id, by=BY)


async def _begin_upload(world: World) -> None:
    await CampaignIntake(world.engine).begin(world.id, await a_draft(world.engine, world.given))


async def _start_campaign(world: World) -> str:
    """Of two jobs, one of which begins."""
    id = await a_campaign(world.engine, world.given, NEW, contacts_per_job=2, jobs_at_once=1)
    await CampaignJobs(world.engine, QUOTAS).start(world.id, id, by=BY)
    return id


async def _advance_campaign(world: World) -> None:
    await CampaignJobs(world.engine, QUOTAS).advance(world.id, await _start_campaign(world))


async def _cancel_campaign(world: World) -> None:
    lifecycle = CampaignLifecycle(world.engine, JobLifecycle(world.engine))
    await lifecycle.cancel(world.id, await _start_campaign(world), hang_up=True, by=BY)


async def _resume_campaign(world: World) -> None:
    lifecycle, id = CampaignLifecycle(world.engine, JobLifecycle(world.engine)), await _start_campaign(world)
    await lifecycle.pause(world.id, id, by=BY)
    await lifecycle.resume(world.id, id, by=BY)


async def _read_campaign_files(world: World) -> None:
    """One job has begun, the other contacts wait."""
    id, files = await _start_campaign(world), CampaignResults(world.engine, Results(world.engine))
    await read_whole(files.open_results(world.id, id))
    await read_whole(files.open_rejects(world.id, id))


async def _look_at_campaign(world: World) -> None:
    id = await _start_campaign(world)
    await Campaigns(world.engine).find(world.id, id)
    await Campaigns(world.engine).list_jobs(world.id, id)


async def _delete_campaign(world: World) -> None:
    id = await a_campaign(world.engine, world.given, NEW)
    await Campaigns(world.engine).delete(world.id, id, by=BY)


async def archived(world: World) -> None:
    """The running job ended a hundred days ago, and its calls are moved."""
    await world.call.completes()
    await world.running.cancel()
    long_ago = "now() - interval '100 days'"
    async with world.engine.transaction() as connection:
        for statement in (
            f"UPDATE dials SET asked_at = {long_ago}, ended_at = {long_ago} WHERE job_id = %(job)s",
            f"UPDATE batch_jobs SET completed_at = {long_ago}, statistics_due_at = NULL WHERE id = %(job)s",
        ):
            await connection.run(statement, {"job": world.running.id})
    assert await CallArchive(world.engine, 90).move(world.running.id) == 1


async def _drop_month(world: World) -> None:
    """One that nobody else's calls are in."""
    month = date(2019, 3, 1)
    await make_partitions(world.engine, month)
    assert await ArchiveMonths(world.engine).drop(month) == 0
    await make_partitions(world.engine, month)  # whoever looks at the statements afterwards finds their table


METHODS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "AgentReports.find_organization": lambda w: AgentReports(w.engine).find_organization(w.dial),
    "AgentReports.record": lambda w: AgentReports(w.engine).record(w.id, w.dial, ConversationReport(disposition="x")),
    "Agents.change": lambda w: Agents(w.engine, QUOTAS).change(w.id, w.given.number.agent.id, AgentChange(name="Bo")),
    "Agents.create": lambda w: Agents(w.engine, QUOTAS).create(
        w.id, "B", Architecture.TEXT, Audio.WEBSOCKET, "wss://b"
    ),
    "Agents.get": lambda w: Agents(w.engine, QUOTAS).get(w.id, w.given.number.agent.id),
    "Agents.list_all": lambda w: Agents(w.engine, QUOTAS).list_all(w.id),
    "Agents.list_page": lambda w: Agents(w.engine, QUOTAS).list_page(w.id, "Ada", 1, 10),
    "Agents.remove": _remove_agent,
    "ApiKeys.create": lambda w: ApiKeys(w.engine, QUOTAS).create(w.id, Role.MEMBER, "x"),
    "ApiKeys.find_caller": lambda w: ApiKeys(w.engine, QUOTAS).find_caller(w.given.owner.key),
    "ApiKeys.find_valid": lambda w: ApiKeys(w.engine, QUOTAS).find_valid([w.given.owner.id]),
    "ApiKeys.get": lambda w: ApiKeys(w.engine, QUOTAS).get(w.id, w.given.member.id),
    "ApiKeys.list_all": lambda w: ApiKeys(w.engine, QUOTAS).list_all(w.id),
    "ApiKeys.list_page": lambda w: ApiKeys(w.engine, QUOTAS).list_page(w.id, 1, 10),
    "ApiKeys.revoke": lambda w: ApiKeys(w.engine, QUOTAS).revoke(w.id, w.given.member.id, keep_an_owner=True),
    "AuditLog.record": lambda w: AuditLog(w.engine).record(w.id, Action.NUMBERS_SHOWN, by=BY, details={}),
    "AuditLog.list_page": lambda w: AuditLog(w.engine).list_page(w.id, w.running.id, 1, 10),
    "ArchiveMonths.drop": _drop_month,
    "ArchiveMonths.list_all": lambda w: ArchiveMonths(w.engine).list_all(),
    "ArchiveMonths.list_before": lambda w: ArchiveMonths(w.engine).list_before(date(2020, 1, 1)),
    "CallArchive.list_due": lambda w: CallArchive(w.engine, 90).list_due(),
    "CallArchive.move": archived,
    "CallCounting.count": lambda w: CallCounting(w.engine).count(w.running.id),
    "CallCounting.list_due": lambda w: CallCounting(w.engine).list_due(),
    "CallStatistics.group": lambda w: CallStatistics(w.engine).group(w.id, Dimension.JOB, TODAY),
    "CallStatistics.read_hours": lambda w: CallStatistics(w.engine).read_hours(w.id, TODAY.first),
    "CallbackSilence.concerns": lambda w: CallbackSilence(w.engine).concerns(w.running.id),
    "CallbackSilence.count_accounts": lambda w: CallbackSilence(w.engine).count_accounts(),
    "CallbackSilence.note_event": _note_event,
    "CallbackSilence.note_silence": lambda w: CallbackSilence(w.engine).note_silence(w.dial),
    "CampaignIntake.add": lambda w: a_campaign(w.engine, w.given, NEW),
    "CampaignIntake.begin": _begin_upload,
    "CampaignIntake.release": lambda w: CampaignIntake(w.engine).release("campaign_1"),
    "CampaignJobs.advance": _advance_campaign,
    "CampaignJobs.list_to_look_at": lambda w: CampaignJobs(w.engine).list_to_look_at(),
    "CampaignJobs.start": _start_campaign,
    "CampaignLifecycle.cancel": _cancel_campaign,
    "CampaignLifecycle.cancel_jobs": _cancel_campaign,
    "CampaignLifecycle.pause": _resume_campaign,
    "CampaignLifecycle.resume": _resume_campaign,
    "CampaignResults.open_rejects": _read_campaign_files,
    "CampaignResults.open_results": _read_campaign_files,
    "Campaigns.create": lambda w: a_draft(w.engine, w.given),
    "Campaigns.delete": _delete_campaign,
    "Campaigns.find": _look_at_campaign,
    "Campaigns.list_jobs": _look_at_campaign,
    "Campaigns.list_page": lambda w: Campaigns(w.engine).list_page(w.id, None, 1, 20),
    "CarrierGrants.create": lambda w: CarrierGrants(w.engine).create(w.id, Resource.of_trunk("twilio", "x"), by=BY),
    "CarrierGrants.list_all": lambda w: CarrierGrants(w.engine).list_all(w.id),
    "CarrierGrants.revoke": _revoke_grant,
    "CarrierCredentials.list_accounts": lambda w: CarrierCredentials(w.engine, VAULT).list_accounts("twilio"),
    "CarrierCredentials.read_settings": lambda w: CarrierCredentials(w.engine, VAULT).read_settings(TWILIO),
    "ChangeFeed.look": lambda w: ChangeFeed(w.engine).look([w.running.id], datetime.now(UTC), w.id),
    "ConsoleSessions.create": lambda w: ConsoleSessions(w.engine).create("key_1"),
    "ConsoleSessions.create_link": lambda w: ConsoleSessions(w.engine).create_link("key_1"),
    "ConsoleSessions.redeem": lambda w: ConsoleSessions(w.engine).redeem("odl_1"),
    "ConsoleSessions.end": lambda w: ConsoleSessions(w.engine).end("ods_1"),
    "Claims.claim": lambda w: Claims(w.engine).claim(w.id, w.running.id, w.running.contact_ids[1], 1),
    "DialReads.find": lambda w: DialReads(w.engine).find(DialLookup(contact=w.call.contact_id, dial=1)),
    "Dials.find_call_ids": lambda w: Dials(w.engine).find_call_ids(TWILIO, "+12025550101", "+12025550100", ago()),
    "Dials.find_job": lambda w: Dials(w.engine).find_job(w.dial),
    "Dials.get": lambda w: Dials(w.engine).get(w.call.contact_id, 1),
    "Dials.get_many": lambda w: Dials(w.engine).get_many([w.dial]),
    "Dials.give_up": lambda w: Dials(w.engine).give_up(w.dial),
    "Dials.mark_not_placed": lambda w: Dials(w.engine).mark_not_placed(w.dial, Outcome.CARRIER_ERROR),
    "Dials.note_machine": lambda w: Dials(w.engine).note_machine(w.dial, MachineKind.FAX),
    "Dials.note_no_answer": _note_no_answer,
    "Dials.record": _record_end,
    "Dials.record_placed": _record_placed,
    "Dials.refresh": _refresh,
    "Dials.request_hang_up": lambda w: Dials(w.engine).request_hang_up(w.dial, HangUpReason.MAX_CALL_DURATION),
    "DoNotCall.add": lambda w: DoNotCall(w.engine, QUOTAS).add(w.id, ["+12025550101"], source=Source.API, by=BY),
    "DoNotCall.find": lambda w: DoNotCall(w.engine, QUOTAS).find(w.id, "+12025550101"),
    "DoNotCall.list_page": lambda w: DoNotCall(w.engine, QUOTAS).list_page(w.id, "0101", 1, 10),
    "DoNotCall.opt_out": lambda w: DoNotCall(w.engine, QUOTAS).opt_out(w.id, w.dial, by=BY),
    "DoNotCall.preview": lambda w: DoNotCall(w.engine, QUOTAS).preview(w.id, [a_number(1)]),
    "DoNotCall.undo": _undo,
    "DoNotCall.remove": lambda w: DoNotCall(w.engine, QUOTAS).remove(w.id, "+12025550101", by=BY),
    "DuePages.abandon": lambda w: DuePages(w.engine).abandon(w.running.contact_ids[1], "x"),
    "DuePages.mark_workflow_started": lambda w: DuePages(w.engine).mark_workflow_started(w.waiting.id),
    "DuePages.read": lambda w: DuePages(w.engine).read(w.closed.id, datetime.now(UTC), 100),
    "ClosedGates.list_all": lambda w: ClosedGates(w.engine).list_all(),
    "FoundCallsStore.add": lambda w: FoundCallsStore(w.engine).add(TWILIO, _found(w)),
    "FoundCallsStore.add_unowned": lambda w: FoundCallsStore(w.engine).add_unowned(TWILIO, _found(w).call),
    "FoundCallsStore.is_on_the_phone": lambda w: FoundCallsStore(w.engine).is_on_the_phone(w.call.contact_id),
    "FoundCallsStore.leave_out_others": lambda w: FoundCallsStore(w.engine).leave_out_others(TWILIO, [_found(w).call]),
    "FoundCallsStore.leave_out_known": lambda w: FoundCallsStore(w.engine).leave_out_known(TWILIO, [_found(w).call]),
    "CalledCampaignContacts.find": lambda w: CalledCampaignContacts(w.engine).find(TWILIO, [_found(w).call]),
    "CalledCampaignContacts.leave_out": lambda w: CalledCampaignContacts(w.engine).leave_out([_waiting(w)]),
    "FoundCallsStore.list_open": lambda w: FoundCallsStore(w.engine).list_open(TWILIO),
    "FoundCallsStore.read_matching": lambda w: FoundCallsStore(w.engine).read_matching(TWILIO, ago(), [_found(w).call]),
    "FoundCallsStore.record": lambda w: FoundCallsStore(w.engine).record(_found(w).call.report, TWILIO, w.call.key),
    "Forgetting.find": _find_receipt,
    "Forgetting.forget": _forget,
    "Forgetting.list_due_calls": lambda w: Forgetting(w.engine, NumberHashes(w.engine, VAULT)).list_due_calls(),
    "Forgetting.record_done": _record_erased,
    "Forgetting.record_failure": _record_erased,
    "Forgetting.suppress": _forget,
    "Gates.close": lambda w: Gates(w.engine).close(GateScope.NUMBER, w.given.number.id),
    "Gates.wait_for_requests": lambda w: Gates(w.engine).wait_for_requests(GateScope.NUMBER, "phone_0"),
    "Gates.count_on_their_way": lambda w: Gates(w.engine).count_on_their_way(GateScope.NUMBER, w.given.number.id),
    "Gates.open": lambda w: Gates(w.engine).open(GateScope.NUMBER, w.given.number.id),
    "Idempotency.extend": lambda w: reserved(w, lambda i: i.extend(_record(w), "me")),
    "Idempotency.forget": lambda w: reserved(w, lambda i: i.forget(_record(w), "me")),
    "Idempotency.is_in_progress": lambda w: Idempotency(w.engine).is_in_progress(_record(w)),
    "Idempotency.release": lambda w: reserved(w, lambda i: i.release(_record(w), "me")),
    "Idempotency.reserve": lambda w: reserved(w, lambda i: i.reserve(_record(w), "b", "other")),
    "Idempotency.store_answer": lambda w: reserved(w, lambda i: i.store_answer(_record(w), "seed", "{}")),
    "InFlightRequests.count": lambda w: InFlightRequests(w.engine).count(_scope(w)),
    "InFlightRequests.count_not_stopped": lambda w: InFlightRequests(w.engine).count_not_stopped(_scope(w)),
    "InFlightRequests.list_to_call_off": lambda w: InFlightRequests(w.engine).list_to_call_off(_scope(w)),
    "JobDeletion.delete": lambda w: JobDeletion(w.engine).delete(w.id, w.ended.id, by=BY),
    "JobLifecycle.begin": lambda w: JobLifecycle(w.engine).begin(w.id, w.waiting.id),
    "JobLifecycle.cancel": lambda w: JobLifecycle(w.engine).cancel(w.id, w.running.id, hang_up=True),
    "JobLifecycle.close": lambda w: JobLifecycle(w.engine).close(w.id, w.running.id, datetime.now(UTC)),
    "JobLifecycle.complete": lambda w: JobLifecycle(w.engine).complete(w.id, w.running.id),
    "JobLifecycle.fail": lambda w: JobLifecycle(w.engine).fail(w.id, w.running.id, "x"),
    "JobLifecycle.pause": lambda w: JobLifecycle(w.engine).pause(w.id, w.running.id),
    "JobLifecycle.resume": _resume,
    "JobLifecycle.resume_all": lambda w: JobLifecycle(w.engine).resume_all(w.id, by=BY),
    "JobLifecycle.start_now": lambda w: JobLifecycle(w.engine).start_now(w.id, w.waiting.id),
    "JobLifecycle.stop": lambda w: JobLifecycle(w.engine).stop(w.id, hang_up=True, by=BY),
    "JobPreview.preview": lambda w: JobPreview(w.engine, QUOTAS).preview(
        w.id, a_request(w.given), pack_contacts(NEW), REPORT
    ),
    "JobRerun.find_unreached": lambda w: JobRerun(w.engine).find_unreached(w.id, w.ended.id, include_unknown=True),
    "JobRerun.read_first_contact": lambda w: JobRerun(w.engine).read_first_contact(w.id, w.ended.id),
    "JobRerun.read_request": lambda w: JobRerun(w.engine).read_request(w.id, w.ended.id),
    "JobUpdates.append": lambda w: JobUpdates(w.engine, QUOTAS).append(
        w.id, w.running.id, pack_contacts(NEW), REPORT, by=BY
    ),
    "JobUpdates.change": lambda w: JobUpdates(w.engine, QUOTAS).change(
        w.id, w.closed.id, JobChange(calling_window=None), by=BY
    ),
    "JobUpdates.change_fields": lambda w: JobUpdates(w.engine, QUOTAS).change_fields(
        w.id, w.running.id, {"name": "x"}, by=BY
    ),
    "JobUpdates.remove_contact": lambda w: JobUpdates(w.engine, QUOTAS).remove_contact(
        w.id, w.running.id, w.running.contact_ids[1], by=BY
    ),
    "Jobs.create": lambda w: Jobs(w.engine, QUOTAS).create(
        w.id, a_request(w.given), w.given.number, pack_contacts(NEW), REPORT
    ),
    "Jobs.find": lambda w: Jobs(w.engine, QUOTAS).find(w.id, w.running.id),
    "Jobs.list_contacts": lambda w: Jobs(w.engine, QUOTAS).list_contacts(w.id, w.running.id, None, 1, 10),
    "Jobs.list_page": lambda w: Jobs(w.engine, QUOTAS).list_page(w.id, JobStatus.RUNNING, "Rem", 1, 10),
    "Ledger.audit": lambda w: Ledger(w.engine).audit(w.id),
    "Ledger.list_entries": lambda w: Ledger(w.engine).list_entries(w.id),
    "Ledger.read_credits": lambda w: Ledger(w.engine).read_credits(w.id, 1, 10),
    "Ledger.top_up": lambda w: Ledger(w.engine).top_up(w.id, Decimal(1)),
    "Lines.list_calling_organizations": lambda w: Lines(w.engine).list_calling_organizations(),
    "Lines.read": lambda w: Lines(w.engine).read(w.id),
    "Observations.read": lambda w: Observations(w.engine).read(),
    "NamespaceBinding.alarm": lambda w: NamespaceBinding(w.engine).alarm(),
    "NamespaceBinding.bind": lambda w: NamespaceBinding(w.engine).bind(NAMESPACE),
    "NamespaceBinding.get": lambda w: NamespaceBinding(w.engine).get(),
    "NamespaceBinding.is_restored": lambda w: NamespaceBinding(w.engine).is_restored(),
    "NamespaceBinding.rebind": lambda w: NamespaceBinding(w.engine).rebind(NAMESPACE, [w.running.id]),
    "NamespaceBinding.set_alarm": lambda w: NamespaceBinding(w.engine).set_alarm("x"),
    "OperatorCommands.apply": _apply_command,
    "OrderLookup.find": lambda w: OrderLookup(w.engine).find(TWILIO, w.call.key),
    "OrganizationQuotas.list_all": lambda w: OrganizationQuotas(w.engine, QUOTAS).list_all(w.id),
    "OrganizationQuotas.set_limits": lambda w: OrganizationQuotas(w.engine, QUOTAS).set_limits(
        w.id, {Quota.CONTACTS: 100}, reset=frozenset({Quota.AGENTS})
    ),
    "Organizations.change": lambda w: Organizations(w.engine).change(
        w.id, OrganizationChange(calling_window=_closed()), by=BY
    ),
    "Organizations.create": lambda w: Organizations(w.engine).create("B"),
    "Organizations.get": lambda w: Organizations(w.engine).get(w.id),
    "Organizations.list_all": lambda w: Organizations(w.engine).list_all(),
    "Organizations.list_page": lambda w: Organizations(w.engine).list_page("Acme", 1, 10),
    "Organizations.list_running_jobs": lambda w: Organizations(w.engine).list_running_jobs(w.id),
    "Organizations.set_concurrent_call_limit": lambda w: Organizations(w.engine).set_concurrent_call_limit(w.id, 9),
    "Outbox.find_deleted": lambda w: Outbox(w.engine, VAULT).find_deleted([w.endpoint]),
    "Outbox.find_due_lanes": lambda w: Outbox(w.engine, VAULT).find_due_lanes(w.endpoint, datetime.now(UTC), [], 5),
    "Outbox.mark_busy": lambda w: Outbox(w.engine, VAULT).mark_busy(w.endpoint),
    "Outbox.mark_idle": lambda w: Outbox(w.engine, VAULT).mark_idle(w.endpoint),
    "Outbox.record_result": _deliver,
    "Outbox.take": lambda w: Outbox(w.engine, VAULT).take(w.endpoint, w.running.id, datetime.now(UTC)),
    "Outbox.with_due_deliveries": lambda w: Outbox(w.engine, VAULT).with_due_deliveries(),
    "PhoneNumbers.assign_agent": lambda w: PhoneNumbers(w.engine, QUOTAS).assign_agent(w.id, w.given.number.id, None),
    "PhoneNumbers.change": lambda w: PhoneNumbers(w.engine, QUOTAS).change(
        w.id, w.given.number.id, PhoneNumberChange(label="x")
    ),
    "PhoneNumbers.change_carrier_settings": _change_carrier_settings,
    "PhoneNumbers.create": _create_number,
    "PhoneNumbers.find": lambda w: PhoneNumbers(w.engine, QUOTAS).find(w.id, w.given.number.id),
    "PhoneNumbers.list_all": lambda w: PhoneNumbers(w.engine, QUOTAS).list_all(w.id),
    "PhoneNumbers.list_page": lambda w: PhoneNumbers(w.engine, QUOTAS).list_page(w.id, "+1", 1, 10),
    "PhoneNumbers.remove": _remove_number,
    "OwnGates.close_number": lambda w: OwnGates(w.engine).close_number(w.id, w.given.number.id, by=BY),
    "OwnGates.list_closed": lambda w: OwnGates(w.engine).list_closed(w.id),
    "OwnGates.open_number": lambda w: OwnGates(w.engine).open_number(w.id, w.given.number.id, by=BY),
    "RateLimits.count": lambda w: RateLimits(w.engine).count(w.given.owner.id, 10),
    "Reconciliation.list_calling_jobs": lambda w: Reconciliation(w.engine).list_calling_jobs(),
    "NumberHashes.find_suppressed": _find_suppressed,
    "NumberHashes.hash": _find_suppressed,
    "NumberHashes.prepare": lambda w: NumberHashes(w.engine, VAULT).prepare(),
    "PersonalDataExport.read": lambda w: PersonalDataExport(w.engine).read(w.id, a_number(1)),
    "Reconciliation.list_open_jobs": lambda w: Reconciliation(w.engine).list_open_jobs(),
    "Reconciliation.list_overdue_dials": lambda w: Reconciliation(w.engine).list_overdue_dials(330),
    "Reconciliation.list_sleeping_jobs": lambda w: Reconciliation(w.engine).list_sleeping_jobs(),
    "Reconciliation.list_stuck_jobs": lambda w: Reconciliation(w.engine).list_stuck_jobs(),
    "Reconciliation.list_unstarted_jobs": lambda w: Reconciliation(w.engine).list_unstarted_jobs(),
    "Recovery.count": lambda w: Recovery(w.engine).count(),
    "Recovery.count_calling_jobs": lambda w: Recovery(w.engine).count_calling_jobs(TWILIO),
    "Recovery.find_unknown": lambda w: Recovery(w.engine).find_unknown([w.running.id, "batch_0"]),
    "Recovery.foresee_gaps": lambda w: Recovery(w.engine).foresee_gaps(ago()),
    "Recovery.lift": _lift,
    "Recovery.list_gaps": lambda w: Recovery(w.engine).list_gaps(),
    "Recovery.list_open_jobs": lambda w: Recovery(w.engine).list_open_jobs(),
    "Recovery.mark": _lift,
    "Recovery.note_backup": lambda w: Recovery(w.engine).note_backup(),
    "Recovery.pause_jobs": lambda w: Recovery(w.engine).pause_jobs(TWILIO, "x"),
    "Retention.erase_campaign": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT)).erase_campaign(_kept(w)),
    "Retention.erase_job": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT)).erase_job(_kept(w)),
    "Retention.hash_numbers": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT)).hash_numbers(_old_calls(w)),
    "Retention.list_campaigns": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT), 30).list_campaigns(),
    "Retention.list_jobs": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT), 30).list_jobs(),
    "Retention.list_old_calls": lambda w: Retention(w.engine, NumberHashes(w.engine, VAULT), 30).list_old_calls(),
    "Results.find_contact": lambda w: Results(w.engine).find_contact(w.id, w.running.id, w.call.contact_id),
    "Results.open_rejects": lambda w: read_whole(Results(w.engine).open_rejects(w.id, w.running.id)),
    "Results.open_results": lambda w: read_whole(Results(w.engine).open_results(w.id, w.running.id)),
    "Statistics.read": lambda w: Statistics(w.engine).read(w.id, w.running.id),
    "Statistics.read_report": lambda w: Statistics(w.engine).read_report(w.id, w.running.id),
    "StreamLeases.hold": lambda w: enter(StreamLeases(w.engine, w.url).hold(w.id)),
    "StreamLeases.is_streaming": lambda w: StreamLeases(w.engine, w.url).is_streaming(TWILIO),
    "StreamLeases.list_open_dials": lambda w: StreamLeases(w.engine, w.url).list_open_dials(TWILIO),
    "Webhooks.change": lambda w: Webhooks(w.engine, VAULT).change(w.id, w.endpoint, EndpointChange(enabled=True)),
    "Webhooks.create": lambda w: Webhooks(w.engine, VAULT).create(w.id, ENDPOINT),
    "Webhooks.delete": lambda w: Webhooks(w.engine, VAULT).delete(w.id, w.endpoint),
    "Webhooks.get": lambda w: Webhooks(w.engine, VAULT).get(w.id, w.endpoint),
    "Webhooks.get_delivery": lambda w: Webhooks(w.engine, VAULT).get_delivery(w.id, w.endpoint, w.delivery),
    "Webhooks.list_all": lambda w: Webhooks(w.engine, VAULT).list_all(w.id),
    "Webhooks.list_deliveries": lambda w: Webhooks(w.engine, VAULT).list_deliveries(w.id, w.endpoint, None, 1, 10),
    "Webhooks.replay": _replay,
    "Webhooks.replay_failed": lambda w: Webhooks(w.engine, VAULT).replay_failed(w.id, w.endpoint),
    "Webhooks.rotate_secret": lambda w: Webhooks(w.engine, VAULT).rotate_secret(w.id, w.endpoint),
    "Webhooks.send_test": lambda w: Webhooks(w.engine, VAULT).send_test(w.id, w.endpoint),
}
