"""`outdial up`: all parts of Outdial on one machine, until told to end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

from stack import namespace, ready_file
from stack.data_dir import DataDir
from stack.options import Options
from stack.processes import Program
from stack.ready_file import ApiAddress, CarrierAddress, DatabaseAddress, Keys, Pids, Ready, TemporalAddress
from stack.seed import seed
from stack.services import Ports, Services
from stack.supervisor import Supervised
from stack.temporal import NAMESPACE
from store.db.engine import migrate

log = logging.getLogger(__name__)

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


Story = Callable[[Ready], Coroutine[None, None, None]]


async def up(options: Options, story: Story) -> None:
    """Run the stack for as long as the story takes, told once all answers, or until a signal ends both.

    Raises StackError, and whatever the story raises.
    """
    data_dir = DataDir(options.data_dir)
    with data_dir.held():
        data_dir.end_leftovers()
        stack = LocalStack(options, Services(options, data_dir, Ports.settle(options, data_dir)))
        async with _asked_to_end() as asked:
            try:
                if await _unless(asked, stack.start()):
                    await _unless(asked, story(stack.ready))
            finally:
                await stack.stop()


class LocalStack:
    """The parts of one data directory: started in order, kept alive, ended in the opposite order."""

    def __init__(self, options: Options, parts: Services) -> None:
        self._options = options
        self._parts = parts
        self._keys: Keys | None = None
        self._servers: dict[str, Supervised] = {}
        self._workers: list[Supervised] = []
        self._answers = False

    async def start(self) -> None:
        """Return when all answers. Raises StackError."""
        self._forget_ready_file()
        await self._start_servers()
        keys = await self._prepare()
        await self._start_ours(keys)
        self._keys = keys
        self._answers = True
        self._changed()

    async def stop(self) -> None:
        """End all that runs: the workers first, PostgreSQL last."""
        self._answers = False
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        for server in reversed(self._servers.values()):
            await server.stop()
        self._parts.data_dir.forget()
        self._forget_ready_file()

    @property
    def ready(self) -> Ready:
        """Where everything answers, once it does."""
        assert self._keys is not None, "asked before the start"  # noqa: S101
        parts, keys = self._parts, self._keys
        return Ready(
            api=ApiAddress(url=parts.api_url, **keys.organization.model_dump()),
            other_organization=keys.other_organization,
            phone_numbers=keys.phone_numbers,
            temporal=TemporalAddress(address=parts.temporal.address, namespace=NAMESPACE, ui=parts.temporal.ui_url),
            database=DatabaseAddress(url=parts.postgres.url.replace("+psycopg", "")),
            carrier=CarrierAddress(url=parts.carrier_url, **keys.carrier.model_dump()),
            pids=self._pids(),
        )

    def _pids(self) -> Pids:
        servers = {name: server.pid for name, server in self._servers.items()}
        return Pids(**servers, workers=[worker.pid for worker in self._workers])

    async def _start_servers(self) -> None:
        postgres = self._parts.postgres
        database, temporal = self._watch(postgres.program()), self._watch(self._parts.temporal.program())
        self._servers = {"postgres": database, "temporal": temporal}

        async def start_postgres() -> None:
            await postgres.initialise(database.log)
            await database.start()

        await _all([start_postgres(), temporal.start()])

    async def _prepare(self) -> Keys:
        url = self._parts.postgres.url
        await asyncio.to_thread(migrate, url)
        await namespace.prepare(await self._parts.temporal.connect(), retention=namespace.RETENTION)
        return await seed(url, self._parts.data_dir.keys)

    async def _start_ours(self, keys: Keys) -> None:
        carrier, api = self._parts.carrier(keys.carrier), self._parts.api(keys.carrier)
        self._servers |= {program.name: self._watch(program) for program in (carrier, api)}
        self._workers = [self._watch(program) for program in self._parts.workers(keys.carrier)]
        ours = [self._servers["carrier"], self._servers["api"], *self._workers]
        await _all(part.start() for part in ours)

    def _watch(self, program: Program) -> Supervised:
        return Supervised(program, self._parts.data_dir.logs, self._changed)

    def _changed(self) -> None:
        """A process is new: say so to scripts, and note it for the next run."""
        running = [*self._servers.values(), *self._workers]
        self._parts.data_dir.remember({part.pid: part.program.orphan_signal for part in running if part.pid})
        if self._answers and self._options.ready_file is not None:
            try:
                ready_file.write(self.ready, self._options.ready_file)
            except OSError:
                log.exception("the ready file %s cannot be written", self._options.ready_file)

    def _forget_ready_file(self) -> None:
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def _asked_to_end() -> AsyncIterator[asyncio.Event]:
    """An event that a signal sets."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in ENDINGS:
        loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        for number in ENDINGS:
            loop.remove_signal_handler(number)


async def _unless(asked: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do the work unless the end is asked for first; whether it was done."""
    doing, waiting = asyncio.create_task(work), asyncio.create_task(asked.wait())
    try:
        await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    return False


async def _all(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Do all at once; the first to fail ends the others, and its error is raised as it is."""
    doing = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*doing)
    finally:
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
