"""From what the store knows of an organization, and of what belongs to it, to what clients read."""

from api.billing.schemas import render_balance
from api.organizations.schemas import (
    AgentView,
    KeyView,
    OrganizationView,
    PhoneNumberView,
)
from domain.calling_rules.window_format import dump_window
from domain.jobs.models import Agent, Organization, PhoneNumber
from domain.jobs.views import render_frequency
from store.organizations.api_keys import Key


def render_organization(organization: Organization) -> OrganizationView:
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
        stopped_at=organization.stopped_at,
        retention_days=organization.retention_days,
        credits=None if organization.credits_unlimited else render_balance(organization),
    )


def render_agent(agent: Agent) -> AgentView:
    return AgentView(**agent.model_dump())


def render_phone_number(number: PhoneNumber) -> PhoneNumberView:
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


def render_key(key: Key) -> KeyView:
    return KeyView(**key.model_dump())
