"""Does to the parts of a stack what the plan says, and notes when."""

import contextlib
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil

from tests.chaos.plan import Disruption
from tests.end_to_end.live_stack import LiveStack

REPLACED_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Done:
    """One disruption, and when it was (seconds since the epoch)."""

    disruption: Disruption
    at: float


@dataclass
class Disruptor:
    """Kills wait until the part was started again; what stands still goes on by itself, whatever else happens."""

    stack: LiveStack
    done: list[Done] = field(default_factory=list)
    _asleep: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))
    _sleeps: list[Future[None]] = field(default_factory=list)

    def do(self, disruption: Disruption) -> None:
        self.done.append(Done(disruption, time.time()))
        if disruption.how == "stop":
            self._sleeps.append(self._asleep.submit(self._stop, disruption))
            return
        asked = signal.SIGINT if disruption.part == "postgres" else signal.SIGTERM  # its SIGTERM waits for clients
        how = signal.SIGKILL if disruption.how == "kill" else asked
        old = self.stack.pid(disruption.part, disruption.number)
        with contextlib.suppress(ProcessLookupError):
            self.stack.kill(disruption.part, disruption.number, how)
        self._wait_until_replaced(disruption, old)

    def finish(self) -> None:
        """Return when nothing stands still any more. Raises what went wrong in it."""
        self._asleep.shutdown()
        for sleep in self._sleeps:
            sleep.result()

    def _wait_until_replaced(self, disruption: Disruption, old: int) -> None:
        deadline = time.monotonic() + REPLACED_WITHIN_SECONDS
        while self.stack.pid(disruption.part, disruption.number) == old:
            assert self.stack.process.poll() is None, f"`up` ended: {self.stack.output}"
            assert time.monotonic() < deadline, f"{disruption} was not started again"
            time.sleep(0.05)

    def _stop(self, disruption: Disruption) -> None:
        """The part with its children: PostgreSQL works in them."""
        frozen = list(_family(self.stack.pid(disruption.part, disruption.number)))
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(disruption.seconds)
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def _family(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        yield parent
        yield from parent.children(recursive=True)
