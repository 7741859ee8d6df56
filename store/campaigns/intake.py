"""How a campaign's file comes in: in blocks, each of them once, from wherever the one before ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.campaigns.intake import add_report
from domain.campaigns.models import MAX_CAMPAIGN_CONTACTS, CampaignRequest, CampaignStatus
from domain.contacts.read_stream import StreamState
from domain.contacts.report import MAX_ENTRIES, DuplicateRow, IntakeReport
from domain.errors import TooManyContacts
from domain.model import Model
from domain.phone.identity import identify
from domain.quotas import Quota, QuotaLimits
from store.campaigns.rows import read_campaign, request_of, status_of, update_campaign
from store.contacts.packed import FIELDS, PackedContacts, PackedRejects
from store.db.engine import Database
from store.errors import UploadConflict, WrongCampaignStatus
from store.organizations.quotas import require_room
from store.tables import campaign_blocks, campaign_contacts, campaign_rejects

LEASE = "30 seconds"  # many times what a block takes: after it another campaign's file may come
MAX_KEPT = 100_000  # rejected rows of one campaign
TOO_MANY_REJECTS = f"Of the rows that cannot be called the first {MAX_KEPT:,} are kept."
TOO_MANY = f"A campaign has at most {MAX_CAMPAIGN_CONTACTS:,} contacts: split the file into several campaigns."
ANOTHER = "Another campaign's file is coming in. Send this one when it is in."
COMPLETE = "The file is in, to its end."
ELSEWHERE = "The file goes on elsewhere, or another request sends it too."

_COPY = f"COPY campaign_contacts (row, {FIELDS}, campaign_id, part) FROM STDIN"
_COPY_REJECTS = "COPY campaign_rejects (row, cells, reason, campaign_id) FROM STDIN"
_ANOTHER = text("""
    SELECT EXISTS (SELECT 1 FROM campaigns WHERE organization_id = :organization AND id <> :campaign
                   AND uploading_until > clock_timestamp())
""")
_LEASE = text(f"UPDATE campaigns SET uploading_until = clock_timestamp() + interval '{LEASE}' WHERE id = :campaign")  # noqa: S608 — our own constant
_RELEASE = text("UPDATE campaigns SET uploading_until = NULL WHERE id = :campaign")


class SentBlock(Model):
    """Bytes that are in: from `begin` to `end`, with their SHA-256."""

    begin: int
    end: int
    digest: str


@dataclass(frozen=True)
class Upload:
    """How far a campaign's file is."""

    request: CampaignRequest
    offset: int
    state: StreamState
    complete: bool
    blocks: Sequence[SentBlock]


@dataclass(frozen=True)
class NewBlock:
    """The next bytes of a campaign's file, read. `final`: its last ones; `state`: what is known after them."""

    sent: SentBlock
    state: StreamState
    contacts: PackedContacts
    rejects: PackedRejects
    report: IntakeReport
    final: bool


