"""Credits: what is sent and answered. Dollars throughout."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.http.examples import A_CALL, A_JOB, AN_ORGANIZATION
from api.http.field_types import PositiveDollars
from api.http.json_body import Body
from api.http.pagination import PageQuery
from domain.jobs.models import Organization
from domain.json_model import Dollars, JsonModel, Timestamp
from store.billing.ledger import Credits, Entry, EntryKind


class TopUp(Body):
    organization_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    amount: PositiveDollars


class Balance(JsonModel):
    balance: Dollars = Field(description="Top-ups less the cost of calls.")
    held: Dollars = Field(description="For calls to come, and for live ones.")
    free: Dollars = Field(description="What new jobs may hold.")


class LedgerEntry(JsonModel):
    """A line of the ledger, which is never changed."""

    id: str = Field(examples=["entry_0123456789abcdef01234567"])
    kind: EntryKind
    balance_delta: Dollars
    held_delta: Dollars
    batch_job_id: str | None = Field(examples=[A_JOB])
    call_id: str | None = Field(examples=[A_CALL])
    at: Timestamp


class HoldView(JsonModel):
    batch_job_id: str = Field(examples=[A_JOB])
    name: str = Field(examples=["Appointments in May"])
    amount: Dollars


class CreditsView(JsonModel):
    """Credits in dollars, what is held for whom, and a page of the ledger, newest first."""

    unlimited: bool = Field(description="Nothing is held then; costs count all the same.")
    balance: Dollars = Field(description="Top-ups less the cost of calls.")
    held: Dollars = Field(description="What jobs and live calls hold together.")
    free: Dollars
    live_calls: Dollars = Field(description="Of what is held, for calls that are live.")
    holds: list[HoldView] = Field(description="For calls to come, by job: the largest, 100 at most.")
    entries: list[LedgerEntry]
    total: int = Field(description="Entries.", examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class ToppedUp(JsonModel):
    success: Literal[True] = True
    organization_id: str = Field(examples=[AN_ORGANIZATION])
    amount: Dollars
    credits: Balance


def render_balance(organization: Organization) -> Balance:
    return Balance(balance=organization.balance, held=organization.held, free=organization.free)


def render_credits(credits: Credits, query: PageQuery) -> CreditsView:
    return CreditsView(
        unlimited=credits.unlimited,
        balance=credits.balance,
        held=credits.held,
        free=credits.free,
        live_calls=credits.reserved_by_dials,
        holds=[HoldView(batch_job_id=hold.job_id, name=hold.name, amount=hold.amount) for hold in credits.holds],
        entries=[_render_entry(entry) for entry in credits.entries],
        **query.of(credits.total),
    )


def _render_entry(entry: Entry) -> LedgerEntry:
    return LedgerEntry(
        id=entry.id,
        kind=entry.kind,
        balance_delta=entry.balance_delta,
        held_delta=entry.held_delta,
        batch_job_id=entry.job_id,
        call_id=entry.dial_id,
        at=entry.at,
    )
