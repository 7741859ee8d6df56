"""What the API and the worker are made of, built in one place: engine, vault, carriers, and the stores on them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from temporalio.client import Client

from carriers import Carrier
from carriers.accounts import CarrierAccounts
from carriers.registry import builders, set_up
from domain.quotas import Quota, QuotaLimits
from settings import Settings
from store.analytics.counting import CallCounting
from store.analytics.statistics import CallStatistics
from store.archive.mover import CallArchive
from store.audit_log import AuditLog
from store.billing.ledger import Ledger
from store.calls.agent_reports import AgentReports
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.calls.due_page import DuePages
from store.calls.gates import Gates
from store.calls.in_flight import InFlightRequests
from store.calls.lines import Lines
from store.calls.lookup import OrderLookup
from store.calls.own_gates import OwnGates
from store.campaigns.intake import CampaignIntake
from store.campaigns.jobs import CampaignJobs
from store.campaigns.lifecycle import CampaignLifecycle
from store.campaigns.repository import Campaigns
from store.campaigns.results import CampaignResults
from store.contacts.do_not_call import DoNotCall
from store.db.engine import Database, create_engine
from store.db.vault import Vault
from store.idempotency import Idempotency
from store.jobs.change_feed import ChangeFeed
from store.jobs.delete import JobDeletion
from store.jobs.export import Results
from store.jobs.lifecycle import JobLifecycle
from store.jobs.preview import JobPreview
from store.jobs.repository import Jobs
from store.jobs.rerun import JobRerun
from store.jobs.statistics import Statistics
from store.jobs.update import JobUpdates
from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.carrier_credentials import CarrierCredentials
from store.organizations.carrier_grants import CarrierGrants
from store.organizations.console_sessions import ConsoleSessions
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from store.organizations.quotas import OrganizationQuotas
from store.organizations.rate_limits import RateLimits
from store.privacy.exporting import PersonalDataExport
from store.privacy.forgetting import Forgetting
from store.privacy.number_hashes import NumberHashes
from store.privacy.retention import Retention
from store.reconcile import Reconciliation
from store.temporal_namespace import NamespaceBinding
from store.webhooks.endpoints import Webhooks
from workflows.client import JobWorkflows

Service = TypeVar("Service")


class Services:
    """The services of a process, one of each class."""

    def __init__(self, *services: object) -> None:
        self._by_class = {type(service): service for service in services}

    def __getitem__(self, kind: type[Service]) -> Service:
        """Raises KeyError for a class of which none was built."""
        return cast("Service", self._by_class[kind])

    def add(self, *services: object) -> None:
        self._by_class |= {type(service): service for service in services}


@asynccontextmanager
async def open_engine(settings: Settings, pool_size: int) -> AsyncIterator[Database]:
    """A pool of connections, closed at the end. Nothing is connected yet."""
    engine = create_engine(settings.database_url.get_secret_value(), pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_services(
    settings: Settings, client: Client, carriers: Mapping[str, Carrier] | None = None
) -> AsyncIterator[Services]:
    """All services, closed at the end; nothing is connected yet. `carriers` (by account) replaces the real ones."""
    vault = Vault.from_setting(settings.secret.get_secret_value())
    async with open_engine(settings, settings.database_pool_size) as engine:
        accounts = _carriers(settings, CarrierCredentials(engine, vault), carriers)
        try:
            yield Services(settings, engine, vault, accounts, JobWorkflows(client), *_stores(engine, vault, settings))
        finally:
            await accounts.close()


def _carriers(settings: Settings, own: CarrierCredentials, instead: Mapping[str, Carrier] | None) -> CarrierAccounts:
    environment = settings.environment()
    shared = set_up(environment) if instead is None else instead
    return CarrierAccounts(shared, own.read_settings, builders(environment))


def _stores(engine: Database, vault: Vault, settings: Settings) -> tuple[object, ...]:
    quotas, hashes = quota_limits(settings), NumberHashes(engine, vault)
    lifecycle, results = JobLifecycle(engine), Results(engine)
    return (
        Agents(engine, quotas),
        ApiKeys(engine, quotas),
        AuditLog(engine),
        CallArchive(engine, settings.archive_after_days),
        CallCounting(engine),
        CallStatistics(engine),
        CampaignIntake(engine, quotas),
        CampaignJobs(engine, quotas, hashes),
        CampaignLifecycle(engine, lifecycle),
        CampaignResults(engine, results),
        Campaigns(engine, quotas, settings.campaign_job_contacts),
        CarrierGrants(engine),
        ChangeFeed(engine),
        Claims(engine, settings.speed),
        ConsoleSessions(engine),
        AgentReports(engine),
        Dials(engine, settings.speed),
        DoNotCall(engine, quotas, hashes),
        DuePages(engine, settings.speed),
        Forgetting(engine, hashes),
        Gates(engine),
        Idempotency(engine),
        InFlightRequests(engine),
        JobDeletion(engine),
        lifecycle,
        JobPreview(engine, quotas, hashes),
        JobRerun(engine),
        JobUpdates(engine, quotas, hashes),
        Jobs(engine, quotas, hashes),
        Ledger(engine),
        Lines(engine),
        NamespaceBinding(engine),
        OrderLookup(engine),
        OrganizationQuotas(engine, quotas),
        Organizations(engine),
        OwnGates(engine),
        PersonalDataExport(engine),
        PhoneNumbers(engine, quotas),
        RateLimits(engine),
        Reconciliation(engine, settings.speed),
        results,
        Retention(engine, hashes, settings.retention_days),
        Statistics(engine),
        Webhooks(engine, vault),
    )


def quota_limits(settings: Settings) -> QuotaLimits:
    """Of every organization for which an operator set no other."""
    return {
        Quota.OPEN_JOBS: settings.max_open_jobs,
        Quota.JOBS: settings.max_jobs,
        Quota.CAMPAIGNS: settings.max_campaigns,
        Quota.CONTACTS: settings.max_contacts,
        Quota.AGENTS: settings.max_agents,
        Quota.PHONE_NUMBERS: settings.max_phone_numbers,
        Quota.API_KEYS: settings.max_api_keys,
        Quota.DO_NOT_CALL: settings.max_do_not_call,
    }
