"""What creating a job would come to; nothing is stored."""

from typing import Any

from domain.jobs.models import JobRequest, Organization
from domain.model import Model
from domain.quotas import QuotaLimits
from store.contacts.import_ import admit_contacts, apply_overlap_rule, read_allowed_countries
from store.contacts.packed import PackedContacts
from store.db.engine import Database, reading
from store.errors import NoContactsLeft, Overlapping, QuotaExceeded
from store.organizations.quotas import require_room, room_for_job
from store.organizations.rows import read_organization
from store.privacy.number_hashes import NumberHashes


class PreviewFacts(Model):
    """`called`: who would be, `blocked` by number those who would enter the job and never be called.

    `refused`: why the job would not be stored, but for its credits; then `called` are those who are left anyway.
    """

    organization: Organization
    countries: frozenset[str]  # that may be called
    called: PackedContacts
    blocked: dict[str, str]
    report: dict[str, Any]
    overlapping: tuple[int, ...] = ()  # rows, where the job's rule is to be refused for them
    nobody_left: str | None = None  # why
    no_room: str | None = None  # for another job, or its contacts

    @property
    def callable(self) -> int:
        return len(self.called) - len(self.blocked)


class JobPreview:
    """Read only: what is read may change before a job is created."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None, hashes: NumberHashes | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._hashes = hashes

    async def preview(
        self, organization_id: str, request: JobRequest, contacts: PackedContacts, report: dict[str, Any]
    ) -> PreviewFacts:
        """Check contacts against the rule for overlaps, the do-not-call list and the countries. Raises NotFound."""
        async with reading(self._engine) as connection:
            organization = await read_organization(connection, organization_id)
            facts: dict[str, Any] = {
                "organization": organization,
                "countries": await read_allowed_countries(connection, organization),
                "called": contacts,
                "blocked": {},
                "report": report,
            }
            try:
                called, report = await apply_overlap_rule(connection, organization_id, request, contacts, report)
                await require_room(connection, organization_id, self._quotas, room_for_job(len(called)))
                admitted, report = await admit_contacts(connection, organization, called, report, self._hashes)
            except Overlapping as error:
                facts["overlapping"] = error.rows
            except NoContactsLeft as error:
                facts |= {"called": contacts.keep([]), "nobody_left": error.why}
            except QuotaExceeded as error:
                facts["no_room"] = str(error)
            else:
                facts |= {"called": admitted.contacts, "blocked": admitted.blocked, "report": report}
        return PreviewFacts(**facts)
