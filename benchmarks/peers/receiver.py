"""A peer's receiver of callbacks: checks the signature, stores the outcome, tells the worker that waits.

`python -m benchmarks.peers.receiver PORT TELL`; TELL: `redis`, `notify` (PostgreSQL) or `dbos`.
"""

import base64
import contextlib
import hashlib
import hmac
import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response

from benchmarks.peers import records

TELL = sys.argv[2] if len(sys.argv) > 2 else "redis"
KEPT_SECONDS = 3600


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await records.open_async_pool()
    if TELL == "redis":
        import redis.asyncio  # noqa: PLC0415

        app.state.redis = redis.asyncio.from_url(records.REDIS)
    if TELL == "dbos":
        from dbos import DBOSClient  # noqa: PLC0415

        app.state.dbos = DBOSClient(system_database_url=records.DBOS_DATABASE)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/calls/{contact}/events")
async def event(contact: int, request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    text = f"{records.RECEIVER}/calls/{contact}/events" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(records.TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()
    if not hmac.compare_digest(signature, request.headers.get("x-twilio-signature", "")):
        return Response(status_code=403)
    outcome = form["CallStatus"]
    ended = {"contact": contact, "outcome": outcome, "seconds": int(form["CallDuration"])}
    async with app.state.pool.connection() as connection, connection.transaction():
        await connection.execute(records.ENDED, ended)
        if TELL == "notify":
            await connection.execute("SELECT pg_notify('ended', %s)", (str(contact),))
    if TELL == "redis":
        async with app.state.redis.pipeline() as pipe:
            await pipe.rpush(f"ended:{contact}", outcome).expire(f"ended:{contact}", KEPT_SECONDS).execute()
    if TELL == "dbos":
        await app.state.dbos.send_async(f"call-{contact}", outcome, "ended")
    return Response(status_code=204)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
