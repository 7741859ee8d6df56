"""A campaign's file, read while it arrives: a block is parsed in a forked process and stored before the next is taken.

So whoever sends is held up by whoever stores, and no more than a block is ever in memory. What is in stays in: after a
broken connection the same file is sent again, whole or from the offset that the campaign tells, and nothing is doubled.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from starlette.requests import Request

from api.contacts.reader import ContactReader
from api.http.body_budget import BodyShare
from api.http.errors import Unavailable
from domain.campaigns.models import MAX_CAMPAIGN_BYTES, CampaignRequest
from domain.contacts.contact import ReadOptions
from domain.contacts.read_stream import MAX_RECORD_BYTES
from domain.errors import InvalidRequest
from store.campaigns.intake import CampaignIntake, NewBlock, SentBlock, Upload
from store.errors import UploadConflict

BLOCK_BYTES = 128 * 1024  # up to 5,000 contacts: less than a second of one process
LEAST_BYTES = 8 * 1024  # of a block that is tried where the machine is too busy for larger ones
TOO_LARGE = f"The file is larger than {MAX_CAMPAIGN_BYTES // 1024**3} GB: split it into several campaigns."
ANOTHER_FILE = (
    "This is not the file that was sent before: it differs within the bytes that are in. Send that one, or delete the"
    " campaign and create another."
)
TOO_SHORT = "The file ends before what is in of it. Send it whole, or with `offset` what is missing."
NOT_THERE = "The file goes on at byte {offset:,}. Send it from there, or whole."


@dataclass(frozen=True)
class FileUpload:
    """One request that sends a campaign's file, or the rest of it."""

    intake: CampaignIntake
    reader: ContactReader
    share: BodyShare
    organization_id: str
    campaign_id: str

    async def take(self, request: Request, offset: int | None) -> None:
        """Take the body; `offset`: where in the file it begins, None: it is the whole file.

        Raises RequestError, StoreError: what was stored before stays.
        """
        upload = await self.intake.begin(self.organization_id, self.campaign_id)
        try:
            body = _Body(request, self.share)
            if offset is None:
                await _skip_known(body, upload)
            elif offset != upload.offset:
                raise UploadConflict(NOT_THERE.format(offset=upload.offset), upload.offset)
            if upload.complete:
                await _require_end(body, upload)
            else:
                await self._take_rest(body, upload)
        finally:
            if not upload.complete:
                await self.intake.release(self.campaign_id)

    async def _take_rest(self, body: "_Body", upload: Upload) -> None:
        options, state, at = _options(upload.request), upload.state, upload.offset
        size = BLOCK_BYTES
        while True:
            await body.fill(size)
            if at + len(body.held) > MAX_CAMPAIGN_BYTES:
                raise InvalidRequest(TOO_LARGE)
            content, final = bytes(body.held[:size]), body.ended and len(body.held) <= size
            try:
                read = await self.reader.read_block(content, state, options, final=final)
            except Unavailable:
                if size <= LEAST_BYTES:
                    raise
                size //= 2
                continue
            if not read.consumed and not final:
                size = min(2 * size, MAX_RECORD_BYTES + BLOCK_BYTES)
                continue
            end = at + read.consumed
            sent = SentBlock(begin=at, end=end, digest=sha256(body.take(read.consumed)).hexdigest())
            block = NewBlock(sent, read.state, read.contacts, read.rejects, read.report, final=final)
            await self.intake.add(self.organization_id, self.campaign_id, block)
            if final:
                return
            state, at, size = read.state, end, BLOCK_BYTES


async def _skip_known(body: "_Body", upload: Upload) -> None:
    """Read what is in already, and compare it with what was stored. Raises UploadConflict."""
    for block in upload.blocks:
        size = block.end - block.begin
        await body.fill(size)
        if len(body.held) < size:
            raise UploadConflict(TOO_SHORT, upload.offset)
        if sha256(body.take(size)).hexdigest() != block.digest:
            raise UploadConflict(ANOTHER_FILE, upload.offset)


async def _require_end(body: "_Body", upload: Upload) -> None:
    await body.fill(1)
    if body.held:
        raise UploadConflict(ANOTHER_FILE, upload.offset)


class _Body:
    """The body's bytes, taken from the connection as they are needed. `held`: those that nobody took yet."""

    def __init__(self, request: Request, share: BodyShare) -> None:
        self._chunks: AsyncIterator[bytes] = request.stream()
        self._share = share
        self.held = bytearray()
        self.ended = False

    async def fill(self, size: int) -> None:
        """Hold so many bytes, or all that come. Raises ClientDisconnect, Unavailable."""
        while not self.ended and len(self.held) < size:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                self.ended = True
                return
            self.held += chunk
            if len(self.held) > self._share.held:
                self._share.add(len(self.held) - self._share.held)

    def take(self, size: int) -> bytes:
        """The first of those that are held."""
        taken = bytes(self.held[:size])
        del self.held[:size]
        return taken


def _options(request: CampaignRequest) -> ReadOptions:
    return ReadOptions(
        columns=request.columns, numbers=request.numbers, timezone=request.settings.timezone, now=datetime.now(UTC)
    )
