"""Our own processes of the local stack, what they are told, and the ports they keep."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from stack import health_checks
from stack.data_dir import DataDir
from stack.local_secrets import secrets_in
from stack.options import Options
from stack.ports import LOOPBACK, free_port, is_free, settle
from stack.postgres import Postgres
from stack.processes import Program
from stack.ready_file import CarrierAccount
from stack.temporal import NAMESPACE, Temporal

CARRIER_CALLS_PER_SECOND = 10  # before scaling by the speed


@dataclass(frozen=True)
class Ports:
    """Kept by the parts for as long as the stack runs."""

    api: int
    temporal: int
    ui: int
    carrier: int
    postgres: int

    @classmethod
    def settle(cls, options: Options, data_dir: DataDir) -> "Ports":
        """Raises PortTaken."""
        return cls(
            api=settle(options.api_port, "--api-port"),
            temporal=settle(options.temporal_port, "--temporal-port"),
            ui=settle(options.ui_port, "--ui-port"),
            carrier=settle(options.carrier_port, "--carrier-port"),
            postgres=_postgres_port(data_dir.postgres_port),
        )


@dataclass(frozen=True)
class Services:
    """Every program of one stack."""

    options: Options
    data_dir: DataDir
    ports: Ports

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.data_dir.postgres, self.ports.postgres)

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
            answers=health_checks.listens(self.ports.carrier),
        )

    def api(self, account: CarrierAccount) -> Program:
        return Program(
            name="api",
            argv=_module("api"),
            environment=self.environment(account),
            answers=health_checks.http_ok(f"{self.api_url}/healthz"),
        )

    def workers(self, account: CarrierAccount) -> list[Program]:
        return [
            Program(
                name=f"worker-{number}",
                argv=_module("worker"),
                environment=self.environment(account),
                answers=health_checks.polls(self.temporal.connect),
            )
            for number in range(1, self.options.workers + 1)
        ]

    def environment(self, account: CarrierAccount) -> dict[str, str]:
        """The settings of API and workers, the simulator's account included."""
        kept = secrets_in(self.data_dir.secrets)
        return {
            "OUTDIAL_DATABASE_URL": self.postgres.url,
            "OUTDIAL_API_HOST": LOOPBACK,
            "OUTDIAL_API_PORT": str(self.ports.api),
            "OUTDIAL_PUBLIC_URL": self.api_url,
            "OUTDIAL_TWILIO_ACCOUNT_SID": account.account_sid,
            "OUTDIAL_TWILIO_AUTH_TOKEN": account.auth_token,
            "OUTDIAL_TWILIO_BASE_URL": self.options.carrier_url or self.carrier_url,
            "OUTDIAL_SPEED": str(self.options.speed),
            "OUTDIAL_RATE_LIMIT_PER_MINUTE": "none",
            "OUTDIAL_SECRET": kept.secret,
            "OUTDIAL_PLATFORM_KEY": kept.platform_key,
            "OUTDIAL_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8, ::1/128",
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_CONFIG_FILE": os.devnull,  # nobody's profile for another Temporal
            "PYTHONUNBUFFERED": "1",
        }


def _module(name: str) -> list[str]:
    """Run by our own interpreter; -P: a folder named `api` in the working directory is not ours."""
    return [sys.executable, "-P", "-m", name]


def _postgres_port(kept: Path) -> int:
    """The port of the first run, unless something else has it now."""
    if kept.exists() and is_free(int(kept.read_text())):
        return int(kept.read_text())
    port = free_port()
    kept.write_text(str(port))
    return port
