"""What routes may ask for, as annotated types: each is one service of the process."""

from typing import Annotated, Any

from fastapi import Depends, Request

from api.http.body_budget import BodyBudget
from api.http.fork_pool import ForkPool
from carriers.accounts import CarrierAccounts
from composition import Services
from settings import Settings
from store.analytics.statistics import CallStatistics
from store.audit_log import AuditLog
from store.billing.ledger import Ledger
from store.calls.agent_reports import AgentReports
from store.calls.dials import Dials
from store.calls.gates import Gates
from store.calls.in_flight import InFlightRequests
from store.calls.lookup import OrderLookup
from store.calls.own_gates import OwnGates
from store.campaigns.intake import CampaignIntake
from store.campaigns.jobs import CampaignJobs
from store.campaigns.lifecycle import CampaignLifecycle
from store.campaigns.repository import Campaigns
from store.campaigns.results import CampaignResults
from store.contacts.do_not_call import DoNotCall
from store.db.engine import Database
from store.db.vault import Vault
from store.idempotency import Idempotency
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
from store.organizations.carrier_grants import CarrierGrants
from store.organizations.console_sessions import ConsoleSessions
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from store.organizations.quotas import OrganizationQuotas
from store.organizations.rate_limits import RateLimits
from store.privacy.exporting import PersonalDataExport
from store.privacy.forgetting import Forgetting
from store.reconcile import Reconciliation
from store.webhooks.endpoints import Webhooks
from workflows.client import JobWorkflows


def service(kind: type[Any]) -> Any:
    """A dependency on the process's service of this class."""

    async def find(request: Request) -> Any:  # not a plain function: FastAPI would run that in a thread
        services: Services = request.app.state.services
        return services[kind]

    return Depends(find)


AgentsDep = Annotated[Agents, service(Agents)]
ApiKeysDep = Annotated[ApiKeys, service(ApiKeys)]
AuditLogDep = Annotated[AuditLog, service(AuditLog)]
CallStatisticsDep = Annotated[CallStatistics, service(CallStatistics)]
BodyBudgetDep = Annotated[BodyBudget, service(BodyBudget)]
CampaignIntakeDep = Annotated[CampaignIntake, service(CampaignIntake)]
CampaignJobsDep = Annotated[CampaignJobs, service(CampaignJobs)]
CampaignLifecycleDep = Annotated[CampaignLifecycle, service(CampaignLifecycle)]
CampaignResultsDep = Annotated[CampaignResults, service(CampaignResults)]
CampaignsDep = Annotated[Campaigns, service(Campaigns)]
CarriersDep = Annotated[CarrierAccounts, service(CarrierAccounts)]
AgentReportsDep = Annotated[AgentReports, service(AgentReports)]
CarrierGrantsDep = Annotated[CarrierGrants, service(CarrierGrants)]
ConsoleSessionsDep = Annotated[ConsoleSessions, service(ConsoleSessions)]
DialsDep = Annotated[Dials, service(Dials)]
DoNotCallDep = Annotated[DoNotCall, service(DoNotCall)]
EngineDep = Annotated[Database, service(Database)]
ForgettingDep = Annotated[Forgetting, service(Forgetting)]
PersonalDataDep = Annotated[PersonalDataExport, service(PersonalDataExport)]
ForkPoolDep = Annotated[ForkPool, service(ForkPool)]
GatesDep = Annotated[Gates, service(Gates)]
IdempotencyDep = Annotated[Idempotency, service(Idempotency)]
InFlightDep = Annotated[InFlightRequests, service(InFlightRequests)]
JobDeletionDep = Annotated[JobDeletion, service(JobDeletion)]
JobLifecycleDep = Annotated[JobLifecycle, service(JobLifecycle)]
JobPreviewDep = Annotated[JobPreview, service(JobPreview)]
JobRerunDep = Annotated[JobRerun, service(JobRerun)]
JobUpdatesDep = Annotated[JobUpdates, service(JobUpdates)]
JobsDep = Annotated[Jobs, service(Jobs)]
LedgerDep = Annotated[Ledger, service(Ledger)]
OrdersDep = Annotated[OrderLookup, service(OrderLookup)]
OrganizationsDep = Annotated[Organizations, service(Organizations)]
QuotasDep = Annotated[OrganizationQuotas, service(OrganizationQuotas)]
OwnGatesDep = Annotated[OwnGates, service(OwnGates)]
RateLimitsDep = Annotated[RateLimits, service(RateLimits)]
PhoneNumbersDep = Annotated[PhoneNumbers, service(PhoneNumbers)]
ReconciliationDep = Annotated[Reconciliation, service(Reconciliation)]
ResultsDep = Annotated[Results, service(Results)]
SettingsDep = Annotated[Settings, service(Settings)]
StatisticsDep = Annotated[Statistics, service(Statistics)]
VaultDep = Annotated[Vault, service(Vault)]
WebhooksDep = Annotated[Webhooks, service(Webhooks)]
WorkflowsDep = Annotated[JobWorkflows, service(JobWorkflows)]
