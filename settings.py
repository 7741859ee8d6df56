"""Everything an operator may set, read in the composition roots only."""

import os
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import quote

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from telemetry.logging import LogFormat

VERSION = "0.1.0"  # of this release, as in pyproject.toml

SECRETS = ("OUTDIAL_", "TEMPORAL_")
FILE = "_FILE"
PASSWORD = "OUTDIAL_DATABASE_PASSWORD"  # noqa: S105  the name of one
DATABASE_URL = "OUTDIAL_DATABASE_URL"


class UnreadableSecret(Exception):
    """A variable names a file that cannot be read."""


def read_secret_files(environment: MutableMapping[str, str]) -> None:
    """Replace `OUTDIAL_…_FILE` and `TEMPORAL_…_FILE` by what the file that they name says, without the line's end.

    `OUTDIAL_DATABASE_PASSWORD` goes into the database's address, written so that any password may stand there.
    Raises UnreadableSecret.
    """
    for name in [name for name in environment if name.startswith(SECRETS) and name.endswith(FILE)]:
        if name == "TEMPORAL_CONFIG_FILE":
            continue
        path = Path(environment.pop(name))
        try:
            environment[name.removesuffix(FILE)] = path.read_text().rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise UnreadableSecret(f"{name}: {path} cannot be read ({type(error).__name__}).") from None
    password = environment.pop(PASSWORD, "")
    if password and DATABASE_URL in environment:
        environment[DATABASE_URL] = _with_password(environment[DATABASE_URL], password)


def _with_password(url: str, password: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at:
        return url
    return f"{scheme}{separator}{user.partition(':')[0]}:{quote(password, safe='')}@{host}{slash}{path}"


class Settings(BaseSettings):
    """Environment variables with the prefix `OUTDIAL_`; units are in the names; `none` stands for no value.

    Temporal's own are read by `temporalio.envconfig` (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
    TEMPORAL_TLS…)."""

    model_config = SettingsConfigDict(env_prefix="OUTDIAL_", frozen=True, extra="ignore", env_parse_none_str="none")

    database_url: SecretStr = SecretStr("postgresql+psycopg://postgres@127.0.0.1:5432/outdial")
    database_pool_size: int = Field(default=10, ge=2)

    api_host: str = "127.0.0.1"
    api_port: int = 8000
    public_url: str = "http://127.0.0.1:8000"  # where carriers reach our API for callbacks
    cors_origins: str = ""  # whose pages in browsers may read answers: "https://app.example.com", with commas between
    temporal_ui_url: str = ""  # for links: "http://127.0.0.1:8233/namespaces/default"; empty: the console has none
    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.JSON
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)  # of /metrics; None: no metrics; 0: a free port
    metrics_seconds: float = Field(default=15.0, ge=1)  # between two readings of the database for it, by each API
    rate_limit_per_minute: int | None = Field(default=6000, ge=1)  # requests of one key; None: no limit
    organization_rate_limit_per_minute: int | None = Field(default=30_000, ge=1)  # of all its keys; None: no limit
    # What an organization may have, unless an operator sets another limit for it; None: no limit.
    max_open_jobs: int = Field(default=1_000, ge=1, le=5_000)  # see domain.quotas
    max_jobs: int | None = Field(default=20_000, ge=1)  # ended ones too
    max_contacts: int | None = Field(default=5_000_000, ge=1)  # in all jobs
    max_agents: int | None = Field(default=1_000, ge=1)
    max_phone_numbers: int | None = Field(default=1_000, ge=1)
    max_api_keys: int | None = Field(default=200, ge=1)
    max_do_not_call: int | None = Field(default=1_000_000, ge=1)
    secret: SecretStr = SecretStr("")  # several with commas between them: the first encrypts, all decrypt
    platform_key: SecretStr = SecretStr("")  # creates organizations over the API; empty: no key does

    webhook_allow_private: str = ""  # networks for webhooks, also without https: "10.0.0.0/8, 127.0.0.1:8080"

    agent_allow_private: str = ""  # networks where agents may be, as above
    agent_sip_hosts: str = ""  # where SIP agents may be, with commas between; empty: anywhere, but at no telephone

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_base_url: str | None = None  # None: api.twilio.com; a URL: a compatible carrier or the simulator
    place_timeout_seconds: float = Field(default=10.0, gt=0, le=10)  # see domain.calls.deadlines

    speed: float = Field(default=1.0, gt=0)  # the local stack only: divides retry delays and pacing
    call_slots: int = Field(default=400, ge=1)  # activities a worker runs at once; at least 2 x the lines served
    housekeeper_seconds: float = Field(default=30.0, gt=0)

    start_timeout_seconds: float = Field(default=30.0, gt=0)  # how long a start waits for PostgreSQL and Temporal

    def environment(self) -> dict[str, str]:
        """The process's environment with these settings: carriers read their own variables in it."""
        own = {f"OUTDIAL_{name.upper()}": _text(getattr(self, name)) for name in type(self).model_fields}
        return {**os.environ, **own}


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "none" if value is None else str(value)
