"""What the API process is made of: built once in `api.app`, handed to routes by `api.deps`."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from api.jobs.feed import JobFeed
from carriers.accounts import CarrierAccounts
from domain.webhooks.destinations import AllowedDestination
from settings import Settings
from store.audit_log import AuditLog
from store.billing.ledger import Ledger
from store.calls.agent_reports import AgentReports
from store.calls.dials import Dials
from store.calls.in_flight import InFlightRequests
from store.calls.lookup import OrderLookup
from store.contacts.do_not_call import DoNotCall
from store.db.vault import Vault
from store.idempotency import Idempotency
from store.jobs.delete import JobDeletion
from store.jobs.export import Results
from store.jobs.lifecycle import JobLifecycle
from store.jobs.preview import JobPreview
from store.jobs.repository import Jobs
from store.jobs.rerun import JobRerun
from store.jobs.update import JobUpdates
from store.organizations.directory import Directory
from store.organizations.rate_limits import RateLimits
from store.reconcile import Reconciliation
from store.webhooks.endpoints import Webhooks
from workflows.client import JobWorkflows


@dataclass(frozen=True)
class Parts:
    """Everything a request may need."""

    settings: Settings
    engine: AsyncEngine
    directory: Directory
    jobs: Jobs
    results: Results
    foreseeing: JobPreview
    conversations: AgentReports
    orders: OrderLookup
    feed: JobFeed
    retrying: JobRerun
    deleting: JobDeletion
    control: JobLifecycle
    changes: JobUpdates
    placing: InFlightRequests
    activity: AuditLog
    do_not_call: DoNotCall
    dials: Dials
    housekeeping: Reconciliation
    workflows: JobWorkflows
    carriers: CarrierAccounts
    vault: Vault
    ledger: Ledger
    idempotency: Idempotency
    rate_limits: RateLimits
    webhooks: Webhooks
    webhook_places: tuple[AllowedDestination, ...]  # in private networks, where webhooks may go
