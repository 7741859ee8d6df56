"""Twilio's adapter against the simulator, judged in between by Twilio's own description of its API.

`prism proxy --errors` refuses a request or an answer that does not fit. Both are development tools from npm, pinned
here, kept in the user's cache and never part of the project.
"""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carriers import Carrier
from tests.carriers.simulation import free_port
from tests.conformance.bed import NotHere
from tests.conformance.beds.simulator import SimulatorBed

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


class PrismBed(SimulatorBed):
    name = "twilio-prism"

    def __init__(self) -> None:
        super().__init__()
        self._proxy: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._log = self._directory / "prism.log"

    async def start(self, public_url: str) -> None:
        await asyncio.to_thread(self._start_proxy)
        await self._listening()
        await super().start(public_url)

    async def stop(self) -> None:
        faults = [] if self._proxy is None else self._stop_proxy(self._proxy)
        await super().stop()
        if faults:
            raise AssertionError("By Twilio's own description this is wrong:\n" + "\n".join(faults))

    def open(self, **settings: Any) -> Carrier:
        return super().open(base_url=f"http://127.0.0.1:{self._port}", **settings)

    def _start_proxy(self) -> None:
        tools = _tools()
        description = self._directory / "twilio.json"
        description.write_text(json.dumps(_description(tools)))
        self.simulator.port = free_port()
        self._port = free_port()
        upstream = f"http://127.0.0.1:{self.simulator.port}"
        arguments = ["proxy", description, upstream, "--errors", "--port", str(self._port)]
        with self._log.open("w") as log:
            prism = tools / "node_modules" / ".bin" / "prism"
            self._proxy = subprocess.Popen([prism, *arguments], stdout=log, stderr=subprocess.STDOUT)

    def _stop_proxy(self, proxy: subprocess.Popen[bytes]) -> list[str]:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(10)
        return [line for line in self._log.read_text().splitlines() if _is_fault(line)]

    async def _listening(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            while "is listening" not in self._log.read_text():
                assert self._proxy is not None
                assert self._proxy.poll() is None, self._log.read_text()
                await asyncio.sleep(0.1)


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
