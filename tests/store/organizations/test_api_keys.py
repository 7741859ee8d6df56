"""API keys: who calls, and who does not any more."""

import re

import pytest

from domain.jobs.models import Caller
from domain.statuses import Role
from store.errors import NotFound
from store.organizations.api_keys import ApiKeys
from store.tables import api_keys as table
from tests.builders import an_organization
from tests.store.calling import Calling


async def test_a_key_identifies_who_calls(api_keys: ApiKeys, acme: str) -> None:
    issued = await api_keys.create(acme, Role.ADMIN, "laptop")

    assert re.fullmatch(r"od_[A-Za-z0-9_-]{43}", issued.key)
    caller = Caller(key_id=issued.id, organization_id=acme, role=Role.ADMIN)
    assert await api_keys.find_caller(issued.key) == caller


async def test_a_key_is_stored_as_its_hash_only(api_keys: ApiKeys, shared: Calling, acme: str) -> None:
    issued = await api_keys.create(acme, Role.OWNER, "laptop")

    row = (await shared.one(table, table.c.id == issued.id))._mapping
    assert issued.key not in str(dict(row))
    assert re.fullmatch(r"[0-9a-f]{64}", row["key_hash"])


@pytest.mark.parametrize("key", ["", "od_", "od_" + "x" * 43, "'; --", "\x00", "\udcff", "ключ"])
async def test_nobody_calls_with_a_key_that_was_never_issued(api_keys: ApiKeys, key: str) -> None:
    assert await api_keys.find_caller(key) is None


async def test_a_revoked_key_is_nobodys(api_keys: ApiKeys, acme: str) -> None:
    lost, kept = [await api_keys.create(acme, Role.OWNER, name) for name in ("lost", "kept")]

    await api_keys.revoke(acme, lost.id)

    assert await api_keys.find_caller(lost.key) is None
    assert await api_keys.find_caller(kept.key) is not None


async def test_revoking_twice_keeps_the_first_time(api_keys: ApiKeys, acme: str) -> None:
    issued = await api_keys.create(acme, Role.OWNER, "lost")

    await api_keys.revoke(acme, issued.id)
    once = await api_keys.list_all(acme)
    await api_keys.revoke(acme, issued.id)

    assert await api_keys.list_all(acme) == once
    assert [(key.id, key.name, key.role) for key in once] == [(issued.id, "lost", Role.OWNER)]


async def test_a_key_belongs_to_an_organization(api_keys: ApiKeys, shared: Calling, acme: str) -> None:
    other = await an_organization(shared.engine)

    with pytest.raises(NotFound):
        await api_keys.revoke(acme, other.owner.id)
    with pytest.raises(NotFound):
        await api_keys.create("org_none", Role.OWNER, "laptop")


async def test_the_same_id_is_created_once_and_its_last_key_holds(api_keys: ApiKeys, acme: str) -> None:
    first, second = [await api_keys.create(acme, Role.OWNER, "laptop", id="key_given") for _ in range(2)]

    assert [key.id for key in await api_keys.list_all(acme)] == ["key_given"]
    assert await api_keys.find_caller(first.key) is None
    assert await api_keys.find_caller(second.key) is not None
