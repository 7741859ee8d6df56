"""One method for each operation of the API, without blocking. Generated from its OpenAPI page: do not edit."""

from collections.abc import AsyncIterator
from datetime import date

from outdial_client import models
from outdial_client.async_transport import AsyncTransport
from outdial_client.base import Body, Model
from outdial_client.calls import AsyncContent as Content
from outdial_client.calls import Call, Upload, path_of
from outdial_client.events import Event
from outdial_client.pages import iterate_async


class AsyncOperations(AsyncTransport):
    """An organization's, or whose the key is."""

    async def create_batch_job(
        self, body: models.CreateBatchJobBody | Body, *, file: Upload | None = None, idempotency_key: str | None = None
    ) -> models.Created:
        """Create a batch job: every contact of a CSV file, an XLSX workbook or a JSON array is called.

        Send `multipart/form-data` with a `file` that has a `phone` column, or `application/json` with
        `contacts`.
        Numbers are E.164 (`+12025550101`). The job starts now, or at `scheduledStartTime`; without an offset that
        is wall-clock time in `timezone`. When several things are wrong the first of this order answers: key, role,
        body, fields, number, file or contacts, credits.

        Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
        `no_outbound_agent`, `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `no_valid_contacts`,
        `invalid_phone_format`, `overlapping_contacts`, `insufficient_credits`,
        `idempotency_conflict`."""
        return await self._answer(
            models.Created, Call("POST", "/batch/create", body=body, file=file, takes_key=True, key=idempotency_key)
        )

    async def list_batch_jobs(
        self,
        *,
        organization_id: str | None = None,
        status: models.JobStatus | str | None = None,
        search: str | None = None,
        test: str | None = None,
        test_of: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.JobPage:
        """List the organization's batch jobs, newest first.

        `search` looks in name and description. Test calls are not listed, or with `test` or `testOf` only they.

        Error codes: `invalid_status`, `invalid_page`, `invalid_page_size`, `invalid_request`; `not_found` for another
        organization's `organizationId`."""
        return await self._answer(
            models.JobPage,
            Call(
                "GET",
                "/batch/jobs",
                query={
                    "organizationId": organization_id,
                    "status": status,
                    "search": search,
                    "test": test,
                    "testOf": test_of,
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_batch_jobs(
        self,
        *,
        organization_id: str | None = None,
        status: models.JobStatus | str | None = None,
        search: str | None = None,
        test: str | None = None,
        test_of: str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[models.BatchJob]:
        """Every one of all pages of `list_batch_jobs`."""
        return iterate_async(
            lambda page: self.list_batch_jobs(
                organization_id=organization_id,
                status=status,
                search=search,
                test=test,
                test_of=test_of,
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.batch_jobs,
            lambda answer: answer.total,
        )

    async def get_batch_job(
        self,
        id: str,
        *,
        page: int | None = None,
        page_size: int | None = None,
        contact_status: models.ContactStatus | str | None = None,
        contacts_search: str | None = None,
        contacts_page: int | None = None,
        contacts_page_size: int | None = None,
    ) -> models.JobDetail:
        """Look at one batch job: its counts by status, a page of its contacts in file order, and how it goes.

        Error codes: `job_not_found`, `invalid_status`, `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.JobDetail,
            Call(
                "GET",
                path_of("/batch/jobs/{id}", id=id),
                query={
                    "page": page,
                    "pageSize": page_size,
                    "contactStatus": contact_status,
                    "contactsSearch": contacts_search,
                    "contactsPage": contacts_page,
                    "contactsPageSize": contacts_page_size,
                },
            ),
        )

    def iterate_batch_job_contacts(
        self,
        id: str,
        *,
        page: int | None = None,
        page_size: int | None = None,
        contact_status: models.ContactStatus | str | None = None,
        contacts_search: str | None = None,
        contacts_page_size: int | None = None,
    ) -> AsyncIterator[models.BatchContact]:
        """Every one of all pages of `get_batch_job`."""
        return iterate_async(
            lambda page: self.get_batch_job(
                id,
                page=page,
                page_size=page_size,
                contact_status=contact_status,
                contacts_search=contacts_search,
                contacts_page=page,
                contacts_page_size=contacts_page_size,
            ),
            lambda answer: answer.contacts,
            lambda answer: answer.contacts_total,
        )

    async def change_batch_job(self, id: str, body: models.ChangeBatchJobBody | Body) -> models.Changed:
        """Change fields of a job that has not ended; what is not sent stays.

        `null` takes a field away, where its type allows null. `scheduledStartTime` and `timezone`
        change only while the job has not started; without an offset the new times are wall-clock times in `timezone`.
        The rules hold for every call that is dialed after the answer, `onMachine` for live calls too, where the carrier
        reports later that a machine answered. A lowered limit ends no call. With fewer `maxAttempts` contacts that have had
        as many end with their last result.

        Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`; `invalid_status` for a job that has
        ended, or whose start can move no more; `job_not_found`."""
        return await self._answer(models.Changed, Call("PATCH", path_of("/batch/jobs/{id}", id=id), body=body))

    async def delete_batch_job(self, id: str) -> models.Deleted:
        """Delete an ended job with its contacts, their fields, what its conversations brought, and its rejected rows.

        It cannot be undone. What has happened stays on record: of each call the number, its times, outcome and cost, which
        caps on calls to a number need; the ledger; and what was done to the job and by whom.

        Error codes: `job_not_found`; `invalid_status` for a job that has not ended, or has calls that are still live or,
        their outcome unknown, may be."""
        return await self._answer(models.Deleted, Call("DELETE", path_of("/batch/jobs/{id}", id=id)))

    async def start_batch_job(self, id: str) -> models.Started:
        """Start a scheduled or pending job now. While the organization is stopped `message` says that no call starts.

        Error codes: `already_running`; `invalid_status` for a job that has ended or is paused; `job_not_found`."""
        return await self._answer(models.Started, Call("POST", path_of("/batch/jobs/{id}/start", id=id)))

    async def cancel_batch_job(self, id: str, body: models.CancelBatchJobBody | Body | None = None) -> models.Cancelled:
        """Cancel a job: every contact without a final result and without a live call is cancelled.

        From the answer on no call of the job starts: those that the carrier had not let ring yet are called off, and
        `callsNotStopped` counts what could not be. Live calls end by themselves and keep their outcome;
        `{"hangUp": true}` ends them too, also on a job that was cancelled before and still has live calls.

        Error codes: `job_not_cancellable` for a job that has ended; `job_not_found`."""
        return await self._answer(models.Cancelled, Call("POST", path_of("/batch/jobs/{id}/cancel", id=id), body=body))

    async def pause_batch_job(self, id: str) -> models.Paused:
        """Pause a job. From the answer on none of its calls starts until it is resumed; live calls go on.

        Calls that the carrier had not let ring yet are called off and placed again later; `callsNotStopped` counts those
        that could not be.

        Idempotent. Error codes: `invalid_status` for a job that has ended; `job_not_found`."""
        return await self._answer(models.Paused, Call("POST", path_of("/batch/jobs/{id}/pause", id=id)))

    async def resume_batch_job(self, id: str) -> models.Switched:
        """Let a paused job go on: calling, or waiting for its scheduled start.

        While the organization is stopped `message` says that no call starts.

        Idempotent. Error codes: `invalid_status` for a job that has ended; `job_not_found`."""
        return await self._answer(models.Switched, Call("POST", path_of("/batch/jobs/{id}/resume", id=id)))

    async def add_batch_job_contacts(
        self,
        id: str,
        body: models.AddBatchJobContactsBody | Body,
        *,
        file: Upload | None = None,
        idempotency_key: str | None = None,
    ) -> models.Appended:
        """Add contacts to a job that has not ended: a file or JSON, read by the same rules as create's.

        Numbers that the job has already are reported as duplicates and not called twice. A job may have 10,000
        contacts. The estimate of the new ones is held.
        Rejected rows of a file are kept for `GET /batch/jobs/{id}/rejects` where its columns are those of the job's file.

        Error codes: those of create for its file or contacts, `insufficient_credits`; `invalid_status` for a job that
        has ended; `job_not_found`; `idempotency_conflict`."""
        return await self._answer(
            models.Appended,
            Call(
                "POST",
                path_of("/batch/jobs/{id}/contacts", id=id),
                body=body,
                file=file,
                takes_key=True,
                key=idempotency_key,
            ),
        )

    async def get_contact(self, contact_id: str, id: str) -> models.ContactDetail:
        """Look at one contact: how it stands, and every dial made for it.

        Error codes: `contact_not_found`, also where the job is not there."""
        return await self._answer(
            models.ContactDetail,
            Call("GET", path_of("/batch/jobs/{id}/contacts/{contact_id}", contact_id=contact_id, id=id)),
        )

    async def remove_batch_job_contact(self, contact_id: str, id: str) -> models.ContactRemoved:
        """Call a contact no more: it ends as `cancelled`. A live call ends by itself and keeps its outcome.

        Idempotent; a contact with a final result keeps it. Error codes: `job_not_found`,
        `contact_not_found`."""
        return await self._answer(
            models.ContactRemoved,
            Call("DELETE", path_of("/batch/jobs/{id}/contacts/{contact_id}", contact_id=contact_id, id=id)),
        )

    async def list_campaigns(
        self,
        *,
        page: int | None = None,
        page_size: int | None = None,
        status: models.CampaignStatus | str | None = None,
    ) -> models.CampaignPage:
        """List the organization's campaigns, newest first.

        Error codes: `invalid_status`, `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.CampaignPage,
            Call(
                "GET",
                "/campaigns",
                query={
                    "page": page,
                    "pageSize": page_size,
                    "status": status,
                },
            ),
        )

    def iterate_campaigns(
        self, *, page_size: int | None = None, status: models.CampaignStatus | str | None = None
    ) -> AsyncIterator[models.CampaignView]:
        """Every one of all pages of `list_campaigns`."""
        return iterate_async(
            lambda page: self.list_campaigns(
                page=page,
                page_size=page_size,
                status=status,
            ),
            lambda answer: answer.campaigns,
            lambda answer: answer.total,
        )

    async def create_campaign(
        self, body: models.CreateCampaignBody | Body, *, idempotency_key: str | None = None
    ) -> models.CampaignCreated:
        """Create a campaign: up to 1,000,000 contacts that are called by jobs of at most 10,000, under one id.

        The settings are those of a batch job and hold for each of its jobs; `maxCost` is what all of them may cost
        together, and `jobsAtOnce` how many of them have people to call at the same time. It is a draft until its file is
        in (`PUT /campaigns/{id}/contacts`) and it is started (`POST /campaigns/{id}/start`).

        Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
        `no_outbound_agent`, `quota_exceeded`, `idempotency_conflict`."""
        return await self._answer(
            models.CampaignCreated, Call("POST", "/campaigns", body=body, takes_key=True, key=idempotency_key)
        )

    async def get_campaign(self, id: str) -> models.CampaignDetail:
        """Look at one campaign: its counts over all jobs, its forecast, its jobs, and the account of its file.

        Error codes: `campaign_not_found`."""
        return await self._answer(models.CampaignDetail, Call("GET", path_of("/campaigns/{id}", id=id)))

    async def delete_campaign(self, id: str) -> models.CampaignDeleted:
        """Delete a draft, or a campaign that has ended, with its file's contacts that no job has.

        Its jobs stay, and are deleted one by one (`DELETE /batch/jobs/{id}`). It cannot be undone.

        Error codes: `campaign_not_found`; `invalid_status` for one that has not ended."""
        return await self._answer(models.CampaignDeleted, Call("DELETE", path_of("/campaigns/{id}", id=id)))

    async def send_campaign_contacts(
        self, id: str, content: Content, *, offset: int | None = None
    ) -> models.CampaignDetail:
        """Send the campaign's file as the body: CSV, read by the rules of a batch job's, of up to 1 GB.

        It is read while it arrives, and what is in stays in. After a broken connection send the same file again: rows that
        are in are not read twice. Or send only what is missing, from the `upload.offset` that `GET /campaigns/{id}` tells,
        with `offset`. A telephone that stands in several rows is called once. Rows that cannot be called are skipped and
        counted in `validation`; `GET /campaigns/{id}/rejects` has them. One file of an organization comes in at a time.

        Error codes: `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `invalid_request`; `upload_conflict` for
        another file than before, another offset, or while another campaign's file comes in; `invalid_status` for one that
        is no draft; `quota_exceeded`, `campaign_not_found`."""
        return await self._answer(
            models.CampaignDetail,
            Call(
                "PUT",
                path_of("/campaigns/{id}/contacts", id=id),
                query={
                    "offset": offset,
                },
                content=content,
                headers={"Content-Type": "text/csv"},
            ),
        )

    async def start_campaign(self, id: str) -> models.CampaignSwitched:
        """Start a campaign whose file is in: its first jobs begin, the others when these have too few people left to call.

        Each job holds its estimate when it begins; where the free credits do not cover the next one the campaign waits for
        a top-up. Idempotent.

        Error codes: `invalid_status` while the file is not in to its end, or for a campaign that is paused or has ended;
        `insufficient_credits` where they do not cover its first job; `quota_exceeded`, `phone_number_not_found`,
        `no_outbound_agent`, `campaign_not_found`."""
        return await self._answer(models.CampaignSwitched, Call("POST", path_of("/campaigns/{id}/start", id=id)))

    async def pause_campaign(self, id: str) -> models.CampaignStopped:
        """Pause a campaign and all its jobs. From the answer on no call of any of them starts until it is resumed.

        Live calls go on. Calls that the carrier had not let ring yet are called off and placed again later;
        `callsNotStopped` counts those that could not be. Idempotent.

        Error codes: `invalid_status` for a draft, and one that has ended; `campaign_not_found`."""
        return await self._answer(models.CampaignStopped, Call("POST", path_of("/campaigns/{id}/pause", id=id)))

    async def resume_campaign(self, id: str) -> models.CampaignSwitched:
        """Let a campaign go on, with all its jobs that are paused, whoever paused them. Idempotent.

        Error codes: `invalid_status` for a draft, and one that has ended; `campaign_not_found`."""
        return await self._answer(models.CampaignSwitched, Call("POST", path_of("/campaigns/{id}/resume", id=id)))

    async def cancel_campaign(
        self, id: str, body: models.CancelCampaignBody | Body | None = None
    ) -> models.CampaignCancelled:
        """Cancel a campaign and all its jobs: everybody without a final result and without a live call is cancelled.

        From the answer on no call of it starts. Live calls end by themselves and keep their outcome; `{"hangUp": true}`
        ends them too, also of a campaign that was cancelled before. Idempotent.

        Error codes: `invalid_status` for a campaign that is completed; `campaign_not_found`."""
        return await self._answer(
            models.CampaignCancelled, Call("POST", path_of("/campaigns/{id}/cancel", id=id), body=body)
        )

    def download_campaign_results(self, id: str, *, format: str | None = None) -> AsyncIterator[bytes]:
        """Download what became of every contact of all jobs, and who waits for one, in the order of the file.

        Columns and marks are those of `GET /batch/jobs/{id}/results`. Each job's contacts are as they stand at one
        instant, those of later jobs at later ones.

        Error codes: `campaign_not_found`; `invalid_request` for another `format`; `unavailable` while several other
        downloads are under way."""
        return self._download(
            Call(
                "GET",
                path_of("/campaigns/{id}/results", id=id),
                query={
                    "format": format,
                },
            )
        )

    def download_campaign_rejects(self, id: str) -> AsyncIterator[bytes]:
        """Download the rows of the campaign's file that were rejected, the first 100,000: as those of a batch job.

        Error codes: `campaign_not_found`."""
        return self._download(Call("GET", path_of("/campaigns/{id}/rejects", id=id)))

    async def stop_organization(self, body: models.StopOrganizationBody | Body | None = None) -> models.Stopped:
        """Pause every job of the organization that has not ended. From the answer on no call of any job starts.

        Live calls end by themselves; `{"hangUp": true}` ends them too. Idempotent. A job that is created
        or resumed meanwhile places no call until the organization is resumed. Error codes: `invalid_request`."""
        return await self._answer(models.Stopped, Call("POST", "/organization/stop", body=body))

    async def resume_organization(self) -> models.Resumed:
        """Let calls start again, and the jobs go on that the stop paused: calling, or waiting for their start.

        Jobs that somebody paused for themselves, before the stop or after, stay paused. Idempotent."""
        return await self._answer(models.Resumed, Call("POST", "/organization/resume"))

    async def list_batch_job_activity(
        self, id: str, *, page: int | None = None, page_size: int | None = None
    ) -> models.ActivityPage:
        """List what was done to a job: when, by whom, what. Newest first.

        Error codes: `job_not_found`, `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.ActivityPage,
            Call(
                "GET",
                path_of("/batch/jobs/{id}/activity", id=id),
                query={
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_batch_job_activity(
        self, id: str, *, page_size: int | None = None
    ) -> AsyncIterator[models.ActivityEntry]:
        """Every one of all pages of `list_batch_job_activity`."""
        return iterate_async(
            lambda page: self.list_batch_job_activity(
                id,
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.activity,
            lambda answer: answer.total,
        )

    async def list_organization_activity(
        self, *, page: int | None = None, page_size: int | None = None
    ) -> models.ActivityPage:
        """List what was done in the organization, to all of its jobs too. Newest first.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.ActivityPage,
            Call(
                "GET",
                "/organization/activity",
                query={
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_organization_activity(self, *, page_size: int | None = None) -> AsyncIterator[models.ActivityEntry]:
        """Every one of all pages of `list_organization_activity`."""
        return iterate_async(
            lambda page: self.list_organization_activity(
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.activity,
            lambda answer: answer.total,
        )

    async def list_do_not_call(
        self, *, page: int | None = None, page_size: int | None = None, search: str | None = None
    ) -> models.DoNotCallPage:
        """List the numbers that are not called, newest first; `search` is a part of a number.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.DoNotCallPage,
            Call(
                "GET",
                "/do-not-call",
                query={
                    "page": page,
                    "pageSize": page_size,
                    "search": search,
                },
            ),
        )

    def iterate_do_not_call(
        self, *, page_size: int | None = None, search: str | None = None
    ) -> AsyncIterator[models.DoNotCallEntry]:
        """Every one of all pages of `list_do_not_call`."""
        return iterate_async(
            lambda page: self.list_do_not_call(
                page=page,
                page_size=page_size,
                search=search,
            ),
            lambda answer: answer.entries,
            lambda answer: answer.total,
        )

    async def add_do_not_call(
        self, body: models.AddDoNotCallBody | Body, *, file: Upload | None = None, idempotency_key: str | None = None
    ) -> models.DoNotCallAdded:
        """Add numbers: as JSON, where one bad number rejects them all, or as a CSV or XLSX file with a `phone` column.

        In a file bad rows are skipped and reported: they are NOT listed. Numbers are read as the people of
        `defaultCountry` write them, else of the one country that the organization may call; ranges that the numbering data
        do not know are listed too. From the answer on no call to these numbers starts: contacts of
        open jobs that wait to be called end as `blocked`. Calls that are live go on. Numbers that are listed already
        keep their entry.

        Error codes: `invalid_request`, `invalid_phone_format`, `no_valid_contacts`, `too_many_contacts`,
        `invalid_csv`, `missing_phone_column`, `idempotency_conflict`."""
        return await self._answer(
            models.DoNotCallAdded,
            Call("POST", "/do-not-call", body=body, file=file, takes_key=True, key=idempotency_key),
        )

    async def preview_do_not_call(
        self, body: models.PreviewDoNotCallBody | Body, *, file: Upload | None = None
    ) -> models.DoNotCallPreview:
        """Say what adding these numbers would come to: whose contacts would not be called any more. Nothing is changed.

        Error codes: as of adding them."""
        return await self._answer(
            models.DoNotCallPreview, Call("POST", "/do-not-call/numbers/preview", body=body, file=file)
        )

    async def undo_do_not_call(self, batch_id: str) -> models.DoNotCallUndone:
        """Take back what one request listed. Idempotent. Numbers that were listed before or otherwise stay listed.

        Contacts of jobs that have not ended, which became `blocked` because of it, wait to be called again. `removed` is 0
        where there is no such batch, or it was taken back before."""
        return await self._answer(
            models.DoNotCallUndone, Call("DELETE", path_of("/do-not-call/batches/{batch_id}", batch_id=batch_id))
        )

    async def get_do_not_call(self, number: str) -> models.DoNotCallEntry:
        """Look up one number. Error codes: `not_found` where it is not on the list; `invalid_phone_format`."""
        return await self._answer(models.DoNotCallEntry, Call("GET", path_of("/do-not-call/{number}", number=number)))

    async def remove_do_not_call(self, number: str) -> models.DoNotCallRemoved:
        """Take a number off the list. Idempotent: `removed` tells whether this request did it.

        Contacts that ended as `blocked` stay so. Error codes: `invalid_phone_format`."""
        return await self._answer(
            models.DoNotCallRemoved, Call("DELETE", path_of("/do-not-call/{number}", number=number))
        )

    async def forget_person(self, body: models.ForgetPersonBody | Body) -> models.ErasureReceipt:
        """Forget a person: erase all that the organization has of a telephone, in every writing of its number.

        From the answer on, whatever it is, nobody calls the number: contacts that wait end as `blocked`, and files that
        have it later do not call it either. While a call with the person is live the answer is 409: it goes on, and the
        request is sent again when it has ended. Carriers delete their calls and recordings afterwards: the receipt says
        what is still pending. Sent again it erases what has come since, with a receipt of its own.

        Error codes: `invalid_request`, `invalid_phone_format`, `person_on_the_phone`."""
        return await self._answer(models.ErasureReceipt, Call("POST", "/privacy/forget", body=body))

    async def get_erasure_receipt(self, id: str) -> models.ErasureReceipt:
        """Look at a receipt as it stands now: what carriers have deleted since. Error codes: `not_found`."""
        return await self._answer(models.ErasureReceipt, Call("GET", path_of("/privacy/requests/{id}", id=id)))

    async def export_person(self, body: models.ExportPersonBody | Body) -> models.StoredData:
        """Read all that the organization has of a telephone, in every writing of its number. That it was read is recorded.

        Not GET: the number would stand in the address, which proxies log. Error codes: `invalid_request`,
        `invalid_phone_format`."""
        return await self._answer(models.StoredData, Call("POST", "/privacy/export", body=body))

    async def opt_out_of_calls(self, id: str, body: models.OptOutOfCallsBody | Body | None = None) -> models.OptedOut:
        """Put the number of a call on the do-not-call list: the person asked the agent to.

        The agent may send the token of its call instead of a key.
        The call itself goes on; from the answer on no other to this number starts. Contacts of open jobs with the same
        number end as `blocked`. Idempotent. Error codes: `call_not_found`; `invalid_request`."""
        return await self._answer(models.OptedOut, Call("POST", path_of("/calls/{id}/opt-out", id=id), body=body))

    async def report_call_result(self, id: str, body: models.ReportCallResultBody | Body) -> models.Reported:
        """Report what came of a conversation: the call's agent, with the token of that call, or an owner or admin.

        An agent receives `outdial_call_id`, `outdial_call_token` and `outdial_api` with the call's parameters, and sends
        `Authorization: Bearer <outdial_call_token>` to `{outdial_api}/calls/{outdial_call_id}/result`. It may report
        before or after the call has ended (for a day; 15 minutes where the agent is a TwiML address), and again: of every
        field the last report counts, and one that is not sent, or null, stays as it was. It is shown on the contact, its
        dials and in the job's results; of several calls, the last that reported.

        Error codes: `call_not_found`; `invalid_request`."""
        return await self._answer(models.Reported, Call("POST", path_of("/calls/{id}/result", id=id), body=body))

    async def list_outcomes(self) -> models.OutcomeList:
        """Look up what each outcome of a call means: whose fault it is, whether it is an attempt, whether a dial follows.

        The table is the same for every organization. New outcomes may be added."""
        return await self._answer(models.OutcomeList, Call("GET", "/outcomes"))

    def download_results(self, id: str, *, format: str | None = None) -> AsyncIterator[bytes]:
        """Download what became of every contact, in file order, as it stands at one instant.

        First the contacts' own columns (of JSON contacts that differ, all of them, in the order in which they appear), then
        `status`, `errorCode`, `failureReason`, `attemptCount`, `dials`, `lastAttemptAt`, `completedAt`, `callDuration`,
        `answeredBy`, `roomName`, `cost` (dollars), `externalId`, `disposition`, `summary`, `data`, `transcriptUrl`,
        `recordingUrl`, `contactId`, and of the last dial `outcome`, `faultOf`, `rang`, `endedBy`, `secondsToRinging`,
        `secondsToAnswer`, `carrierCode` (see `GET /outcomes`). Where a contact has a column of such a name, in any letter
        case, that one keeps it and ours begins with `outdial_`.

        CSV is UTF-8. A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a leading `'`, so that no
        spreadsheet runs it, except E.164 numbers and plain decimals; numbers, objects and arrays of JSON contacts are
        written as JSON. JSON Lines holds every value as it is. A download that breaks off ends without its last chunk:
        HTTP clients report it as incomplete.

        Error codes: `job_not_found`; `invalid_request` for another `format`, and for CSV where contacts have more than
        2,000 different fields; `unavailable` while several other downloads are under way."""
        return self._download(
            Call(
                "GET",
                path_of("/batch/jobs/{id}/results", id=id),
                query={
                    "format": format,
                },
            )
        )

    def download_rejects(self, id: str) -> AsyncIterator[bytes]:
        """Download the rows of the job's file that were rejected, to be mended and sent again.

        Rows of files that were added later follow, where the columns are the same; else they are told in the answer to that
        request only, and a warning says so.

        The first column, `outdial_reason`, says what is wrong; then come the file's own columns and cells, delimited as
        the file was. Send the file again as it is: that column is ignored, and so is the `'` of cells that a spreadsheet
        would take for formulas. Contacts that came as JSON have no rejected rows: the file is a header only.

        Error codes: `job_not_found`; `unavailable` while several other downloads are under way."""
        return self._download(Call("GET", path_of("/batch/jobs/{id}/rejects", id=id)))

    async def get_batch_job_statistics(self, id: str) -> models.JobStatisticsView:
        """Count a job's calls: by outcome, over time, and what is still to come.

        Error codes: `job_not_found`."""
        return await self._answer(models.JobStatisticsView, Call("GET", path_of("/batch/jobs/{id}/statistics", id=id)))

    async def get_batch_job_report(self, id: str) -> models.IntakeReport:
        """Read again what became of the rows that the job was created with: the `validation` of create's answer.

        Of contacts that were added later the answer to that request tells. Error codes: `job_not_found`."""
        return await self._answer(models.IntakeReport, Call("GET", path_of("/batch/jobs/{id}/report", id=id)))

    def watch_batch_job(self, id: str, *, last_event_id: str | None = None) -> AsyncIterator[Event[models.JobEvent]]:
        """Watch a job: how it stands now (`snapshot`), then every change (`change`), at most two events a second.

        The `data` of an event is a JSON object: `batchJobId`, `at`, `status`, `statusReason`, `totalContacts`,
        `contactsProcessed`, `successfulCalls`, `failedCalls`, `actualStartTime`, `completedAt`, `statusBreakdown`,
        `waitingFor`, and `contacts` that changed (`id`, `row`, `phone`, `externalId`, `status`, `errorCode`,
        `attemptCount`, `nextRetryAt`, `callDuration`, `answeredBy`, `disposition`), 100 at most; `contactsMore` says that
        there are others. When the job has ended and its last call too, the last event is `end` and the stream closes. With
        `Last-Event-ID` the snapshot holds who changed meanwhile. A comment every 15 seconds keeps the connection alive;
        after an hour it closes, to be opened again, and seconds after its key was revoked or has expired.

        A page in a browser, whose `EventSource` sends no headers, opens it with a `ticket` in place of a key.

        Error codes: `job_not_found`; `unavailable` where too many watch already: 50 streams of a key, 100 of an
        organization, 500 of a process."""
        return self._events(models.JobEvent, Call("GET", path_of("/batch/jobs/{id}/events", id=id)), last_event_id)

    async def create_event_ticket(self, id: str) -> models.EventTicket:
        """Get a ticket that opens this job's stream of events for a minute, and nothing else, without a key in the address.

        A stream that was opened goes on for as long as any, and ends when the key that asked for the ticket is revoked. An
        `EventSource` that lost its connection later needs a new ticket.

        Error codes: `job_not_found`; `secrets_unavailable` where the service has no `OUTDIAL_SECRET`."""
        return await self._answer(models.EventTicket, Call("POST", path_of("/batch/jobs/{id}/events/ticket", id=id)))

    async def retry_batch_job(
        self, id: str, body: models.RetryBatchJobBody | Body | None = None, *, idempotency_key: str | None = None
    ) -> models.Retried:
        """Call those again whom an ended job did not reach: a new job, linked by `retryOf`.

        Left out are contacts whose number does not exist, who were removed, whose call is still live, and, without
        `includeUnknown`, whose outcome is unknown. The new job is like the old one but for what the body says; it has no
        `endTime`. Without `timezone` a `scheduledStartTime` is in the old job's zone. The do-not-call list, countries,
        windows and caps are judged anew; numbers that another open job will call are skipped, so that a retry sent twice
        calls nobody twice.

        Error codes: `job_not_found`; `invalid_status` for a job that has not ended; `no_valid_contacts` where nobody is
        left to call; those of `POST /batch/create`."""
        return await self._answer(
            models.Retried,
            Call("POST", path_of("/batch/jobs/{id}/retry", id=id), body=body, takes_key=True, key=idempotency_key),
        )

    async def test_new_batch_job(
        self, body: models.TestNewBatchJobBody | Body, *, file: Upload | None = None, idempotency_key: str | None = None
    ) -> models.Created:
        """Try a job before it is created: the same request as `POST /batch/create`, and `phone`, the number to call.

        It is called with the fields of the first contact. All else is as in `POST /batch/jobs/{id}/test`, but for `testOf`,
        which is null: the job that is tried is not stored.

        Error codes: those of `POST /batch/create`; `invalid_phone_format` for `phone` too; `invalid_request` also while the
        calling window is closed at that number."""
        return await self._answer(
            models.Created, Call("POST", "/batch/test", body=body, file=file, takes_key=True, key=idempotency_key)
        )

    async def test_batch_job(
        self, id: str, body: models.TestBatchJobBody | Body, *, idempotency_key: str | None = None
    ) -> models.Tested:
        """Call one number with the fields of the job's first contact, to hear what its agent makes of them.

        The call is a job of its own, of one contact and one attempt: a `test`, linked by `testOf`, and left out of the list
        of jobs and of analytics. It costs what a call costs and keeps every rule: limits on concurrent calls with the
        reserved lines, credits, the do-not-call list, countries, calling windows, caps on calls to a number. Where it
        cannot be placed within 10 minutes it is cancelled. Look at `GET /batch/jobs/{batchJobId}` or its events for what
        came of it; webhooks are told too, with `test` and `testOf`, which tell them from the job's own calls. The job
        itself does not change, whatever its status.

        Error codes: `job_not_found`; `invalid_phone_format`; `invalid_request`, also while the calling window is closed at
        that number; `no_valid_contacts` for a number that must not be called; `phone_number_not_found`,
        `no_outbound_agent`, `insufficient_credits`."""
        return await self._answer(
            models.Tested,
            Call("POST", path_of("/batch/jobs/{id}/test", id=id), body=body, takes_key=True, key=idempotency_key),
        )

    async def validate_batch_job(
        self, body: models.ValidateBatchJobBody | Body, *, file: Upload | None = None
    ) -> models.Validated:
        """Say what creating this job would come to: the same request as `POST /batch/create`, and nothing is stored.

        A member's key may ask too. The answer holds the whole report on the contacts, whom the do-not-call list and the
        countries leave out, contacts by country and time zone, cost, duration, and which limit binds. What would make the
        job itself be refused (`insufficient_credits`, `overlapping_contacts`, `quota_exceeded`, nobody left to call) is
        among `obstacles`; what is wrong with the request is an error, as there.

        Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
        `no_outbound_agent`, `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `no_valid_contacts`,
        `invalid_phone_format`."""
        return await self._answer(models.Validated, Call("POST", "/batch/validate", body=body, file=file))

    async def get_organization(self) -> models.OrganizationView:
        """Look at the organization of the key."""
        return await self._answer(models.OrganizationView, Call("GET", "/organization"))

    async def change_organization(self, body: models.ChangeOrganizationBody | Body) -> models.OrganizationView:
        """Change the organization; what is not sent stays, `null` takes a rule away.

        It holds for every call that is dialed after the answer, of jobs that run as well. A lowered
        `concurrentCallLimit` ends no call: nothing new is dialed until the calls fit. Error codes: `invalid_request`."""
        return await self._answer(models.OrganizationView, Call("PATCH", "/organization", body=body))

    async def list_quotas(self) -> models.QuotaList:
        """List the organization's quotas and what is used of each. Beyond one, what adds to it is `quota_exceeded`."""
        return await self._answer(models.QuotaList, Call("GET", "/organization/quotas"))

    async def list_organizations(
        self, *, page: int | None = None, page_size: int | None = None, search: str | None = None
    ) -> models.OrganizationPage:
        """List all organizations, oldest first; `search` in their names. With the platform's key only.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.OrganizationPage,
            Call(
                "GET",
                "/organizations",
                query={
                    "page": page,
                    "pageSize": page_size,
                    "search": search,
                },
            ),
        )

    def iterate_organizations(
        self, *, page_size: int | None = None, search: str | None = None
    ) -> AsyncIterator[models.OrganizationView]:
        """Every one of all pages of `list_organizations`."""
        return iterate_async(
            lambda page: self.list_organizations(
                page=page,
                page_size=page_size,
                search=search,
            ),
            lambda answer: answer.organizations,
            lambda answer: answer.total,
        )

    async def create_organization(
        self, body: models.CreateOrganizationBody | Body, *, idempotency_key: str | None = None
    ) -> models.CreatedOrganization:
        """Create an organization and the key of its owner, which is shown this once. With the platform's key only.

        Error codes: `invalid_request`, `idempotency_conflict`, `secrets_unavailable`."""
        return await self._answer(
            models.CreatedOrganization, Call("POST", "/organizations", body=body, takes_key=True, key=idempotency_key)
        )

    async def list_own_carrier_grants(self) -> models.GrantList:
        """List the numbers and trunks of the service's carrier accounts that the organization may use."""
        return await self._answer(models.GrantList, Call("GET", "/organization/carrier-grants"))

    async def list_carrier_grants(self, id: str) -> models.GrantList:
        """List what an organization may use. With the platform's key only. Error codes: `organization_not_found`."""
        return await self._answer(models.GrantList, Call("GET", path_of("/organizations/{id}/carrier-grants", id=id)))

    async def create_carrier_grant(
        self, id: str, body: models.CreateCarrierGrantBody | Body, *, idempotency_key: str | None = None
    ) -> models.GrantView:
        """Let an organization call from a number, or over a trunk, of the service's account at a carrier.

        A number belongs to one organization at each carrier, a trunk may be granted to several. With the platform's key
        only. Idempotent. Error codes: `invalid_request`, `organization_not_found`, `granted_to_another`,
        `idempotency_conflict`."""
        return await self._answer(
            models.GrantView,
            Call(
                "POST",
                path_of("/organizations/{id}/carrier-grants", id=id),
                body=body,
                takes_key=True,
                key=idempotency_key,
            ),
        )

    async def revoke_carrier_grant(self, id: str, grant_id: str) -> models.Removed:
        """Take a number or trunk back: no new job calls with it. With the platform's key only.

        Error codes: `grant_not_found`; `in_use` while a job that has not ended calls with it."""
        return await self._answer(
            models.Removed,
            Call("DELETE", path_of("/organizations/{id}/carrier-grants/{grant_id}", id=id, grant_id=grant_id)),
        )

    async def read_answer_rates(
        self,
        *,
        by: models.Dimension | str | None = None,
        from_: date | str | None = None,
        to: date | str | None = None,
        batch_job_id: str | None = None,
        from_number: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.AnswerRates:
        """See how many calls were answered, grouped by the hour of the callee's day, by weekday, number, country and more.

        Hours, weekdays and days are by the clock of the person called: the contact's time zone, else the job's. At most 92
        days; without `from` and `to` the last 28. With `format=csv` all entries come as a file, 10,000 at most.

        Error codes: `invalid_request` for other values of `by` and `format`, and for days out of bounds; `invalid_page`,
        `invalid_page_size`."""
        return await self._answer(
            models.AnswerRates,
            Call(
                "GET",
                "/analytics/answer-rates",
                query={
                    "by": by,
                    "from": from_,
                    "to": to,
                    "batchJobId": batch_job_id,
                    "fromNumber": from_number,
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_answer_rates_entries(
        self,
        *,
        by: models.Dimension | str | None = None,
        from_: date | str | None = None,
        to: date | str | None = None,
        batch_job_id: str | None = None,
        from_number: str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[models.AnswerRate]:
        """Every one of all pages of `read_answer_rates`."""
        return iterate_async(
            lambda page: self.read_answer_rates(
                by=by,
                from_=from_,
                to=to,
                batch_job_id=batch_job_id,
                from_number=from_number,
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.entries,
            lambda answer: answer.total,
        )

    def read_answer_rates_csv(
        self,
        *,
        by: models.Dimension | str | None = None,
        from_: date | str | None = None,
        to: date | str | None = None,
        batch_job_id: str | None = None,
        from_number: str | None = None,
    ) -> AsyncIterator[bytes]:
        """See how many calls were answered, grouped by the hour of the callee's day, by weekday, number, country and more.

        Hours, weekdays and days are by the clock of the person called: the contact's time zone, else the job's. At most 92
        days; without `from` and `to` the last 28. With `format=csv` all entries come as a file, 10,000 at most.

        Error codes: `invalid_request` for other values of `by` and `format`, and for days out of bounds; `invalid_page`,
        `invalid_page_size`."""
        return self._download(
            Call(
                "GET",
                "/analytics/answer-rates",
                query={
                    "by": by,
                    "from": from_,
                    "to": to,
                    "batchJobId": batch_job_id,
                    "fromNumber": from_number,
                    "format": "csv",
                },
            )
        )

    async def compare_weeks(self, *, timezone: str | None = None) -> models.Weeks:
        """Compare this week with last: its calls so far, last week's up to the same weekday and hour, and all of last week.

        Error codes: `invalid_timezone`."""
        return await self._answer(
            models.Weeks,
            Call(
                "GET",
                "/analytics/weeks",
                query={
                    "timezone": timezone,
                },
            ),
        )

    async def get_credits(self, *, page: int | None = None, page_size: int | None = None) -> models.CreditsView:
        """Look at the organization's credits: the sums, what is held for which job, and a page of the ledger.

        Always `balance` = top-ups − costs, and `free` = `balance` − `held`. Error codes: `invalid_page`,
        `invalid_page_size`."""
        return await self._answer(
            models.CreditsView,
            Call(
                "GET",
                "/organization/credits",
                query={
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_credits_holds(self, *, page_size: int | None = None) -> AsyncIterator[models.HoldView]:
        """Every one of all pages of `get_credits`."""
        return iterate_async(
            lambda page: self.get_credits(
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.holds,
            lambda answer: answer.total,
        )

    async def top_up_credits(
        self, body: models.TopUpCreditsBody | Body, *, idempotency_key: str | None = None
    ) -> models.ToppedUp:
        """Add credits to an organization. With the platform's key only: nobody tops up their own.

        Jobs that wait for credits go on. Error codes: `invalid_request`, `organization_not_found`,
        `idempotency_conflict`."""
        return await self._answer(
            models.ToppedUp, Call("POST", "/organization/credits", body=body, takes_key=True, key=idempotency_key)
        )

    async def list_agents(
        self, *, page: int | None = None, page_size: int | None = None, search: str | None = None
    ) -> models.AgentPage:
        """List the organization's agents, oldest first; `search` in their names.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.AgentPage,
            Call(
                "GET",
                "/agents",
                query={
                    "page": page,
                    "pageSize": page_size,
                    "search": search,
                },
            ),
        )

    def iterate_agents(
        self, *, page_size: int | None = None, search: str | None = None
    ) -> AsyncIterator[models.AgentView]:
        """Every one of all pages of `list_agents`."""
        return iterate_async(
            lambda page: self.list_agents(
                page=page,
                page_size=page_size,
                search=search,
            ),
            lambda answer: answer.agents,
            lambda answer: answer.total,
        )

    async def create_agent(
        self, body: models.CreateAgentBody | Body, *, idempotency_key: str | None = None
    ) -> models.AgentView:
        """Add a voice agent that lives elsewhere: where the audio of its calls goes, and how it talks.

        It must not be in a private network, nor, over SIP, a telephone number.

        Error codes: `invalid_request`, `idempotency_conflict`."""
        return await self._answer(
            models.AgentView, Call("POST", "/agents", body=body, takes_key=True, key=idempotency_key)
        )

    async def get_agent(self, id: str) -> models.AgentView:
        """Look at one agent. Error codes: `agent_not_found`."""
        return await self._answer(models.AgentView, Call("GET", path_of("/agents/{id}", id=id)))

    async def change_agent(self, id: str, body: models.ChangeAgentBody | Body) -> models.AgentView:
        """Change an agent for jobs to come; what is not sent stays. A job keeps its agent as it was at creation.

        Error codes: `invalid_request`, `agent_not_found`."""
        return await self._answer(models.AgentView, Call("PATCH", path_of("/agents/{id}", id=id), body=body))

    async def remove_agent(self, id: str) -> models.Removed:
        """Remove an agent. What ended jobs tell of it stays.

        Error codes: `agent_not_found`; `in_use` while a job that has not ended has it, or a number's calls are held by it."""
        return await self._answer(models.Removed, Call("DELETE", path_of("/agents/{id}", id=id)))

    async def list_phone_numbers(
        self, *, page: int | None = None, page_size: int | None = None, search: str | None = None
    ) -> models.PhoneNumberPage:
        """List the numbers that the organization calls from, oldest first; `search` in number or label.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.PhoneNumberPage,
            Call(
                "GET",
                "/phone-numbers",
                query={
                    "page": page,
                    "pageSize": page_size,
                    "search": search,
                },
            ),
        )

    def iterate_phone_numbers(
        self, *, page_size: int | None = None, search: str | None = None
    ) -> AsyncIterator[models.PhoneNumberView]:
        """Every one of all pages of `list_phone_numbers`."""
        return iterate_async(
            lambda page: self.list_phone_numbers(
                page=page,
                page_size=page_size,
                search=search,
            ),
            lambda answer: answer.phone_numbers,
            lambda answer: answer.total,
        )

    async def create_phone_number(
        self, body: models.CreatePhoneNumberBody | Body, *, idempotency_key: str | None = None
    ) -> models.PhoneNumberView:
        """Add a number to call from: one that is granted to your organization, or of an account of your own.

        `carrierSettings` are the number's own at its carrier: `{"accountSid": …, "authToken": …}` at Twilio,
        `{"trunk": "PJSIP/{number}@trunk2"}` at Asterisk. They are kept encrypted and never shown again.

        Error codes: `invalid_request`, `agent_not_found`,
        `not_granted` for a number or trunk of the service's accounts that whoever runs it has not granted,
        `idempotency_conflict`, `secrets_unavailable` where this server keeps no secrets."""
        return await self._answer(
            models.PhoneNumberView, Call("POST", "/phone-numbers", body=body, takes_key=True, key=idempotency_key)
        )

    async def get_phone_number(self, id: str) -> models.PhoneNumberView:
        """Look at one number. Error codes: `phone_number_not_found`."""
        return await self._answer(models.PhoneNumberView, Call("GET", path_of("/phone-numbers/{id}", id=id)))

    async def change_phone_number(self, id: str, body: models.ChangePhoneNumberBody | Body) -> models.PhoneNumberView:
        """Change a number; what is not sent stays.

        `outboundAgentId` holds for jobs to come (null: none can call from it), `callsPerSecond` for all calls from now
        on. `carrierSettings` hold for calls to come, and cannot be replaced while calls through them are live. Error codes:
        `invalid_request`,
        `not_granted`, `phone_number_not_found`, `agent_not_found`, `in_use`, `secrets_unavailable`."""
        return await self._answer(
            models.PhoneNumberView, Call("PATCH", path_of("/phone-numbers/{id}", id=id), body=body)
        )

    async def remove_phone_number(self, id: str) -> models.Removed:
        """Remove a number. What ended jobs tell of it stays.

        Error codes: `phone_number_not_found`; `in_use` while a job that has not ended calls from it."""
        return await self._answer(models.Removed, Call("DELETE", path_of("/phone-numbers/{id}", id=id)))

    async def list_closed_gates(self) -> models.ClosedGates:
        """Say why no call starts: a stop, and the closed gates of the organization's numbers and their carrier accounts.

        Each with the reason, until when, and the next step; empty where nothing of this kind holds a call. What holds a
        single job or contact (credits, windows, lines) is in the job's `progress.waitingFor`."""
        return await self._answer(models.ClosedGates, Call("GET", "/organization/gates"))

    async def close_phone_number(self, id: str) -> models.NumberClosed:
        """Let no call start from a number, of any job; live calls go on. Idempotent.

        The answer waits for requests that are on their way to the carrier. Error codes: `phone_number_not_found`."""
        return await self._answer(models.NumberClosed, Call("POST", path_of("/phone-numbers/{id}/close", id=id)))

    async def open_phone_number(self, id: str) -> models.NumberOpened:
        """Let calls start from a number, whether somebody closed it or the carrier's refusals did. Idempotent.

        Error codes: `phone_number_not_found`; `forbidden` where whoever runs this service closed it."""
        return await self._answer(models.NumberOpened, Call("POST", path_of("/phone-numbers/{id}/open", id=id)))

    async def list_api_keys(self, *, page: int | None = None, page_size: int | None = None) -> models.KeyPage:
        """List the organization's keys, oldest first, never what they are.

        Error codes: `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.KeyPage,
            Call(
                "GET",
                "/api-keys",
                query={
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_api_keys(self, *, page_size: int | None = None) -> AsyncIterator[models.KeyView]:
        """Every one of all pages of `list_api_keys`."""
        return iterate_async(
            lambda page: self.list_api_keys(
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.api_keys,
            lambda answer: answer.total,
        )

    async def create_api_key(
        self, body: models.CreateApiKeyBody | Body, *, idempotency_key: str | None = None
    ) -> models.IssuedKeyView:
        """Issue a key. This answer is the only one that shows it.

        Error codes: `invalid_request`; `forbidden` for a role above that of the key that asks, or a validity beyond its
        own; `idempotency_conflict`, also where another key sent this Idempotency-Key; `secrets_unavailable` with an
        Idempotency-Key where this server keeps no secrets."""
        return await self._answer(
            models.IssuedKeyView, Call("POST", "/api-keys", body=body, takes_key=True, key=idempotency_key)
        )

    async def get_api_key(self, id: str) -> models.KeyView:
        """Look at one key, never at what it is. Error codes: `api_key_not_found`."""
        return await self._answer(models.KeyView, Call("GET", path_of("/api-keys/{id}", id=id)))

    async def revoke_api_key(self, id: str) -> models.KeyView:
        """Revoke a key: from the answer on it is not valid. Idempotent.

        Error codes: `api_key_not_found`; `forbidden` for a role above that of the key that asks; `last_owner_key` where
        no other owner's key would be valid for as long as this one."""
        return await self._answer(models.KeyView, Call("DELETE", path_of("/api-keys/{id}", id=id)))

    async def list_webhooks(self) -> models.WebhookList:
        """List the organization's webhooks, oldest first. Their secrets are never shown again."""
        return await self._answer(models.WebhookList, Call("GET", "/webhooks"))

    async def create_webhook(
        self, body: models.CreateWebhookBody | Body, *, idempotency_key: str | None = None
    ) -> models.NewWebhook:
        """Have events sent to a URL. The answer holds the secret that verifies their signatures; it is shown this once.

        The URL must be https and must not stand for an address in a private network. Everything is signed by the
        Standard Webhooks specification. Events of one job come in order; what fails is tried again for days.

        Error codes: `invalid_request`, `too_many_webhooks`, `secrets_unavailable`, `idempotency_conflict`."""
        return await self._answer(
            models.NewWebhook, Call("POST", "/webhooks", body=body, takes_key=True, key=idempotency_key)
        )

    async def get_webhook(self, id: str) -> models.Webhook:
        """Look at one webhook. Error codes: `webhook_not_found`."""
        return await self._answer(models.Webhook, Call("GET", path_of("/webhooks/{id}", id=id)))

    async def change_webhook(self, id: str, body: models.ChangeWebhookBody | Body) -> models.Webhook:
        """Change a webhook; what is not given stays. While it is disabled what waits is kept, and nothing new is.

        Error codes: `webhook_not_found`, `invalid_request`."""
        return await self._answer(models.Webhook, Call("PATCH", path_of("/webhooks/{id}", id=id), body=body))

    async def delete_webhook(self, id: str) -> models.Removed:
        """Delete a webhook with its log. What waits is never sent. Error codes: `webhook_not_found`."""
        return await self._answer(models.Removed, Call("DELETE", path_of("/webhooks/{id}", id=id)))

    async def rotate_webhook_secret(self, id: str) -> models.NewWebhook:
        """Give a webhook a new secret. For a day everything is signed with both, the one before and this one.

        Error codes: `webhook_not_found`, `secrets_unavailable`."""
        return await self._answer(models.NewWebhook, Call("POST", path_of("/webhooks/{id}/rotate-secret", id=id)))

    async def test_webhook(self, id: str) -> models.Delivery:
        """Send `webhook.test`, whatever events the webhook asked for; the delivery tells what became of it.

        Error codes: `webhook_not_found`; `invalid_status` where it is disabled."""
        return await self._answer(models.Delivery, Call("POST", path_of("/webhooks/{id}/test", id=id)))

    async def list_webhook_deliveries(
        self,
        id: str,
        *,
        status: models.DeliveryStatus | str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.DeliveryPage:
        """List what was sent to a webhook and what waits, newest first. Final deliveries are kept for 30 days.

        Error codes: `webhook_not_found`, `invalid_status`, `invalid_page`, `invalid_page_size`."""
        return await self._answer(
            models.DeliveryPage,
            Call(
                "GET",
                path_of("/webhooks/{id}/deliveries", id=id),
                query={
                    "status": status,
                    "page": page,
                    "pageSize": page_size,
                },
            ),
        )

    def iterate_webhook_deliveries(
        self, id: str, *, status: models.DeliveryStatus | str | None = None, page_size: int | None = None
    ) -> AsyncIterator[models.Delivery]:
        """Every one of all pages of `list_webhook_deliveries`."""
        return iterate_async(
            lambda page: self.list_webhook_deliveries(
                id,
                status=status,
                page=page,
                page_size=page_size,
            ),
            lambda answer: answer.deliveries,
            lambda answer: answer.total,
        )

    async def get_webhook_delivery(self, id: str, delivery_id: str) -> models.Delivery:
        """Look at one delivery. Error codes: `webhook_not_found`, `delivery_not_found`."""
        return await self._answer(
            models.Delivery,
            Call("GET", path_of("/webhooks/{id}/deliveries/{delivery_id}", id=id, delivery_id=delivery_id)),
        )

    async def replay_webhook_delivery(self, id: str, delivery_id: str) -> models.Delivery:
        """Send a delivery again, now, under the `webhook-id` it has; later events of its job wait for it.

        Error codes: `webhook_not_found`, `delivery_not_found`; `invalid_status` where the webhook is disabled."""
        return await self._answer(
            models.Delivery,
            Call("POST", path_of("/webhooks/{id}/deliveries/{delivery_id}/replay", id=id, delivery_id=delivery_id)),
        )

    async def replay_failed_webhook_deliveries(self, id: str) -> models.Replayed:
        """Send all deliveries again that are `failed` or `refused`, in their order, under the ids they have.

        Error codes: `webhook_not_found`; `invalid_status` where the webhook is disabled."""
        return await self._answer(models.Replayed, Call("POST", path_of("/webhooks/{id}/deliveries/replay", id=id)))

    async def is_alive(self) -> Model:
        """The process is up. Nothing else is asked."""
        return await self._answer(Model, Call("GET", "/healthz"))

    async def is_ready(self) -> models.Readiness:
        """Whether database and Temporal can be reached, and are those that belong together; 503 where not.

        `workers` tells whether any polls the task queues, `jobs` of running jobs that make no progress, `callbacks`
        of carriers that cannot reach this API. These leave the status at 200: whoever takes this process out of service
        for them takes away the means to cancel. The answer is at most two seconds old."""
        return await self._answer(models.Readiness, Call("GET", "/readyz"))
