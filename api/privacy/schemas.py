"""What is sent and answered about a person's data."""

from typing import Any, Literal

from pydantic import Field

from api.http.field_types import E164Number
from api.http.json_body import Body
from domain.json_model import JsonModel, Timestamp
from domain.privacy import CallErasure, ErasedCall, Erasure

RECEIPT = "erasure_0123456789abcdef01234567"
DIAL = "dial_0123456789abcdef01234567"


class Person(Body):
    phone: E164Number = Field(description="E.164.")


class DeletedCounts(JsonModel):
    """How many of each were erased in Outdial's database."""

    contacts: int = Field(description="Number, fields, external id and what agents reported.", examples=[2])
    calls: int = Field(description="The number, which is a keyed hash now, and what the agent reported.", examples=[3])
    test_calls: int = Field(description="Of jobs' first contacts, whose fields they had.", examples=[0])
    rejected_rows: int = Field(description="Rows of files that mention the number.", examples=[1])
    reports_of_files: int = Field(
        description="Reports that name it as rewritten, also in answers kept for repeated requests.", examples=[1]
    )


class Kept(JsonModel):
    what: str = Field(examples=["a keyed hash of the number"])
    why: str = Field(examples=["so that nobody calls the person again"])


class CarrierDeletion(JsonModel):
    """One call at its carrier."""

    call_id: str = Field(description="Ours, of the dial.", examples=[DIAL])
    carrier: str = Field(description="The carrier account.", examples=["twilio"])
    carrier_call_id: str = Field(examples=["CA0123456789abcdef"])
    state: CallErasure = Field(
        description="`pending`: the carrier has not answered, and is asked again. `kept_by_operator`: the carrier"
        " deletes nothing itself; whoever runs it deletes call detail records and recordings."
    )
    recordings: int = Field(description="That were deleted with it.", examples=[1])
    attempts: int = Field(examples=[1])
    last_error: str | None = Field(description="Why it is still pending.", examples=[None])


class ErasureReceipt(JsonModel):
    """What was deleted, what is kept and why. It does not have the number."""

    id: str = Field(examples=[RECEIPT])
    status: Literal["done", "pending"] = Field(description="`done` once every carrier has answered.", examples=["done"])
    requested_at: Timestamp
    requested_by: str = Field(description="A key's id.", examples=["key_0123456789abcdef01234567"])
    deleted: DeletedCounts
    at_carriers: list[CarrierDeletion]
    kept: list[Kept]
    not_ours: list[str] = Field(description="Where copies may be that only you can delete.")
    calls_not_stopped: int = Field(
        description="Requests to carriers that could not be called off in time: 0 in a receipt that is read later.",
        examples=[0],
    )


class StoredData(JsonModel):
    """All that there is of a telephone, as it is stored; at most 10,000 of each kind."""

    contacts: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    rejected_rows: list[dict[str, Any]]
    do_not_call: list[dict[str, Any]]


KEPT = [
    Kept(what=what, why=why)
    for what, why in (
        ("the contacts' rows without data: status, times, attempts", "so that counts and costs of jobs stay true"),
        ("the calls without number and report: times, outcome, cost", "the ledger names them"),
        ("a keyed hash of the number", "so that nobody calls the person again, until DELETE /do-not-call/{number}"),
        ("the entry of the audit log, without the number", "to prove that it was done"),
        ("what the job's workflow was told: ids, rows, last two digits", "Temporal deletes it after its retention"),
    )
]
NOT_OURS = [
    "files that were uploaded, where you have them; downloaded results",
    "what webhooks brought to your systems",
    "what your agents keep of conversations, recordings that they made included",
    "backups of the database, until they are deleted; its files and logs until PostgreSQL writes over them",
]


def render_receipt(erasure: Erasure, calls_not_stopped: int = 0) -> ErasureReceipt:
    return ErasureReceipt(
        id=erasure.id,
        status="done" if erasure.is_done else "pending",
        requested_at=erasure.requested_at,
        requested_by=erasure.requested_by,
        deleted=DeletedCounts.model_validate(erasure.deleted),
        at_carriers=[_render_call(call) for call in erasure.calls],
        kept=KEPT,
        not_ours=NOT_OURS,
        calls_not_stopped=calls_not_stopped,
    )


def _render_call(call: ErasedCall) -> CarrierDeletion:
    return CarrierDeletion(
        call_id=call.dial_id,
        carrier=call.carrier_account_id,
        carrier_call_id=call.call_id,
        state=call.state,
        recordings=call.recordings,
        attempts=call.attempts,
        last_error=call.last_error,
    )
