"""Contacts of campaigns who were called by jobs that a restored database does not have yet: no later job calls them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from domain.calls.models import PlacedCall
from domain.calls.order import parse_dial_key
from domain.calls.recovery import CLOCK_SLACK
from domain.model import Model
from domain.phone.identity import identify, list_all_writings
from store.db.engine import Database
from store.db.locks import lock_organization

_WAITING = """
    SELECT w.id, w.campaign_id, w.part, w.row, c.organization_id, p.number AS from_, w.number AS to, c.created_at
    FROM campaigns c JOIN phone_numbers p ON p.id = c.request #>> '{{settings,from_phone_number_id}}'
    JOIN campaign_contacts w ON w.campaign_id = c.id
    WHERE c.status NOT IN ('completed', 'cancelled') AND p.carrier_account_id = %(account)s AND {which}
"""
_BY_NUMBER = _WAITING.format(which="w.number = ANY(%(numbers)s)")
_BY_ID = _WAITING.format(which="w.id = ANY(%(contacts)s)")
_TAKE_OUT = """
    DELETE FROM campaign_contacts WHERE campaign_id = %(campaign)s AND part = %(part)s AND row = %(row)s
"""
_COUNT = """
    UPDATE campaigns SET moved = moved + %(contacts)s, left_out = left_out + %(contacts)s WHERE id = %(campaign)s
"""


class CampaignContact(Model):
    """A contact who waits for a campaign's job."""

    id: str
    campaign_id: str
    part: int
    row: int
    organization_id: str
    from_: str
    to: str
    created_at: datetime  # the campaign's

    def may_have(self, call: PlacedCall) -> bool:
        """Whether a call was this contact's: by its key, or by both telephones."""
        key = parse_dial_key(call.report.key or "")
        if key is not None:
            return key[0] == self.id
        if call.from_ is None or call.to is None or call.asked_at + CLOCK_SLACK < self.created_at:
            return False
        return (identify(call.from_), identify(call.to)) == (identify(self.from_), identify(self.to))


class CalledCampaignContacts:
    """They go as those whom other jobs call: left out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, account: str, calls: Sequence[PlacedCall]) -> list[CampaignContact]:
        """Those whom one of these calls may have reached."""
        keyed = [key[0] for call in calls if (key := parse_dial_key(call.report.key or "")) is not None]
        numbers = list_all_writings({call.to for call in calls if call.to is not None})
        found: list[CampaignContact] = []
        async with self._database.reading() as connection:
            if numbers:
                values = {"account": account, "numbers": numbers}
                found += await connection.fetch_all(CampaignContact, _BY_NUMBER, values)
            if keyed:
                found += await connection.fetch_all(CampaignContact, _BY_ID, {"account": account, "contacts": keyed})
        by_call: dict[str, list[PlacedCall]] = defaultdict(list)
        for call in calls:
            key = parse_dial_key(call.report.key or "")
            by_call[identify(call.to or "") if key is None else key[0]].append(call)
        return [
            contact
            for contact in found
            if any(contact.may_have(call) for call in (*by_call[contact.id], *by_call[identify(contact.to)]))
        ]

    async def leave_out(self, contacts: Collection[CampaignContact]) -> None:
        """Let no job of their campaign call them; those whom one has by now it keeps."""
        of_organization: dict[str, list[CampaignContact]] = defaultdict(list)
        for contact in contacts:
            of_organization[contact.organization_id].append(contact)
        for organization_id, theirs in sorted(of_organization.items()):
            async with self._database.transaction() as connection:
                await lock_organization(connection, organization_id)
                taken: Counter[str] = Counter()
                for contact in theirs:
                    values = {"campaign": contact.campaign_id, "part": contact.part, "row": contact.row}
                    taken[contact.campaign_id] += await connection.run(_TAKE_OUT, values)
                for campaign_id, count in sorted(taken.items()):
                    await connection.run(_COUNT, {"campaign": campaign_id, "contacts": count})
