"""What the API process is made of: built once in `api.app`, handed to routes by `api.deps`."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from api.job_feed import JobFeed
from carriers.accounts import CarrierAccounts
from domain.webhooks.destinations import Place
from settings import Settings
from store.activity import Activity
from store.changes import Changes
from store.control import Control
from store.conversations import Conversations
from store.deleting import Deleting
from store.dials import Dials
from store.directory import Directory
from store.do_not_call import DoNotCall
from store.foreseeing import Foreseeing
from store.housekeeping import Housekeeping
from store.idempotency import Idempotency
from store.jobs import Jobs
from store.ledger import Ledger
from store.orders import Orders
from store.placing import Placing
from store.rate_limits import RateLimits
from store.results import Results
from store.retrying import Retrying
from store.secrets import Vault
from store.webhooks import Webhooks
from workflows.handles import JobWorkflows


@dataclass(frozen=True)
class Parts:
    """Everything a request may need."""

    settings: Settings
    engine: AsyncEngine
    directory: Directory
    jobs: Jobs
    results: Results
    foreseeing: Foreseeing
    conversations: Conversations
    orders: Orders
    feed: JobFeed
    retrying: Retrying
    deleting: Deleting
    control: Control
    changes: Changes
    placing: Placing
    activity: Activity
    do_not_call: DoNotCall
    dials: Dials
    housekeeping: Housekeeping
    workflows: JobWorkflows
    carriers: CarrierAccounts
    vault: Vault
    ledger: Ledger
    idempotency: Idempotency
    rate_limits: RateLimits
    webhooks: Webhooks
    webhook_places: tuple[Place, ...]  # in private networks, where webhooks may go
