"""Idempotency of requests that create, by their `Idempotency-Key`: docs/decisions/0015 has the promise."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, WithJsonSchema

from api.auth import PLATFORM, AdminDep, PlatformDep
from api.dependencies import ForkPoolDep, IdempotencyDep, VaultDep
from api.http.bodies import Form, JsonBody
from api.http.errors import IdempotencyConflict, SecretsUnavailable, Unavailable
from api.http.exception_handlers import to_known_error
from api.http.fork_pool import ForkPool
from domain.errors import InvalidRequest
from domain.requests.strict_json import MAX_OPTIONS, MAX_VALUES, has_more_values
from store.db.ids import new_id
from store.db.vault import Vault
from store.errors import NoSecret, Unreadable
from store.idempotency import HOLD, Answered, DifferentContent, Idempotency, InProgress, RecordKey, Reserved

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY = re.compile(r"[\x20-\x7e]{1,255}")
WAIT_LIMIT = 30.0  # seconds for the request that is at work; a client's own patience often ends there
WAIT_POLL = 0.1  # seconds
PROLONG_SECONDS = HOLD.total_seconds() / 3
SMALL = 64 * 1024  # bytes of JSON that are read on the spot

BAD_KEY = f"{HEADER} must have 1 to 255 printable ASCII characters."
USED = f"This {HEADER} was used for a request with other content. Take a new key for a new request."
USED_FOR_A_SECRET = (
    f"This {HEADER} was used with another API key or for other content: a secret is shown to the key that asked."
)
STILL_AT_WORK = f"Another request with this {HEADER} is still at work. Send it again in a moment."
NO_SECRET = f"This server keeps no secrets (OUTDIAL_SECRET is not set), so that {HEADER} cannot be used here."
GONE = "The first answer was sealed with a secret that the server does not have any more. Take a new key."

log = logging.getLogger("api.http.idempotency")

Answer = TypeVar("Answer", bound=BaseModel)
Content = Form | JsonBody | bytes


@dataclass(frozen=True)
class CreateContext:
    """What a request that creates takes its ids and its present from, so that doing it again changes neither."""

    now: datetime
    seed: str | None = None

    def new_id(self, prefix: str) -> str:
        """The id of the one thing of this kind that the request creates."""
        return new_id(prefix) if self.seed is None else f"{prefix}_{self.seed}"


Work = Callable[[CreateContext], Awaitable[Answer]]


class IdempotentRequest:
    """The request's `Idempotency-Key`, if it has one."""

    def __init__(
        self, idempotency: Idempotency, vault: Vault, pool: ForkPool, record: RecordKey | None, response: Response
    ) -> None:
        self._idempotency = idempotency
        self._pool = pool
        self._vault = vault
        self._record = record
        self._response = response
        self._holder = token_hex(12)

    async def answer(
        self, kind: type[Answer], content: Content, work: Work[Answer], *, secret_of: str | None = None
    ) -> Answer:
        """Do the work, or answer what it was answered before: whatever the caller must be allowed is judged by then.

        `secret_of`: the answer shows a secret, is kept sealed, and is for this API key alone (its id, or "platform").
        Raises IdempotencyConflict, Unavailable, SecretsUnavailable, and what `work` raises.
        """
        secret = secret_of is not None
        if self._record is None:
            return await work(CreateContext(datetime.now(UTC)))
        if secret and not self._vault.can_seal:
            raise SecretsUnavailable(NO_SECRET)
        used = USED_FOR_A_SECRET if secret else USED
        taken = await self._taken(self._record, await self._fingerprint(self._record, content, secret_of), used)
        if isinstance(taken, Answered):
            self._response.headers[REPLAYED] = "true"
            return kind.model_validate_json(self._opened(taken.answer) if secret else taken.answer)
        return await self._work(self._record, taken, work, secret=secret)

    async def _fingerprint(self, record: RecordKey, content: Content, secret_of: str | None) -> str:
        """SHA-256 of what was sent, and by which API key where the answer is for it alone."""
        sent = await _of_content(content, self._pool, record.scope)
        return sent if secret_of is None else _of({"sent": sent, "by": secret_of})

    async def _taken(self, record: RecordKey, fingerprint: str, used: str) -> Reserved | Answered:
        try:
            async with asyncio.timeout(WAIT_LIMIT):
                while True:
                    taken = await self._idempotency.reserve(record, fingerprint, self._holder)
                    if isinstance(taken, DifferentContent):
                        raise IdempotencyConflict(used)
                    if not isinstance(taken, InProgress):
                        return taken
                    await self._until_free(record)
        except TimeoutError:
            raise Unavailable(STILL_AT_WORK) from None

    async def _until_free(self, record: RecordKey) -> None:
        await asyncio.sleep(WAIT_POLL)
        while await self._idempotency.is_in_progress(record):  # noqa: ASYNC110  what changes is in the database
            await asyncio.sleep(WAIT_POLL)

    async def _work(self, record: RecordKey, held: Reserved, work: Work[Answer], *, secret: bool) -> Answer:
        try:
            async with self._prolonging(record):
                answer = await work(CreateContext(held.begun_at if held.resumed else datetime.now(UTC), held.seed))
        except Exception as error:
            await self._give_back(record, held, error)
            raise
        await self._keep(record, held, answer, secret=secret)
        return answer

    @asynccontextmanager
    async def _prolonging(self, record: RecordKey) -> AsyncIterator[None]:
        task = asyncio.create_task(self._prolong(record))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _prolong(self, record: RecordKey) -> None:
        while True:
            await asyncio.sleep(PROLONG_SECONDS)
            with _logged("prolonged"):
                await self._idempotency.extend(record, self._holder)

    async def _give_back(self, record: RecordKey, held: Reserved, error: Exception) -> None:
        """After a refusal nothing is there, and the key is free; after anything else that is not known."""
        with _logged("given back"):
            if _refused(error) and not held.resumed:
                await self._idempotency.forget(record, self._holder)
            else:
                await self._idempotency.release(record, self._holder)

    async def _keep(self, record: RecordKey, held: Reserved, answer: BaseModel, *, secret: bool) -> None:
        """Without it the next request would find what was created by its id: the answer is given either way."""
        text = answer.model_dump_json(by_alias=True)
        with _logged("kept"):
            await self._idempotency.store_answer(record, held.seed, self._vault.seal(text) if secret else text)

    def _opened(self, sealed: str) -> str:
        try:
            return self._vault.open(sealed)
        except (NoSecret, Unreadable):
            raise SecretsUnavailable(GONE) from None


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """What fails here must not fail the request."""
    try:
        yield
    except Exception as error:
        log.warning("An idempotency record was not %s: %s", what, type(error).__name__)


