"""A deployment as docs/operations.md describes it, without `outdial up`: each process started by its own command.

PostgreSQL asks for a password over TCP, secrets are files, nginx ends TLS in front of two APIs, and an organization is
made by the command line. The simulator is the carrier, and reaches the APIs by nginx.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx

from stack import health_checks
from stack.postgres import Postgres
from stack.processes import Program
from stack.temporal import NAMESPACE, Temporal
from tests import nginx
from tests.certificates import authority_for
from tests.end_to_end.live_stack import LiveStack, new_home
from tests.waiting import until

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120
STOP_SECONDS = 45  # as stop_grace_period and TimeoutStopSec
ACCOUNT_SID = "AC" + "0" * 32
CALLS_PER_SECOND = 20  # before scaling by the speed
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Version:
    """One of ours, as processes run it: where its code is, and the Python that has what it needs."""

    tree: Path = ROOT
    python: Path = Path(sys.executable)

    def module(self, name: str) -> list[str]:
        return [str(self.python), "-P", "-m", name]

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.tree)}  # before what is installed, which is today's


@dataclass
class Part:
    """One process."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        user = self.program.user
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.program.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.program.directory or ROOT,
                env=inherited | self.program.environment,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                start_new_session=True,
            )

    def wait_until_well(self) -> None:
        """Start it again where it ended, as systemd and Compose do, until it is there for what it is for."""
        check = self.program.health_check
        assert check is not None

        def well() -> bool:
            if self.process.poll() is not None:
                self.start()
                return False
            return asyncio.run(check(self.process.pid))  # type: ignore[arg-type]

        try:
            until(well, READY_SECONDS, every=0.2)
        except AssertionError as late:
            raise AssertionError(f"{self.name}: {late}\n{self.log.read_text()[-2000:]}") from late

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop, and wait. SIGKILL takes its children with it, as the end of a container or a unit does."""
        if self.process.poll() is not None:
            return
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.send_signal(self.program.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise


class Deployment(LiveStack):
    """What runs, and the ways to look at it that tests know of a stack; `parts` by name, in the order of a start."""

    def __init__(
        self,
        home: Path,
        *,
        apis: int,
        workers: int,
        speed: float,
        settings: Mapping[str, str],
        version: Version = Version(),
    ) -> None:
        self.version = version
        self.data_dir = home / "data"
        self.ports = ports = _free_ports()
        self.speed = speed
        self.postgres = Postgres(home / "postgres", next(ports), self._make_secrets("postgres_password"))
        self.temporal = Temporal(home / "temporal.db", next(ports), next(ports))
        self.carrier_url = f"http://127.0.0.1:{next(ports)}"
        self.api_ports = [next(ports) for _ in range(apis)]
        self.metrics_ports = [next(ports) for _ in range(apis + workers)]
        self.public_port = next(ports)
        self.workers = workers
        self.settings = settings
        self.trusted, self._served = authority_for("localhost", home)
        self.parts = {program.name: Part(program, self._log(program.name)) for program in self._programs()}
        self._organization: dict[str, Any] = {}

    @classmethod
    @contextlib.contextmanager
    def running(  # type: ignore[override]
        cls,
        *,
        apis: int = 2,
        workers: int = 3,
        speed: float,
        limit: int,
        settings: Mapping[str, str] | None = None,
        version: Version = Version(),
    ) -> Iterator[Self]:
        """Ended and removed afterwards. `limit`: lines of its only organization."""
        with new_home() as home:
            (home / "data/logs").mkdir(parents=True)
            deployment = cls(home, apis=apis, workers=workers, speed=speed, settings=settings or {}, version=version)
            try:
                deployment._start(limit)
                yield deployment
            finally:
                for part in reversed(deployment.parts.values()):
                    if hasattr(part, "process"):
                        part.end(signal.SIGKILL)

    @classmethod
    @contextlib.contextmanager
    def servers(cls) -> Iterator[Self]:
        """PostgreSQL and Temporal alone: ours run elsewhere, on this deployment's ports and with its settings."""
        with new_home() as home:
            (home / "data/logs").mkdir(parents=True)
            deployment = cls(home, apis=1, workers=1, speed=1.0, settings={})
            asyncio.run(deployment.postgres.initialize(deployment._log("initdb")))
            servers = [deployment.parts[name] for name in ("postgres", "temporal")]
            try:
                for part in servers:
                    part.start()
                    part.wait_until_well()
                yield deployment
            finally:
                for part in servers:
                    if hasattr(part, "process"):
                        part.end(signal.SIGKILL)

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file of `outdial up` says."""
        metrics = [f"http://127.0.0.1:{port}/metrics" for port in self.metrics_ports]
        return {
            "api": {"url": f"https://localhost:{self.public_port}", **self._organization.get("api", {})},
            "phoneNumbers": self._organization.get("phoneNumbers", {}),
            "database": {"url": self.postgres.url.replace("+psycopg", "")},
            "temporal": {"address": self.temporal.address, "namespace": NAMESPACE},
            "carrier": {
                "url": self.carrier_url,
                "accountSid": ACCOUNT_SID,
                "authToken": self.secret("twilio_auth_token"),
            },
            "metrics": {"apis": metrics[: len(self.api_ports)], "workers": metrics[len(self.api_ports) :]},
        }

    def http(self, key: str | None = None) -> httpx.Client:
        """A client that comes by nginx, with the owner's key where none is given; close it."""
        headers = {"Authorization": f"Bearer {key or self.ready['api']['ownerKey']}"}
        context = ssl.create_default_context(cafile=str(self.trusted))
        return httpx.Client(
            base_url=self.ready["api"]["url"], headers=headers, verify=context, trust_env=False, timeout=60
        )

    def secret(self, name: str) -> str:
        return self._secret_file(name).read_text()

    def restart(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a part and start it again at once; it has to become well by itself."""
        part = self.parts[name]
        part.end(how)
        part.start()
        part.wait_until_well()

    def install(self, version: Version) -> None:
        """From now on commands are those of this version, and whatever of ours is started again."""
        self.version = version
        for program in self._ours():
            self.parts[program.name].program = program

    def outdial(self, *arguments: str) -> Any:
        """Run the command line where the services run; what it prints, as JSON."""
        command = [*self.version.module("cli.main"), *arguments]
        environment = {"PATH": os.environ["PATH"], **self.environment(), **self.version.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if "--json" in arguments else None

    def environment(self) -> dict[str, str]:
        """The settings of API, worker and command line, as /etc/outdial/outdial.env has them."""
        host = f"127.0.0.1:{self.postgres.port}"
        return {
            "OUTDIAL_DATABASE_URL": f"postgresql+psycopg://postgres@{host}/outdial",
            "OUTDIAL_DATABASE_PASSWORD_FILE": str(self._secret_file("postgres_password")),
            "OUTDIAL_SECRET_FILE": str(self._secret_file("outdial_secret")),
            "OUTDIAL_PLATFORM_KEY_FILE": str(self._secret_file("outdial_platform_key")),
            "OUTDIAL_PUBLIC_URL": f"https://localhost:{self.public_port}",
            "OUTDIAL_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "OUTDIAL_TWILIO_AUTH_TOKEN_FILE": str(self._secret_file("twilio_auth_token")),
            "OUTDIAL_TWILIO_BASE_URL": self.carrier_url,
            "OUTDIAL_AGENT_ALLOW_PRIVATE": "127.0.0.0/8",
            "OUTDIAL_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
            "OUTDIAL_SPEED": str(self.speed),
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def _programs(self) -> Iterator[Program]:
        yield self.postgres.program()
        yield replace(self.temporal.program(), environment={"HOME": str(self.data_dir)})
        yield self._simulator()
        yield from self._ours()
        directory = self.data_dir / "nginx"
        directory.mkdir()
        apis = [f"127.0.0.1:{port}" for port in self.api_ports]
        command = nginx.command(directory, self.public_port, apis, self._served)
        yield Program("nginx", command, health_check=health_checks.accepts_connections(self.public_port))

    def _ours(self) -> Iterator[Program]:
        """APIs and workers, of the version that is installed."""
        common = self.environment() | self.version.environment
        for number, port in enumerate(self.api_ports, 1):
            environment = common | {"OUTDIAL_API_PORT": str(port)} | self._metrics(number - 1)
            well = health_checks.answers_http(f"http://127.0.0.1:{port}/healthz")
            command = self.version.module("api")
            yield Program(f"api-{number}", command, environment, directory=self.version.tree, health_check=well)
        for number in range(1, self.workers + 1):
            environment = common | self._metrics(len(self.api_ports) + number - 1)
            well = health_checks.worker_polls(self.temporal.connect)
            command = self.version.module("worker")
            yield Program(f"worker-{number}", command, environment, directory=self.version.tree, health_check=well)

    def _simulator(self) -> Program:
        port = int(self.carrier_url.rpartition(":")[2])
        flags = {"--port": port, "--database": self.data_dir / "carrier.db", "--speed": self.speed}
        flags["--calls-per-second"] = CALLS_PER_SECOND
        return Program(
            "simulator",
            [*Version().module("carriers.simulator"), *(str(part) for flag in flags.items() for part in flag)],
            {
                "OUTDIAL_SIMULATOR_ACCOUNT_SID": ACCOUNT_SID,
                "OUTDIAL_SIMULATOR_AUTH_TOKEN": self.secret("twilio_auth_token"),
                "SSL_CERT_FILE": str(self.trusted),
            },
            health_check=health_checks.accepts_connections(port),
        )

    def _start(self, limit: int) -> None:
        asyncio.run(self.postgres.initialize(self._log("initdb")))
        for name, part in self.parts.items():
            if name == "simulator":  # the servers are up: docs/operations.md, "The order of a start"
                self.outdial("migrate", "--temporal", "--create-namespace")
            part.start()
            part.wait_until_well()
        self._organization = self._create_organization(limit)

    def _create_organization(self, limit: int) -> dict[str, Any]:
        """As docs/operations.md says, "First organization"."""
        id = self.outdial("org", "create", "Example Ltd", "--limit", str(limit), "--credits", "1000", "--json")["id"]
        self.outdial("org", "change", id, "--countries", "*", "--json")
        agent = self.outdial("agent", "create", id, "Front desk", "ws://127.0.0.1:9/", "--audio", "websocket", "--json")
        pace = ("--calls-per-second", str(CALLS_PER_SECOND))
        number = self.outdial("number", "create", id, "+12025550199", "--agent", agent["id"], *pace, "--json")
        key = self.outdial("key", "create", id, "--role", "owner", "--json")
        return {
            "api": {"organizationId": id, "ownerKey": key["key"]},
            "phoneNumbers": {"pipeline": number["id"]},
        }

    def _make_secrets(self, name: str) -> str:
        deploy = shutil.copytree(ROOT / "deploy", self.data_dir.parent / "deploy")
        subprocess.run([deploy / "make-secrets"], check=True, capture_output=True)
        return self.secret(name)

    def _secret_file(self, name: str) -> Path:
        return self.data_dir.parent / "deploy/secrets" / name

    def _metrics(self, number: int) -> dict[str, str]:
        return {"OUTDIAL_METRICS_PORT": str(self.metrics_ports[number])}

    def _log(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"


def _free_ports() -> Iterator[int]:
    """None that a client's connection may take while a part is restarted, as those of port 0 are, and none twice."""
    for port in random.sample(range(20_000, 32_000), 12_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        yield port
