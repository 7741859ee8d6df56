"""The routes: Twilio's Calls API, and the simulator's own."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from carriers.simulator.call_engine import CallEngine
from carriers.simulator.call_store import CallStore
from carriers.simulator.calls import Call
from carriers.simulator.faults import Faults, happens
from carriers.simulator.options import Options
from carriers.simulator.request_parsing import call_request_of, check_credentials, filters_of, form_of, page_of
from carriers.simulator.resources import (
    API,
    ApiError,
    account_resource,
    call_resource,
    list_resource,
    recording_resource,
    recordings_list,
)
from carriers.simulator.server import drop_connection

FIRST_CALLBACK_TIMEOUT_SECONDS = 5.0
Handler = Callable[[Request], Awaitable[Response]]


class CallsApi:
    """Create, fetch, list and update calls."""

    def __init__(self, options: Options, engine: CallEngine, store: CallStore) -> None:
        self._options = options
        self._engine = engine
        self._store = store
        self._requests: Counter[str] = Counter()  # to create calls, by number; refused ones too

    def routes(self) -> list[Route]:
        account = f"{API}/Accounts/{{account}}"
        return [
            Route(f"{account}/Calls.json", self._authenticated(self.create), methods=["POST"]),
            Route(f"{account}/Calls.json", self._authenticated(self.list), methods=["GET"]),
            Route(f"{account}/Calls/{{sid}}.json", self._authenticated(self.update), methods=["POST"]),
            Route(f"{account}/Calls/{{sid}}.json", self._authenticated(self.fetch), methods=["GET"]),
            Route(f"{account}/Calls/{{sid}}.json", self._authenticated(self.delete), methods=["DELETE"]),
            Route(f"{account}/Recordings.json", self._authenticated(self.list_recordings), methods=["GET"]),
            Route(f"{account}/Recordings/{{sid}}.json", self._authenticated(self.delete_recording), methods=["DELETE"]),
            Route(f"{account}.json", self._authenticated(self.account), methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        asked_at = time.time()
        call_request = call_request_of(form_of(await request.body()))
        if call_request.from_ in self._engine.faults.callers_refused:
            raise ApiError(400, 21210)
        faults = self._engine.faults_of(call_request.to)
        self._requests[call_request.to] += 1
        draw = (self._options.seed, call_request.to, self._requests[call_request.to])
        if happens(faults.hang, *draw, "hang"):
            return await _never_answer(request)
        _refuse_by_chance(faults, draw)
        call = self._engine.create(call_request, asked_at)
        return await self._answer_create(request, call, faults, draw)

    async def _answer_create(self, request: Request, call: Call, faults: Faults, draw: tuple[object, ...]) -> Response:
        resource = self._resource(call)
        if happens(faults.callback_before_answer, *draw, "before"):
            await self._engine.first_callback(call, FIRST_CALLBACK_TIMEOUT_SECONDS)
        if faults.create_delay_seconds:
            await asyncio.sleep(faults.create_delay_seconds)
        if happens(faults.answer_lost, *draw, "answer lost"):
            return await _lose_answer(request, faults)
        return JSONResponse(resource, 201)

    async def fetch(self, request: Request) -> Response:
        return JSONResponse(self._resource(self._call(request)))

    async def list(self, request: Request) -> Response:
        query = dict(request.query_params)
        page, size = page_of(query)
        before = time.time() - self._engine.faults.list_lag_seconds
        calls = self._store.page(filters_of(query), before=before, limit=size + 1, offset=page * size)
        own = {name: value for name, value in query.items() if name not in {"Page", "PageSize", "PageToken"}}
        sid = self._options.account_sid
        return JSONResponse(list_resource(calls[:size], sid, own, page=page, page_size=size, more=len(calls) > size))

    async def update(self, request: Request) -> Response:
        """Status=canceled ends a call that nobody has answered, completed any; TwiML is accepted and ignored."""
        call = self._call(request)
        form = form_of(await request.body())
        status = form.get("Status", [""])[-1]
        if not call.live:
            raise ApiError(400, 21220)
        if status not in {"", "canceled", "completed"}:
            raise ApiError(400, 20001)
        if status == "completed" or (status == "canceled" and call.answered_at is None):
            self._engine.hang_up(call)
        elif not status and call.answered_at is None:
            raise ApiError(400, 21220)
        return JSONResponse(self._resource(call))

    async def delete(self, request: Request) -> Response:
        """Delete a call that has ended. The simulator's own record keeps that there was one."""
        _refuse_deletion(self._engine.faults)
        call = self._call(request)
        if call.live:
            raise ApiError(400, 20009)
        self._engine.delete(call)
        return Response(status_code=204)

    async def list_recordings(self, request: Request) -> Response:
        """Of one call (`CallSid`)."""
        _refuse_deletion(self._engine.faults)
        call = self._engine.get(request.query_params.get("CallSid", ""))
        recorded = call is not None and call.recording_sid is not None and call.answered_at is not None
        found = [call] if call is not None and recorded else []
        sid = self._options.account_sid
        return JSONResponse(recordings_list([recording_resource(each, sid) for each in found], sid))

    async def delete_recording(self, request: Request) -> Response:
        _refuse_deletion(self._engine.faults)
        call = self._store.get_by_recording(request.path_params["sid"])
        if call is None:
            raise ApiError(404, 20404)
        self._engine.delete_recording(call.sid)
        return Response(status_code=204)

    async def account(self, request: Request) -> Response:
        return JSONResponse(account_resource(self._options.account_sid))

    def _call(self, request: Request) -> Call:
        call = self._engine.get(request.path_params["sid"])
        if call is None or call.deleted_at is not None:
            raise ApiError(404, 20404)
        return call

    def _resource(self, call: Call) -> dict[str, Any]:
        return call_resource(call, self._options.account_sid)

    def _authenticated(self, handler: Handler) -> Handler:
        """Handle requests with the account's credentials; answer errors as Twilio does."""

        async def handle(request: Request) -> Response:
            try:
                self._check(request)
                return await handler(request)
            except ApiError as error:
                return JSONResponse(error.body(), error.status, error.headers)

        return handle

    def _check(self, request: Request) -> None:
        if status := self._engine.faults.account_refused:
            raise ApiError(status, 20003)
        sid = self._options.account_sid
        check_credentials(request.headers.get("authorization", ""), sid, self._options.auth_token)
        if request.path_params["account"] != sid:
            raise ApiError(404, 20404)