def _refused(error: Exception) -> bool:
    known = to_known_error(error)
    return known is not None and known.status < 500


IdempotencyKey = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}),
    Header(
        alias=HEADER,
        description="Of your own making, 1 to 255 printable ASCII characters. The same request with the same key is"
        f" done once: others get its answer, with `{REPLAYED}: true`. Kept for 7 days.",
    ),
]
REPLAYABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            REPLAYED: {
                "description": "`true` where the request was done before: this is the answer that it had.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    }
}


async def of_organization(
    request: Request,
    response: Response,
    caller: AdminDep,
    idempotency: IdempotencyDep,
    vault: VaultDep,
    pool: ForkPoolDep,
    key: IdempotencyKey = None,
) -> IdempotentRequest:
    """For what an organization creates. Raises InvalidRequest for a key that cannot be one."""
    return IdempotentRequest(idempotency, vault, pool, _record(request, key, caller.organization_id), response)


async def of_platform(
    request: Request,
    response: Response,
    _: PlatformDep,
    idempotency: IdempotencyDep,
    vault: VaultDep,
    pool: ForkPoolDep,
    key: IdempotencyKey = None,
) -> IdempotentRequest:
    """For what the platform creates. Raises InvalidRequest for a key that cannot be one."""
    return IdempotentRequest(idempotency, vault, pool, _record(request, key, PLATFORM), response)


IdempotentDep = Annotated[IdempotentRequest, Depends(of_organization)]
PlatformIdempotentDep = Annotated[IdempotentRequest, Depends(of_platform)]


def _record(request: Request, key: str | None, scope: str) -> RecordKey | None:
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise InvalidRequest(BAD_KEY, [{"field": HEADER, "reason": "must have 1 to 255 printable characters"}])
    path = request.scope["path"].removeprefix("/v1")
    return RecordKey(scope=scope, route=f"{request.method} {path}", key=key)


async def _of_content(content: Content, pool: ForkPool, owner: str) -> str:
    """SHA-256 of what was sent: boundary, order, blanks and the file's name do not count."""
    if isinstance(content, Form):
        return await asyncio.to_thread(_of_form, content)
    body, charset = (content.content, content.charset) if isinstance(content, JsonBody) else (content, None)
    return _of_json(body, charset) if len(body) <= SMALL else await pool.run(owner, _of_json, body, charset)


def _of_form(form: Form) -> str:
    file = None if not form.file else sha256(form.file).hexdigest()
    given = {name: value for name, value in form.fields.items() if value.strip()}
    return _of({"file": file, "fields": given})


def _of_json(body: bytes, charset: str | None) -> str:
    """Members that are null are as if they were not given; what is no JSON, or too much, counts byte by byte."""
    try:
        text = body.decode(json.detect_encoding(body) if charset is None else charset)
        if has_more_values(text, MAX_OPTIONS if len(body) <= SMALL else MAX_VALUES):
            return sha256(body).hexdigest()
        sent = json.loads(text.removeprefix("\ufeff"))
        given = {name: value for name, value in sent.items() if value is not None} if isinstance(sent, dict) else sent
        return _of({"json": given})
    except (ValueError, LookupError, RecursionError):
        return sha256(body).hexdigest()


def _of(content: Mapping[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
