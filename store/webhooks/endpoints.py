"""Webhook endpoints of an organization, and the log of their deliveries."""

import base64
from collections.abc import Sequence
from decimal import Decimal
from secrets import token_bytes
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.model import Model
from domain.webhooks.events import OLD_SECRET_LIFETIME, Delivery, DeliveryStatus, Endpoint, EventType
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.db.vault import Vault
from store.errors import Disabled, NotFound, TooMany
from store.tables import organizations, webhook_deliveries, webhook_endpoints
from store.webhooks.events import CHANNEL, NEW_ID

MAX_ENDPOINTS = 20
SECRET_PREFIX = "whsec_"  # noqa: S105  as Standard Webhooks writes them
SECRET_BYTES = 32

Secret = str


class EndpointRequest(Model):
    """What a new endpoint is made of; `credits_below` in dollars."""

    url: str
    events: tuple[EventType, ...]
    description: str | None = None
    credits_below: Decimal = Decimal(10)


class EndpointChange(Model):
    """Only the fields set are changed."""

    url: str | None = None
    events: tuple[EventType, ...] | None = None
    description: str | None = None
    credits_below: Decimal | None = None
    enabled: bool | None = None


class NewEndpoint(Model):
    """`secret` is shown this once."""

    endpoint: Endpoint
    secret: Secret


class DeliveryPage(Model):
    """`total`: of all pages."""

    deliveries: list[Delivery]
    total: int


