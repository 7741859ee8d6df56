"""The services of the local stack: their programs, settings and ports."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from stack import health_checks
from stack.data_dir import DataDir
from stack.local_secrets import load_secrets
from stack.options import Options
from stack.ports import LOOPBACK, choose_port, free_port, is_free
from stack.postgres import Postgres
from stack.processes import Program
from stack.ready_file import CarrierAccount, MetricsAddresses
from stack.temporal import NAMESPACE, Temporal

EXAMPLE_AGENT = Path(__file__).parents[1] / "examples/agent/agent.py"
CARRIER_CALLS_PER_SECOND = 10  # before scaling by the speed


@dataclass(frozen=True)
class Ports:
    """The same for as long as the stack runs."""

    api: int
    temporal: int
    ui: int
    carrier: int
    postgres: int
    agent: int
    codec: int
    metrics: tuple[int, ...]  # of the API and each worker; none where no metrics are served

    @classmethod
    def choose(cls, options: Options, data_dir: DataDir) -> "Ports":
        """Raises PortTaken."""
        return cls(
            api=choose_port(options.api_port, "--api-port"),
            temporal=choose_port(options.temporal_port, "--temporal-port"),
            ui=choose_port(options.ui_port, "--ui-port"),
            carrier=choose_port(options.carrier_port, "--carrier-port"),
            postgres=_kept_port(data_dir.postgres_port),
            agent=_kept_port(data_dir.agent_port),
            codec=_kept_port(data_dir.codec_port),
            metrics=tuple(choose_port(port, "--metrics-port") for port in options.metrics_ports),
        )


@dataclass(frozen=True)
class Services:
    """Of one stack."""

    options: Options
    data_dir: DataDir
    ports: Ports

    @property
    def postgres(self) -> Postgres:
        return Postgres(
            self.data_dir.postgres, self.ports.postgres, load_secrets(self.data_dir.secrets).database_password
        )

    @property
    def temporal(self) -> Temporal:
        return Temporal(self.data_dir.temporal_file, self.ports.temporal, self.ports.ui)

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def carrier_url(self) -> str:
        """The simulator's own address."""
        return f"http://{LOOPBACK}:{self.ports.carrier}"

    def carrier(self, account: CarrierAccount) -> Program:
        """The simulator."""
        flags = {
            "--port": self.ports.carrier,
            "--database": self.data_dir.carrier_file,
            "--speed": self.options.speed,
            "--seed": self.options.seed,
            "--calls-per-second": CARRIER_CALLS_PER_SECOND,
        }
        return Program(
            name="carrier",
            argv=[*_module("carriers.simulator"), *(str(part) for flag in flags.items() for part in flag)],
            environment={
                **self.environment(account),
                "OUTDIAL_SIMULATOR_ACCOUNT_SID": account.account_sid,
                "OUTDIAL_SIMULATOR_AUTH_TOKEN": account.auth_token,
            },
            health_check=health_checks.accepts_connections(self.ports.carrier),
        )

    def api(self, account: CarrierAccount) -> Program:
        return Program(
            name="api",
            argv=_module("api"),
            environment=self.environment(account) | self._metrics(0),
            health_check=health_checks.answers_http(f"{self.api_url}/healthz"),
        )

    def workers(self, account: CarrierAccount) -> list[Program]:
        return [
            Program(
                name=f"worker-{number}",
                argv=_module("worker"),
                environment=self.environment(account) | self._metrics(number),
                health_check=health_checks.worker_polls(self.temporal.connect),
            )
            for number in range(1, self.options.workers + 1)
        ]

    def agent(self) -> Program:
        """The example agent; its transcripts are below the data directory."""
        flags = {
            "--port": self.ports.agent,
            "--transcripts": self.data_dir.transcripts,
            "--speed": self.options.speed,
        }
        return Program(
            name="agent",
            argv=[sys.executable, "-P", str(EXAMPLE_AGENT), *(str(part) for flag in flags.items() for part in flag)],
            environment={"PYTHONUNBUFFERED": "1", "NO_PROXY": LOOPBACK},
            health_check=health_checks.accepts_connections(self.ports.agent),
        )

    def codec(self) -> Program | None:
        """The codec server, once payloads are encrypted."""
        secrets = load_secrets(self.data_dir.secrets)
        if not secrets.payload_keys:
            return None
        return Program(
            name="codec",
            argv=_module("codec_server"),
            environment={
                "OUTDIAL_PAYLOAD_KEYS": secrets.payload_keys,
                "OUTDIAL_CODEC_TOKEN": secrets.codec_token,
                "OUTDIAL_CODEC_HOST": LOOPBACK,
                "OUTDIAL_CODEC_PORT": str(self.ports.codec),
                "OUTDIAL_TEMPORAL_UI_URL": self.temporal.ui_url,
            },
            health_check=health_checks.answers_http(f"{self._codec_url}/healthz"),
        )

    @property
    def codec_endpoint(self) -> str | None:
        """As it is entered in Temporal's web UI."""
        secrets = load_secrets(self.data_dir.secrets)
        return f"{self._codec_url}/{secrets.codec_token}" if secrets.codec_token else None

    @property
    def _codec_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.codec}"

    @property
    def metrics(self) -> MetricsAddresses | None:
        if not self.ports.metrics:
            return None
        api, *workers = map(_metrics_url, self.ports.metrics)
        return MetricsAddresses(api=api, workers=workers)

    def _metrics(self, number: int) -> dict[str, str]:
        """The API is 0, the workers are counted from 1."""
        ports = self.ports.metrics
        return {
            "OUTDIAL_METRICS_HOST": LOOPBACK,
            "OUTDIAL_METRICS_PORT": str(ports[number]) if ports else "none",
        }

    def environment(self, account: CarrierAccount) -> dict[str, str]:
        """The settings of API and workers, the simulator's account included."""
        secrets = load_secrets(self.data_dir.secrets)
        return {
            "OUTDIAL_DATABASE_URL": self.postgres.url,
            "OUTDIAL_API_HOST": LOOPBACK,
            "OUTDIAL_API_PORT": str(self.ports.api),
            "OUTDIAL_PUBLIC_URL": self.api_url,
            "OUTDIAL_TEMPORAL_UI_URL": f"{self.temporal.ui_url}/namespaces/{NAMESPACE}",
            "OUTDIAL_TWILIO_ACCOUNT_SID": account.account_sid,
            "OUTDIAL_TWILIO_AUTH_TOKEN": account.auth_token,
            "OUTDIAL_TWILIO_BASE_URL": self.options.carrier_url or self.carrier_url,
            "OUTDIAL_SPEED": str(self.options.speed),
            "OUTDIAL_RATE_LIMIT_PER_MINUTE": "none",
            "OUTDIAL_SECRET": secrets.secret,
            "OUTDIAL_PAYLOAD_KEYS": secrets.payload_keys,
            "OUTDIAL_PLATFORM_KEY": secrets.platform_key,
            "OUTDIAL_AGENT_ALLOW_PRIVATE": os.environ.get("OUTDIAL_AGENT_ALLOW_PRIVATE", "127.0.0.0/8, ::1/128"),
            "OUTDIAL_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8, ::1/128",
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,  # no profile for another Temporal
            "PYTHONUNBUFFERED": "1",
        }


def _module(name: str) -> list[str]:
    """Run by our own interpreter; -P: not a folder named `api` in the working directory."""
    return [sys.executable, "-P", "-m", name]


def _metrics_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/metrics"


def _kept_port(file: Path) -> int:
    """The port of the first run, unless something else has it now."""
    if file.exists() and is_free(int(file.read_text())):
        return int(file.read_text())
    port = free_port()
    file.write_text(str(port))
    return port
