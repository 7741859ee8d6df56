"""The lists of a job's page as they are now: its contacts by page and filter, who did what."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from api.dependencies import ApiKeysDep, AuditLogDep, JobsDep
from api.http.pagination import PageQuery, PageQueryDep
from api.jobs.lookup import find_job
from api.jobs.queries import ContactQuery, ContactQueryDep
from api.organizations.audit_routes import job_activity
from api.organizations.schemas import ActivityPage
from console.listings import all_keys
from console.pages import Address, render
from console.sessions import ROOT
from domain.contacts.views import render_contact
from domain.jobs.models import Caller, Contact

MAX_ROWS = 2000  # kept: about 2 MB


class View(NamedTuple):
    """What of a job's lists somebody looks at; equal for all who look at the same."""

    contacts: ContactQuery
    activity: PageQuery
    query: tuple[tuple[str, str], ...]


def read_view(request: Request, contacts: ContactQueryDep, activity: PageQueryDep) -> View:
    return View(contacts, activity, tuple(sorted(request.query_params.items())))


ViewDep = Annotated[View, Depends(read_view)]


class Around(NamedTuple):
    """What a job's lists have in common, whoever looks at which part of them."""

    zone: str
    activity: ActivityPage
    names: dict[str, str]  # of keys


RenderRow = Callable[[str, str, Contact], str]  # of the job's id, its zone, one of its contacts


class Lists(NamedTuple):
    """HTML; `rows` by contact, in the order of the file, and once more within `contacts`."""

    contacts: str
    rows: dict[str, str]
    pages: str
    activity: str

    def since(self, sent: "Lists | None") -> str:
        """What of them is to be sent where `sent` was: rows alone while the same contacts stand there."""
        if sent is None:
            return self.contacts + self.pages + self.activity
        contacts = self._rows_since(sent) if sent.rows.keys() == self.rows.keys() else self.contacts
        pages = self.pages if self.pages != sent.pages else ""
        activity = self.activity if self.activity != sent.activity else ""
        return contacts + pages + activity

    def _rows_since(self, sent: "Lists") -> str:
        changed = [row for id, row in self.rows.items() if row != sent.rows[id]]
        return f"<table><tbody>{''.join(changed)}</tbody></table>" if changed else ""


class KeptRows:
    """Rows with masked numbers, rendered anew where a contact is not what it was."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, Contact, str]] = OrderedDict()

    def __call__(self, job_id: str, zone: str, contact: Contact) -> str:
        kept = self._kept.get(contact.id)
        if kept is not None and kept[:2] == (zone, contact):
            return kept[2]
        row = render_row(job_id, zone, contact)
        self._kept[contact.id] = zone, contact, row
        self._kept.move_to_end(contact.id)
        if len(self._kept) > MAX_ROWS:
            self._kept.popitem(last=False)
        return row


def render_row(job_id: str, zone: str, contact: Contact, *, shown: bool = False) -> str:
    seen = render_contact(contact)
    return render("job/contact-row.html", job_id=job_id, zone=zone, contact=seen, shown=shown)


@dataclass(frozen=True)
class ListsReader:
    """Asks what the API's routes ask."""

    jobs: JobsDep
    audit: AuditLogDep
    keys: ApiKeysDep

    async def read_around(self, caller: Caller, job_id: str, view: View) -> Around:
        """Raises JobNotFound."""
        job, activity, keys = await asyncio.gather(
            find_job(self.jobs, caller.organization_id, job_id),
            job_activity(caller, view.activity, job_id, self.jobs, self.audit),
            all_keys(caller, self.keys),
        )
        return Around(job.timezone, activity, {key.id: key.name for key in keys})

    async def read(
        self, caller: Caller, job_id: str, view: View, row: RenderRow, around: Awaitable[Around] | None = None
    ) -> Lists:
        """`around`: where somebody reads it already. Raises JobNotFound."""
        query = view.contacts
        (zone, activity, names), found = await asyncio.gather(
            around or self.read_around(caller, job_id, view),
            self.jobs.list_contacts(
                caller.organization_id,
                job_id,
                query.contact_status,
                query.contacts_page,
                query.contacts_page_size,
                digits=query.contacts_search,
            ),
        )
        address = Address(f"{ROOT}/jobs/{job_id}", view.query)
        rows = {contact.id: row(job_id, zone, contact) for contact in found.contacts}
        values = {"address": address, "query": query, "total": found.total, "zone": zone}
        return Lists(
            contacts=render("job/contacts.html", rows=rows, query=query),
            rows=rows,
            pages=render("job/contact-pages.html", **values),
            activity=render("job/activity.html", activity=activity, names=names, **values),
        )


ListsReaderDep = Annotated[ListsReader, Depends()]