class Webhooks:
    """Each public method is one transaction; what belongs to another organization does not exist."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def create(
        self, organization_id: str, request: EndpointRequest, id: str | None = None, *, by: str = OPERATOR
    ) -> NewEndpoint:
        """Add an endpoint with a secret of its own. Raises TooMany, NoSecret."""
        secret = _new_secret()
        values = {
            **request.model_dump(),
            "id": id or new_id("webhook"),
            "organization_id": organization_id,
            "secret": self._vault.seal(secret),
            "credits_are_low": _credits_are_low(organization_id, request.credits_below),
        }
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            created = await self._find_created(connection, organization_id, values["id"])
            if created is not None:
                return created
            if await _count(connection, organization_id) >= MAX_ENDPOINTS:
                raise TooMany("webhooks", MAX_ENDPOINTS)
            await connection.execute(sa.insert(webhook_endpoints).values(values))
            await _record(connection, organization_id, Action.WEBHOOK_CREATED, by, values["id"])
            return NewEndpoint(endpoint=await _endpoint(connection, organization_id, values["id"]), secret=secret)

    async def _find_created(self, connection: AsyncConnection, organization_id: str, id: str) -> NewEndpoint | None:
        """What the same request created when its answer was lost."""
        sealed = sa.select(webhook_endpoints.c.secret).where(_own(organization_id, id))
        secret = (await connection.execute(sealed)).scalar_one_or_none()
        if secret is None:
            return None
        return NewEndpoint(endpoint=await _endpoint(connection, organization_id, id), secret=self._vault.open(secret))

    async def list_all(self, organization_id: str) -> list[Endpoint]:
        """The organization's endpoints, oldest first."""
        query = _ENDPOINTS.where(webhook_endpoints.c.organization_id == organization_id).order_by(
            webhook_endpoints.c.created_at, webhook_endpoints.c.id
        )
        async with reading(self._engine) as connection:
            return [Endpoint.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, organization_id: str, id: str) -> Endpoint:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            return await _endpoint(connection, organization_id, id)

    async def change(self, organization_id: str, id: str, change: EndpointChange, *, by: str = OPERATOR) -> Endpoint:
        """Change the fields that are set. An endpoint that is enabled gets what waits. Raises NotFound."""
        values = change.model_dump(exclude={"enabled"}, exclude_unset=True)
        if change.credits_below is not None:
            values["credits_are_low"] = _credits_are_low(organization_id, change.credits_below)
        async with self._engine.begin() as connection:
            was = await _endpoint(connection, organization_id, id)
            if change.enabled is not None:
                values |= _enabled_values(was, enabled=change.enabled)
            if values:
                await connection.execute(sa.update(webhook_endpoints).where(_own(organization_id, id)).values(values))
                await _record(connection, organization_id, Action.WEBHOOK_CHANGED, by, id)
            await _wake(connection, id)
            return await _endpoint(connection, organization_id, id)

    async def delete(self, organization_id: str, id: str, *, by: str = OPERATOR) -> None:
        """Delete an endpoint with its log; what waits is never sent. Raises NotFound."""
        async with self._engine.begin() as connection:
            await _endpoint(connection, organization_id, id)
            await connection.execute(sa.delete(webhook_endpoints).where(_own(organization_id, id)))
            await _record(connection, organization_id, Action.WEBHOOK_DELETED, by, id)
            await _wake(connection, id)

    async def rotate_secret(self, organization_id: str, id: str, *, by: str = OPERATOR) -> NewEndpoint:
        """Give it a new secret; for a day both sign. Raises NotFound, NoSecret."""
        secret = _new_secret()
        update = (
            sa.update(webhook_endpoints)
            .where(_own(organization_id, id))
            .values(
                old_secret=webhook_endpoints.c.secret,
                old_secret_until=sa.func.clock_timestamp() + OLD_SECRET_LIFETIME,
                secret=self._vault.seal(secret),
            )
        )
        async with self._engine.begin() as connection:
            endpoint = await _endpoint(connection, organization_id, id)
            await connection.execute(update)
            await _record(connection, organization_id, Action.WEBHOOK_SECRET_ROTATED, by, id)
        return NewEndpoint(endpoint=endpoint, secret=secret)

    async def send_test(self, organization_id: str, id: str) -> Delivery:
        """Send `webhook.test`, whatever the endpoint asked for. Raises NotFound, Disabled."""
        async with self._engine.begin() as connection:
            await _must_be_enabled(connection, organization_id, id)
            made = sa.insert(webhook_deliveries).values(
                id=sa.text(NEW_ID),
                endpoint_id=id,
                organization_id=organization_id,
                lane=new_id("test"),
                type=EventType.TEST,
            )
            delivery_id = (await connection.execute(made.returning(webhook_deliveries.c.id))).scalar_one()
            await _wake(connection, id)
            return await _delivery(connection, id, delivery_id)

    async def list_deliveries(
        self, organization_id: str, id: str, status: DeliveryStatus | None, page: int, page_size: int
    ) -> DeliveryPage:
        """The log, newest first; `page` counts from 1. Raises NotFound."""
        where = [webhook_deliveries.c.endpoint_id == id]
        if status is not None:
            where.append(webhook_deliveries.c.status == status)
        counting = sa.select(sa.func.count()).select_from(webhook_deliveries).where(*where)
        newest = _DELIVERIES.where(*where).order_by(webhook_deliveries.c.seq.desc())
        async with reading(self._engine) as connection:
            await _endpoint(connection, organization_id, id)
            total = (await connection.execute(counting)).scalar_one()
            offset = (page - 1) * page_size
            if offset >= total:
                return DeliveryPage(deliveries=[], total=total)
            rows = (await connection.execute(newest.offset(offset).limit(page_size))).mappings()
            return DeliveryPage(deliveries=[Delivery.model_validate(row) for row in rows], total=total)

    async def get_delivery(self, organization_id: str, id: str, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            await _endpoint(connection, organization_id, id)
            return await _delivery(connection, id, delivery_id)

    async def replay(self, organization_id: str, id: str, delivery_id: str) -> Delivery:
        """Send a delivery again, now, under the id it has. Raises NotFound, Disabled."""
        async with self._engine.begin() as connection:
            await _must_be_enabled(connection, organization_id, id)
            await _delivery(connection, id, delivery_id)
            await connection.execute(_SEND_AGAIN.where(webhook_deliveries.c.id == delivery_id))
            await _wake(connection, id)
            return await _delivery(connection, id, delivery_id)

    async def replay_failed(self, organization_id: str, id: str) -> int:
        """Send everything again that failed or was refused, in the old order. Raises NotFound, Disabled."""
        given_up = [DeliveryStatus.FAILED, DeliveryStatus.REFUSED]
        update = _SEND_AGAIN.where(webhook_deliveries.c.endpoint_id == id, webhook_deliveries.c.status.in_(given_up))
        async with self._engine.begin() as connection:
            await _must_be_enabled(connection, organization_id, id)
            replayed = await connection.execute(update)
            await _wake(connection, id)
            return replayed.rowcount


_ENDPOINTS = sa.select(*(webhook_endpoints.c[name] for name in Endpoint.model_fields))
_PENDING = webhook_deliveries.c.status == DeliveryStatus.PENDING
_DELIVERIES = sa.select(
    *(webhook_deliveries.c[name] for name in Delivery.model_fields if name != "next_attempt_at"),
    sa.case((_PENDING, webhook_deliveries.c.next_attempt_at)).label("next_attempt_at"),
)
_SEND_AGAIN = sa.update(webhook_deliveries).values(
    status=DeliveryStatus.PENDING, failures=0, next_attempt_at=sa.func.clock_timestamp()
)


def _new_secret() -> Secret:
    return SECRET_PREFIX + base64.b64encode(token_bytes(SECRET_BYTES)).decode("ascii")


def _own(organization_id: str, id: str) -> sa.ColumnElement[bool]:
    return (webhook_endpoints.c.id == id) & (webhook_endpoints.c.organization_id == organization_id)


def _credits_are_low(organization_id: str, below: Decimal) -> sa.ScalarSelect[bool]:
    """Credits that are low already when the endpoint is created have not fallen."""
    free = organizations.c.balance - organizations.c.held
    low = ~organizations.c.credits_unlimited & (free < below)
    return sa.select(low).where(organizations.c.id == organization_id).scalar_subquery()


def _enabled_values(was: Endpoint, *, enabled: bool) -> dict[str, Any]:
    if enabled:
        return {"disabled_at": None, "disabled_reason": None, "failing_since": None}
    if was.disabled_at is not None:
        return {}
    return {"disabled_at": sa.func.clock_timestamp(), "disabled_reason": "Disabled by request."}


async def _record(connection: AsyncConnection, organization_id: str, action: Action, by: str, id: str) -> None:
    await record_action(connection, organization_id, action, by, {"webhookId": id})


async def _count(connection: AsyncConnection, organization_id: str) -> int:
    mine = webhook_endpoints.c.organization_id == organization_id
    query = sa.select(sa.func.count()).select_from(webhook_endpoints).where(mine)
    return int((await connection.execute(query)).scalar_one())


async def _endpoint(connection: AsyncConnection, organization_id: str, id: str) -> Endpoint:
    row = None
    if may_exist(id):
        row = (await connection.execute(_ENDPOINTS.where(_own(organization_id, id)))).mappings().first()
    if row is None:
        raise NotFound("webhook", id)
    return Endpoint.model_validate(row)


async def _must_be_enabled(connection: AsyncConnection, organization_id: str, id: str) -> None:
    if (await _endpoint(connection, organization_id, id)).disabled_at is not None:
        raise Disabled


async def _delivery(connection: AsyncConnection, endpoint_id: str, id: str) -> Delivery:
    where: Sequence[sa.ColumnElement[bool]] = (
        webhook_deliveries.c.id == id,
        webhook_deliveries.c.endpoint_id == endpoint_id,
    )
    row = None
    if may_exist(id):
        row = (await connection.execute(_DELIVERIES.where(*where))).mappings().first()
    if row is None:
        raise NotFound("delivery", id)
    return Delivery.model_validate(row)


async def _wake(connection: AsyncConnection, endpoint_id: str) -> None:
    await connection.execute(sa.text("SELECT announce(:channel, :id)"), {"channel": CHANNEL, "id": endpoint_id})
