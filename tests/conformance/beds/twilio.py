"""Twilio's adapter against the simulator, judged in between by Twilio's own description of its API.

`prism proxy --errors` refuses a request or an answer that does not fit. Both are development tools from npm, pinned
here, kept in the user's cache and never part of the project.
"""

import asyncio
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from carriers import Carrier
from domain.calls.models import Audio
from stack.ports import free_port
from tests.carriers.simulation import Simulator
from tests.conformance.bed import NotHere, Seen, is_required
from tests.waiting import until

SLOWLY = "0.01"  # a call in five seconds of ours, at this speed
SPEED = 20.0  # the longest ring is 30 s of ours: long enough to hang up before, on a busy machine too
PRISM = "@stoplight/prism-cli@5.14.2"
DESCRIPTION = "@twilio/cli-core@8.3.2"
DESCRIBED = "package/src/services/twilio-api/twilio_api_v2010.json"
INSTALL_SECONDS = 240
START_SECONDS = 90.0
FAULTS = ("#VIOLATIONS", "#UNPROCESSABLE_ENTITY", "#NO_PATH_MATCHED_ERROR", "#NO_METHOD_MATCHED_ERROR", "Violation:")
UNDESCRIBED = "Unable to match the returned status code"  # Twilio describes success only
ACCOUNT = "/2010-04-01/Accounts/{Sid}.json"
CALLS = "/2010-04-01/Accounts/{AccountSid}/Calls.json"
CALL = "/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json"


class TwilioBed:
    """The simulator is a process of its own; what it wrote down is the far end's record.

    `unjudged` says why nothing was held against Twilio's description, where prism cannot be had.
    """

    name = "twilio"
    audio = Audio.WEBSOCKET
    audio_url = "wss://agent.example/talk"
    ring_seconds = 10
    talk_seconds = 20
    patience_seconds = 30.0
    unjudged: str | None = None

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="outdial-bed-"))
        self.simulator = Simulator(self._directory / "calls.db", speed=SPEED, port=free_port())
        self._areas = itertools.count(201)
        self._prism: subprocess.Popen[bytes] | None = None
        self._prism_port = free_port()
        self._log = self._directory / "prism.log"

    async def start(self, public_url: str) -> None:
        try:
            await asyncio.to_thread(self._start_prism)
        except NotHere as missing:
            if is_required(missing.tool):
                raise
            self.unjudged = str(missing)
        await asyncio.to_thread(self.simulator.start)

    async def stop(self) -> None:
        faults = [] if self._prism is None else self._stop_prism(self._prism)
        await asyncio.to_thread(self.simulator.kill)
        shutil.rmtree(self._directory)
        if faults:
            raise AssertionError("By Twilio's own description this is wrong:\n" + "\n".join(faults))

    def open(self, **settings: Any) -> Carrier:
        judged = {} if self.unjudged else {"base_url": f"http://127.0.0.1:{self._prism_port}"}
        return self.simulator.carrier(**judged, **settings)

    def number(self, digits: str) -> str:
        return f"+1{next(self._areas)}55501{digits}"

    async def seen(self, number: str) -> Sequence[Seen]:
        dials = await asyncio.to_thread(self.simulator.dials_to, number)
        return [Seen(to=dial["to"]) for dial in dials]

    @asynccontextmanager
    async def answers_lost(self, number: str) -> AsyncIterator[None]:
        self.simulator.set_faults(numbers={number: {"answer_lost": 1}})
        try:
            yield
        finally:
            self.simulator.set_faults()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self.simulator.kill)
        try:
            yield
        finally:
            await asyncio.to_thread(self.simulator.start)

    @asynccontextmanager
    async def at_limit(self) -> AsyncIterator[None]:
        """Its queue takes every call; at a rate so low, the next one waits in it for seconds, and then others go on."""
        await asyncio.to_thread(self.simulator.kill)
        self.simulator.flags = ("--calls-per-second", SLOWLY)
        await asyncio.to_thread(self.simulator.start)
        try:
            yield
        finally:
            await asyncio.to_thread(self.simulator.kill)
            self.simulator.flags = ()
            await asyncio.to_thread(self.simulator.start)

    def _start_prism(self) -> None:
        tools = _tools()
        description = self._directory / "twilio.json"
        description.write_text(json.dumps(_description(tools)))
        upstream = f"http://127.0.0.1:{self.simulator.port}"
        arguments = ["proxy", description, upstream, "--errors", "--port", str(self._prism_port)]
        with self._log.open("w") as log:
            prism = tools / "node_modules" / ".bin" / "prism"
            self._prism = subprocess.Popen([prism, *arguments], stdout=log, stderr=subprocess.STDOUT)
        until(self._is_listening, START_SECONDS, every=0.1)

    def _is_listening(self) -> bool:
        assert self._prism is not None
        assert self._prism.poll() is None, self._log.read_text()
        return "is listening" in self._log.read_text()

    def _stop_prism(self, prism: subprocess.Popen[bytes]) -> list[str]:
        prism.send_signal(signal.SIGTERM)
        prism.wait(10)
        return [line for line in self._log.read_text().splitlines() if _is_fault(line)]


def _is_fault(line: str) -> bool:
    return any(fault in line for fault in FAULTS) and UNDESCRIBED not in line


def _tools() -> Path:
    """Where prism and the description are; they are fetched once. Raises NotHere."""
    if shutil.which("npm") is None:
        raise NotHere("prism", "npm is not here: nothing of Twilio's own description was judged.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outdial-tests"
    kept = cache / f"prism-{PRISM.rpartition('@')[2]}-{DESCRIPTION.rpartition('@')[2]}"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "whole").exists():
            _fetch(kept)
            (kept / "whole").touch()
    return kept


def _fetch(into: Path) -> None:
    """The description as a bare archive: of its package nothing else is needed."""
    for command in (
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix", into, PRISM],
        ["npm", "pack", "--pack-destination", into, DESCRIPTION],
    ):
        try:
            subprocess.run(command, cwd=into, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            raise NotHere("prism", f"npm cannot fetch {PRISM} and {DESCRIPTION} ({type(error).__name__}).") from None


def _description(tools: Path) -> dict[str, Any]:
    """Twilio's description of what is used here, mended where its own examples break it."""
    (archive,) = tools.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(DESCRIBED)
        assert member is not None
        description: dict[str, Any] = json.load(member)
    description["paths"] = {path: description["paths"][path] for path in (ACCOUNT, CALLS, CALL)}
    for operation in _operations(description["paths"]):
        _repeat_keys(operation)
        _allow_relative_addresses(operation)
    return description


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in paths.values():
        yield from (operation for operation in path.values() if isinstance(operation, dict))


def _repeat_keys(operation: dict[str, Any]) -> None:
    """Lists in a form are sent by repeating their key."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        properties = media["schema"].get("properties", {})
        lists = [name for name, schema in properties.items() if schema.get("type") == "array"]
        media["encoding"] = {name: {"style": "form", "explode": True} for name in lists}


def _allow_relative_addresses(operation: dict[str, Any]) -> None:
    """A page's addresses are declared `uri`; in Twilio's examples, and in life, they have no host."""
    for answer in operation.get("responses", {}).values():
        for media in answer.get("content", {}).values():
            for name, schema in media["schema"].get("properties", {}).items():
                if name.endswith("uri") and schema.get("format") == "uri":
                    schema["format"] = "uri-reference"
