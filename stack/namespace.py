"""What Outdial needs of a Temporal namespace: that it is the database's, its retention, search attributes.

The local stack prepares it at every start, elsewhere `outdial migrate --temporal` does. It is idempotent, and neither
creates a namespace nor takes another one than before unless it is told to.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.temporal_namespace import RESTORED, Namespace, find_mismatch
from store.db.engine import create_engine
from store.reconcile import Reconciliation
from store.temporal_namespace import NamespaceBinding
from workflows.client import JobWorkflows, NoSuchNamespace, connect, describe_namespace
from workflows.names import SEARCH_ATTRIBUTES

RETENTION = timedelta(days=30)
PROPAGATION_TIMEOUT_SECONDS = 60.0  # the server reads its list of namespaces every few seconds
RPC_TIMEOUT = timedelta(seconds=10)


@dataclass(frozen=True)
class Allowed:
    """What a person has asked for in so many words."""

    create: bool = False  # the namespace, where there is none
    rebind: bool = False  # the database, where it belongs to another one


class WrongNamespace(Exception):
    """The database belongs to another namespace, or there is no such namespace; nothing was changed."""


async def prepare_configured(database_url: str, payload_keys: str, allowed: Allowed) -> tuple[str, int]:
    """Prepare the namespace that Temporal's own settings name (TEMPORAL_ADDRESS …) for a database.

    Its name, and how many jobs are started anew in it. Raises RuntimeError where Temporal cannot be reached, RPCError
    or TemporalUnavailable where it refuses, WrongNamespace.
    """
    client = await connect(payload_keys)
    return client.namespace, await prepare_for(client, database_url, allowed)


async def prepare_for(
    client: Client, database_url: str, allowed: Allowed, *, retention: timedelta | None = None
) -> int:
    """Make the client's namespace fit for the jobs of a database, and bind the database to it.

    How many jobs are started anew in it. Raises WrongNamespace, RPCError, TemporalUnavailable.
    """
    engine = create_engine(database_url, pool_size=1)
    try:
        binding = NamespaceBinding(engine)
        await check_allowed(client, await binding.get(), allowed)
        if allowed.rebind and await binding.is_restored():
            raise WrongNamespace(f"{RESTORED} Nothing was changed.")
        await prepare(client, retention=retention)
        found = await describe_namespace(client)
        if not allowed.rebind:
            await binding.bind(found)
            return 0
        workflows = JobWorkflows(client)
        jobs = [job.id for job in await Reconciliation(engine).list_open_jobs()]
        unknown = [job_id for job_id in jobs if await workflows.is_open(job_id) is None]
        await binding.rebind(found, unknown)
        return len(unknown)
    finally:
        await engine.dispose()


async def prepare(client: Client, *, retention: timedelta | None = None) -> None:
    """Make the client's namespace fit for jobs; it is created where there is none.

    `retention` changes a namespace that exists; None leaves it as its operator set it. Raises RPCError.
    """
    current = await _retention(client)
    if current is None:
        await _register(client, retention or RETENTION)
        await _wait_until_known(client)
    elif retention is not None and current != retention:
        await _set_retention(client, retention)
    await _add_search_attributes(client)


async def check_allowed(client: Client, bound: Namespace | None, allowed: Allowed) -> None:
    """Raises WrongNamespace, unless what there is to do was asked for."""
    try:
        found = await describe_namespace(client)
    except NoSuchNamespace as missing:
        if bound is not None and not allowed.rebind:
            raise WrongNamespace(f"{missing} The database belongs to {bound}. Nothing was changed.") from missing
        if not allowed.create:
            raise WrongNamespace(f"{missing} --create-namespace creates it. Nothing was changed.") from missing
        return
    mismatch = bound and find_mismatch(bound, found)
    if mismatch and not allowed.rebind:
        raise WrongNamespace(f"{mismatch} Nothing was changed.")


async def _retention(client: Client) -> timedelta | None:
    """How long the namespace keeps closed workflows; None where there is no such namespace."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        answer = await client.workflow_service.describe_namespace(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return answer.config.workflow_execution_retention_ttl.ToTimedelta()


async def _register(client: Client, retention: timedelta) -> None:
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=_duration(retention)
    )
    await client.workflow_service.register_namespace(request, timeout=RPC_TIMEOUT)


async def _wait_until_known(client: Client) -> None:
    """A new namespace is known to every part of the server a little later. Raises TimeoutError."""
    async with asyncio.timeout(PROPAGATION_TIMEOUT_SECONDS):
        while not await _lists_search_attributes(client):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(1)


async def _lists_search_attributes(client: Client) -> bool:
    try:
        await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _set_retention(client: Client, retention: timedelta) -> None:
    config = NamespaceConfig(workflow_execution_retention_ttl=_duration(retention))
    request = UpdateNamespaceRequest(namespace=client.namespace, config=config)
    await client.workflow_service.update_namespace(request, timeout=RPC_TIMEOUT)


async def _add_search_attributes(client: Client) -> None:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
    )
    missing = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type.value)
        for key in SEARCH_ATTRIBUTES
        if key.name not in listed.custom_attributes
    }
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        await client.operator_service.add_search_attributes(request, timeout=RPC_TIMEOUT)


def _duration(length: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(length)
    return duration
