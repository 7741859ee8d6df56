"""`outdial up`: all services of Outdial on one machine, until a signal stops them."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

from stack import namespace, ready_file
from stack.data_dir import DataDir
from stack.errors import NamespaceChanged
from stack.local_secrets import ensure_codec
from stack.options import Options
from stack.processes import Program
from stack.ready_file import (
    ApiAddress,
    CarrierAddress,
    CodecAddress,
    ConsoleAddress,
    DatabaseAddress,
    Keys,
    Pids,
    Ready,
    TemporalAddress,
)
from stack.seed import create_sign_in_link, point_example_agents, seed
from stack.services import Ports, Services
from stack.supervisor import SupervisedProcess
from stack.temporal import NAMESPACE
from store.db.engine import migrate

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Session = Callable[[Ready], Coroutine[None, None, None]]


async def up(options: Options, session: Session) -> None:
    """Run the session on a stack, once all services are healthy, until it ends or a signal ends both.

    Raises StackError, and whatever the session raises.
    """
    data_dir = DataDir(options.data_dir)
    with data_dir.locked():
        data_dir.end_leftovers()
        stack = LocalStack(options, Services(options, data_dir, Ports.choose(options, data_dir)))
        async with _stop_requested() as stop:
            try:
                if await _run_unless(stop, stack.start()):
                    await _run_unless(stop, session(stack.ready))
            finally:
                await stack.stop()


class LocalStack:
    """The services of one data directory: started in order, restarted when they die, stopped in the opposite order."""

    def __init__(self, options: Options, services: Services) -> None:
        self._options = options
        self._services = services
        self._keys: Keys | None = None
        self._link = ""
        self._servers: dict[str, SupervisedProcess] = {}
        self._workers: list[SupervisedProcess] = []
        self._is_ready = False

    async def start(self) -> None:
        """Return when all services are healthy. Raises StackError."""
        self._remove_ready_file()
        if self._options.codec:
            ensure_codec(self._services.data_dir.secrets)
        await self._start_servers()
        keys = await self._prepare()
        await self._start_own(keys)
        self._keys = keys
        self._is_ready = True
        self._on_process_started()

    async def stop(self) -> None:
        """Stop all processes: the workers first, PostgreSQL last."""
        self._is_ready = False
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        for server in reversed(self._servers.values()):
            await server.stop()
        self._services.data_dir.forget_pids()
        self._remove_ready_file()

    @property
    def ready(self) -> Ready:
        """Where the services answer, once they do."""
        assert self._keys is not None, "asked before the start"  # noqa: S101
        services, keys = self._services, self._keys
        temporal, codec = services.temporal, services.codec_endpoint
        return Ready(
            api=ApiAddress(url=services.api_url, **keys.organization.model_dump()),
            console=ConsoleAddress(
                url=f"{services.api_url}/console", sign_in=f"{services.api_url}/console/enter?token={self._link}"
            ),
            other_organization=keys.other_organization,
            phone_numbers=keys.phone_numbers,
            temporal=TemporalAddress(address=temporal.address, namespace=NAMESPACE, ui=temporal.ui_url),
            database=DatabaseAddress(url=services.postgres.url.replace("+psycopg", "")),
            carrier=CarrierAddress(url=services.carrier_url, **keys.carrier.model_dump()),
            pids=self._pids(),
            metrics=services.metrics,
            codec=CodecAddress(endpoint=codec) if codec else None,
        )

    def _pids(self) -> Pids:
        servers = {name: server.pid for name, server in self._servers.items()}
        return Pids(**servers, workers=[worker.pid for worker in self._workers])

    async def _start_servers(self) -> None:
        postgres = self._services.postgres
        database, temporal = self._supervise(postgres.program()), self._supervise(self._services.temporal.program())
        self._servers = {"postgres": database, "temporal": temporal}

        async def start_postgres() -> None:
            await postgres.initialize(database.log)
            await database.start()

        await _all([start_postgres(), temporal.start()])

    async def _prepare(self) -> Keys:
        url = self._services.postgres.url
        await asyncio.to_thread(migrate, url)
        await self._bind(url)
        keys = await seed(url, self._services.data_dir.keys)
        await point_example_agents(url, keys, self._services.ports.agent if self._options.agent else None)
        self._link = await create_sign_in_link(url, keys.organization.owner_key)
        return keys

    async def _bind(self, url: str) -> None:
        """Raises NamespaceChanged."""
        client, allowed = await self._services.temporal.connect(), namespace.Allowed(rebind=self._options.rebind)
        try:
            await namespace.prepare_for(client, url, allowed, retention=namespace.RETENTION)
        except namespace.WrongNamespace as error:
            raise NamespaceChanged(self._services.data_dir.temporal_file) from error

    async def _start_own(self, keys: Keys) -> None:
        carrier, api = self._services.carrier(keys.carrier), self._services.api(keys.carrier)
        self._servers |= {program.name: self._supervise(program) for program in (carrier, api)}
        if self._options.agent:
            self._servers["agent"] = self._supervise(self._services.agent())
        codec = self._services.codec()
        if codec is not None:
            self._servers["codec"] = self._supervise(codec)
        self._workers = [self._supervise(program) for program in self._services.workers(keys.carrier)]
        names = ("carrier", "api", "agent", "codec")
        own = [self._servers[name] for name in names if name in self._servers] + self._workers
        await _all(process.start() for process in own)

    def _supervise(self, program: Program) -> SupervisedProcess:
        return SupervisedProcess(program, self._services.data_dir.logs, self._on_process_started)

    def _on_process_started(self) -> None:
        """Write its pid to the ready file, for scripts, and to the data directory, for the next run."""
        running = [*self._servers.values(), *self._workers]
        self._services.data_dir.save_pids(
            {process.pid: process.program.orphan_signal for process in running if process.pid}
        )
        if self._is_ready and self._options.ready_file is not None:
            try:
                ready_file.write(self.ready, self._options.ready_file)
            except OSError:
                log.exception("the ready file %s cannot be written", self._options.ready_file)

    def _remove_ready_file(self) -> None:
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def _stop_requested() -> AsyncIterator[asyncio.Event]:
    """An event that a signal sets."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _run_unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Run the work to its end unless `stop` is set first; whether it ended."""
    running, waiting = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if running.done():
        running.result()
        return True
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return False


async def _all(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all at once; the first to fail cancels the others, and its error is raised as it is."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