def _refuse_deletion(faults: Faults) -> None:
    if faults.deletion_unavailable:
        raise ApiError(503, 20503)


def _refuse_by_chance(faults: Faults, draw: tuple[object, ...]) -> None:
    retry_after = {"Retry-After": str(faults.retry_after_seconds)}
    if happens(faults.too_many_requests, *draw, "429"):
        raise ApiError(429, 20429, retry_after)
    if happens(faults.unavailable, *draw, "503"):
        raise ApiError(503, 20503, retry_after)
    if happens(faults.server_error, *draw, "500"):
        raise ApiError(500, 20500)


async def _lose_answer(request: Request, faults: Faults) -> Response:
    if faults.answer_lost_how == "hang":
        return await _never_answer(request)
    if faults.answer_lost_how == "error":
        raise ApiError(500, 20500)
    drop_connection(request.scope)
    return Response(status_code=500)  # never sent


async def _never_answer(request: Request) -> Response:
    """Leave the request without an answer until the client goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=499)


class SimulatorApi:
    """What no carrier offers: every dial, and faults."""

    def __init__(self, engine: CallEngine, store: CallStore) -> None:
        self._engine = engine
        self._store = store

    def routes(self) -> list[Route]:
        return [
            Route("/simulator/report", self.report, methods=["GET"]),
            Route("/simulator/streams", self.streams, methods=["GET"]),
            Route("/simulator/faults", self.read_faults, methods=["GET"]),
            Route("/simulator/faults", self.set_faults, methods=["PUT"]),
            Route("/simulator/health", self.health, methods=["GET"]),
        ]

    async def report(self, request: Request) -> Response:
        self._store.flush()
        return Response(await asyncio.to_thread(self._store.report), media_type="application/json")

    async def streams(self, request: Request) -> Response:
        return JSONResponse(asdict(self._engine.media.counts))

    async def read_faults(self, request: Request) -> Response:
        return JSONResponse(self._engine.faults.model_dump(mode="json", exclude_defaults=True))

    async def set_faults(self, request: Request) -> Response:
        """Replace all faults; `{}` ends them."""
        try:
            self._engine.faults = Faults.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_url=False, include_input=False)}, 400)
        return await self.read_faults(request)

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True})


def build_app(options: Options) -> Starlette:
    """The simulator's application; it opens its database when it starts."""
    store = CallStore(options.database)
    engine = CallEngine(options, store)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await engine.open()
        yield
        await engine.close()

    routes = CallsApi(options, engine, store).routes() + SimulatorApi(engine, store).routes()
    return Starlette(routes=routes, lifespan=lifespan)
