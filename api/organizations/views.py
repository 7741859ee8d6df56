"""From what the store knows of an organization, and of what belongs to it, to what clients read."""

from api.http.pagination import PageQuery
from api.organizations.schemas import (
    AgentView,
    Balance,
    CreditsView,
    HoldView,
    KeyView,
    LedgerEntry,
    OrganizationView,
    PhoneNumberView,
)
from domain.calling_rules.window_format import dump_window
from domain.jobs.models import Agent, Organization, PhoneNumber
from domain.jobs.views import render_frequency
from store.billing.ledger import Credits, Entry
from store.organizations.api_keys import Key


def organization_view(organization: Organization) -> OrganizationView:
    window = organization.calling_window
    countries = organization.allowed_countries
    return OrganizationView(
        id=organization.id,
        name=organization.name,
        concurrent_call_limit=organization.concurrent_call_limit,
        reserved_lines=organization.reserved_lines,
        calling_window=None if window is None else dump_window(window),
        contact_frequency=render_frequency(organization.contact_frequency),
        allowed_countries=None if countries is None else list(countries),
        credits=None if organization.credits_unlimited else balance_view(organization),
    )


def balance_view(organization: Organization) -> Balance:
    return Balance(balance=organization.balance, held=organization.held, free=organization.free)


def agent_view(agent: Agent) -> AgentView:
    return AgentView(**agent.model_dump())


def phone_number_view(number: PhoneNumber) -> PhoneNumberView:
    return PhoneNumberView(
        id=number.id,
        number=number.number,
        country=number.country,
        label=number.label,
        outbound_agent_id=None if number.agent is None else number.agent.id,
        calls_per_second=float(number.calls_per_second),
        carrier=number.carrier,
        own_carrier_settings=number.own_carrier_settings,
        created_at=number.created_at,
    )


def key_view(key: Key) -> KeyView:
    return KeyView(**key.model_dump())


def credits_view(credits: Credits, query: PageQuery) -> CreditsView:
    return CreditsView(
        unlimited=credits.unlimited,
        balance=credits.balance,
        held=credits.held,
        free=credits.free,
        live_calls=credits.reserved_by_dials,
        holds=[HoldView(batch_job_id=hold.job_id, name=hold.name, amount=hold.amount) for hold in credits.holds],
        entries=[_entry_view(entry) for entry in credits.entries],
        total=credits.total,
        page=query.page,
        page_size=query.page_size,
    )


def _entry_view(entry: Entry) -> LedgerEntry:
    return LedgerEntry(
        id=entry.id,
        kind=entry.kind,
        balance_delta=entry.balance_delta,
        held_delta=entry.held_delta,
        batch_job_id=entry.job_id,
        call_id=entry.dial_id,
        at=entry.at,
    )
