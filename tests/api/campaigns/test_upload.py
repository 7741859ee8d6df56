"""A machine that is too busy to read a block in its time reads smaller ones."""

from typing import Any

import pytest
from starlette.requests import Request

from api.campaigns.upload import BLOCK_BYTES, LEAST_BYTES, FileUpload
from api.contacts.reader import ContactReader, ReadBlock
from api.http.body_budget import BodyBudget
from api.http.errors import Unavailable
from api.http.fork_pool import ForkPool, open_fork_pool
from domain.contacts.contact import ReadOptions
from domain.contacts.read_stream import StreamState
from store.campaigns.intake import CampaignIntake
from store.campaigns.repository import Campaigns
from store.db.engine import Database
from tests.api.client import numbers
from tests.builders import an_organization
from tests.store.campaigning import a_draft


class BusyReader(ContactReader):
    """Reads no block that is larger than `most` bytes."""

    def __init__(self, pool: ForkPool, most: int) -> None:
        super().__init__(pool, "org_1")
        self.most = most
        self.tried: list[int] = []

    async def read_block(self, content: bytes, state: StreamState, options: ReadOptions, *, final: bool) -> ReadBlock:
        self.tried.append(len(content))
        if len(content) > self.most:
            raise Unavailable("The process that read this request was ended from outside.")
        return await super().read_block(content, state, options, final=final)


def a_request(content: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request({"type": "http", "method": "PUT", "headers": []}, receive)


@pytest.mark.parametrize("most", [BLOCK_BYTES // 4, LEAST_BYTES // 2])
async def test_where_a_block_is_not_read_in_time_a_smaller_one_is(records: Database, most: int) -> None:
    given = await an_organization(records)
    id = await a_draft(records, given)
    content = b"phone,name\n" + b"".join(b"%b,%b\n" % (one.encode(), b"x" * 400) for one in numbers(400))
    async with open_fork_pool() as pool:
        reader = BusyReader(pool, most)
        with BodyBudget().share(given.id) as share:
            upload = FileUpload(CampaignIntake(records), reader, share, given.id, id)
            if most < LEAST_BYTES:
                with pytest.raises(Unavailable):
                    await upload.take(a_request(content), None)
            else:
                await upload.take(a_request(content), None)
    found = await Campaigns(records).find(given.id, id)
    assert reader.tried[:3] == [BLOCK_BYTES, BLOCK_BYTES // 2, BLOCK_BYTES // 4]
    assert found.upload_complete is (most >= LEAST_BYTES)
    assert found.accepted == (400 if found.upload_complete else 0)