class CampaignIntake:
    """Each method is one transaction."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas

    async def begin(self, organization_id: str, campaign_id: str) -> Upload:
        """Where the file goes on. One campaign's file at a time comes in, of an organization.

        Raises NotFound; WrongCampaignStatus where it is no draft; UploadConflict where another campaign's comes in.
        """
        async with self._engine.begin() as connection:
            campaign = await read_campaign(connection, organization_id, campaign_id)
            complete, offset = campaign["upload_complete"], campaign["upload_offset"]
            if status_of(campaign) is not CampaignStatus.DRAFT and not complete:
                raise WrongCampaignStatus(status_of(campaign))
            values = {"organization": organization_id, "campaign": campaign_id}
            if (await connection.execute(_ANOTHER, values)).scalar_one():
                raise UploadConflict(ANOTHER, offset)
            if not complete:
                await connection.execute(_LEASE, {"campaign": campaign_id})
            return Upload(
                request=request_of(campaign),
                offset=offset,
                state=StreamState.model_validate(campaign["upload_state"]),
                complete=complete,
                blocks=await _blocks(connection, campaign_id),
            )

    async def add(self, organization_id: str, campaign_id: str, block: NewBlock) -> None:
        """Take the next bytes; telephones that are in already are reported as duplicates.

        The quota of contacts is judged without the organization's lock, which calls need: what is created meanwhile
        may exceed it by a block. Raises NotFound, WrongCampaignStatus, TooManyContacts, QuotaExceeded; UploadConflict
        where other bytes were taken meanwhile. Then nothing is stored.
        """
        async with self._engine.begin() as connection:
            campaign = await read_campaign(connection, organization_id, campaign_id, lock=True)
            if status_of(campaign) is not CampaignStatus.DRAFT:
                raise WrongCampaignStatus(status_of(campaign))
            if campaign["upload_offset"] != block.sent.begin or campaign["upload_complete"]:
                raise UploadConflict(ELSEWHERE, campaign["upload_offset"])
            contacts, report = await _drop_known(connection, campaign_id, block)
            accepted = campaign["accepted"] + len(contacts)
            if accepted > MAX_CAMPAIGN_CONTACTS:
                raise TooManyContacts(TOO_MANY)
            await require_room(connection, organization_id, self._quotas, {Quota.CONTACTS: len(contacts)})
            await _copy(connection, campaign, contacts)
            report = await _keep_rejects(connection, campaign_id, block.rejects, report)
            if block.sent.end > block.sent.begin:  # nothing is left where the file ended with the block before
                sent = {"campaign_id": campaign_id, "end": block.sent.end, "digest": block.sent.digest}
                await connection.execute(sa.insert(campaign_blocks).values(sent))
            await update_campaign(connection, campaign_id, _after(campaign, block, accepted, report))
            await connection.execute(_RELEASE if block.final else _LEASE, {"campaign": campaign_id})

    async def release(self, campaign_id: str) -> None:
        """Nobody sends this file any more: another one may come."""
        async with self._engine.begin() as connection:
            await connection.execute(_RELEASE, {"campaign": campaign_id})


def _after(campaign: RowMapping, block: NewBlock, accepted: int, report: IntakeReport) -> dict[str, Any]:
    before = IntakeReport.model_validate(campaign["report"])
    return {
        "upload_offset": block.sent.end,
        "upload_state": block.state.model_dump(mode="json"),
        "upload_complete": block.final,
        "file_header": list(block.rejects.file.header),
        "file_delimiter": block.rejects.file.delimiter,
        "accepted": accepted,
        "report": add_report(before, report).to_json(),
    }


async def _blocks(connection: AsyncConnection, campaign_id: str) -> list[SentBlock]:
    query = sa.select(campaign_blocks.c.end, campaign_blocks.c.digest).where(
        campaign_blocks.c.campaign_id == campaign_id
    )
    found = (await connection.execute(query.order_by(campaign_blocks.c.end))).all()
    ends = [0, *(row.end for row in found)]
    return [
        SentBlock(begin=begin, end=end, digest=row.digest)
        for (begin, end), row in zip(pairwise(ends), found, strict=True)
    ]


async def _drop_known(
    connection: AsyncConnection, campaign_id: str, block: NewBlock
) -> tuple[PackedContacts, IntakeReport]:
    """Those whose telephone is not in yet; the report names the others."""
    contacts = block.contacts
    writings = sa.func.string_to_array(contacts.writings, "\n", type_=ARRAY(sa.String))
    there = campaign_contacts.c
    query = sa.select(there.number, there.row).where(
        there.campaign_id == campaign_id, there.number == sa.any_(writings)
    )
    known = {identify(row.number): row.row for row in (await connection.execute(query)).all()}
    if not known:
        return contacts, block.report
    twice = [
        DuplicateRow(row=row, first_row=first)
        for row, number in zip(contacts.rows, contacts.list_numbers(), strict=True)
        if (first := known.get(identify(number))) is not None
    ]
    kept, before = contacts.leave_out([entry.row for entry in twice]), block.report
    changed = {
        "valid": len(kept),
        "duplicates_total": before.duplicates_total + len(twice),
        "duplicates": sorted([*before.duplicates, *twice], key=lambda entry: entry.row)[:MAX_ENTRIES],
    }
    return kept, before.model_copy(update=changed)


async def _copy(connection: AsyncConnection, campaign: RowMapping, contacts: PackedContacts) -> None:
    """Each into the part that its place among all contacts makes it one of."""
    before, size, own = campaign["accepted"], campaign["contacts_per_job"], campaign["id"].encode()
    await contacts.lines.copy(connection, _COPY, lambda at: b"%b\t%d" % (own, (before + at) // size + 1))


async def _keep_rejects(
    connection: AsyncConnection, campaign_id: str, rejects: PackedRejects, report: IntakeReport
) -> IntakeReport:
    if not rejects.lines:
        return report
    kept = sa.select(sa.func.count()).where(campaign_rejects.c.campaign_id == campaign_id)
    room = MAX_KEPT - (await connection.execute(kept)).scalar_one()
    lines = rejects.lines if len(rejects.lines) <= room else rejects.lines.keep(range(max(0, room)))
    own = campaign_id.encode()
    if lines:
        await lines.copy(connection, _COPY_REJECTS, lambda _: own)
    return report if len(rejects.lines) != room + 1 else report.with_warnings([TOO_MANY_REJECTS])
