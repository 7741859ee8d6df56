"""Everything an operator may set, read in the composition roots only."""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.calls.archive import MIN_ARCHIVE_DAYS
from telemetry.logging import LogFormat

VERSION = "0.1.0"  # of this release, as in pyproject.toml

PREFIX = "OUTDIAL_"
SECRETS = (PREFIX, "TEMPORAL_")
FILE = "_FILE"
PASSWORD = "OUTDIAL_DATABASE_PASSWORD"  # noqa: S105  the name of one
DATABASE_URL = "OUTDIAL_DATABASE_URL"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


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


@dataclass(frozen=True)
class Told:
    """What docs/settings.md says of a setting beside its type, its bounds and its description."""

    unit: str = ""
    allowed: str = ""  # of a text


class Settings(BaseSettings):
    """Environment variables with the prefix `OUTDIAL_`; units are in the names; `none` stands for no value.

    Temporal's own are read by `temporalio.envconfig` (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
    TEMPORAL_TLS…)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_parse_none_str="none")

    database_url: Annotated[SecretStr, Told(allowed="`postgresql+psycopg://user:password@host:5432/outdial`")] = Field(
        default=SecretStr("postgresql+psycopg://postgres@127.0.0.1:5432/outdial"),
        description="PostgreSQL 17 or newer; tested with 18. Directly, or through a pooler in session mode: locks of "
        "sessions, notifications and prepared statements do not survive PgBouncer's transaction mode",
    )
    database_pool_size: Annotated[int, Told(unit="connections")] = Field(
        default=10,
        ge=2,
        description="of each process; each worker has a few more, for notifications and to be known as alive",
    )

    api_host: Annotated[str, Told(allowed="an address of this machine")] = Field(
        default="127.0.0.1", description="where the API listens"
    )
    api_port: int = Field(
        default=8000, ge=0, le=65535, description="plain HTTP: put TLS in front of it; 0: a free port"
    )
    public_url: Annotated[str, Told(allowed="an address without query; https once the carrier is a real one")] = Field(
        default="http://127.0.0.1:8000",
        description="where carriers reach the API; the signatures of their callbacks cover it",
    )
    cors_origins: Annotated[str, Told(allowed="origins, with commas between")] = Field(
        default="",
        description="whose pages in browsers may call the API: `https://app.example.com`, exact; empty: no CORS "
        "headers. A key in a page is everyone's who opens it: give pages a member's",
    )
    temporal_ui_url: Annotated[str, Told(allowed="an address")] = Field(
        default="",
        description="where people see workflows, with the namespace: "
        "`https://temporal.example.com/namespaces/default`; the console links to it. Empty: no links",
    )
    log_level: Annotated[str, Told(allowed=", ".join(f"`{level}`" for level in LOG_LEVELS))] = Field(
        default="INFO", description="what is less than this is not logged"
    )
    log_format: LogFormat = Field(
        default=LogFormat.JSON,
        description="`json`: an object a line; `text`: for people. Temporal's own lines too",
    )
    metrics_host: Annotated[str, Told(allowed="an address of this machine")] = Field(
        default="127.0.0.1",
        description="the address for `/metrics`. It asks for no key: let nobody but Prometheus reach it",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="where this process serves `/metrics` for Prometheus; `none`: nowhere; 0: a free port, which the "
        "log names. Processes of one machine need different ones",
    )
    metrics_seconds: Annotated[float, Told(unit="seconds")] = Field(
        default=15.0,
        ge=1,
        allow_inf_nan=False,
        description="between two readings of the database for `/metrics`, by each API, on one connection more",
    )
    rate_limit_per_minute: Annotated[int | None, Told(unit="requests a minute")] = Field(
        default=6000, ge=1, description="of one key, over all API processes; `none` here and below: no limit"
    )
    organization_rate_limit_per_minute: Annotated[int | None, Told(unit="requests a minute")] = Field(
        default=30_000, ge=1, description="of all keys of an organization together"
    )
    max_open_jobs: Annotated[int, Told(unit="jobs")] = Field(
        default=1_000,
        ge=1,
        le=5_000,  # see domain.quotas
        description="of an organization that have not ended. This and the next: `outdial org quotas` sets others for "
        "one organization",
    )
    max_jobs: Annotated[int | None, Told(unit="jobs")] = Field(default=20_000, ge=1, description="ended ones too")
    max_campaigns: Annotated[int | None, Told(unit="campaigns")] = Field(
        default=20, ge=1, description="that have not ended"
    )
    max_contacts: Annotated[int | None, Told(unit="contacts")] = Field(
        default=5_000_000, ge=1, description="in all its jobs, and waiting in campaigns"
    )
    campaign_job_contacts: Annotated[int, Told(unit="contacts")] = Field(
        default=10_000, ge=1, le=10_000, description="of each job of a campaign; of those that are created from then on"
    )
    max_agents: Annotated[int | None, Told(unit="agents")] = Field(default=1_000, ge=1, description="that it has")
    max_phone_numbers: Annotated[int | None, Told(unit="numbers")] = Field(
        default=1_000, ge=1, description="to call from"
    )
    max_api_keys: Annotated[int | None, Told(unit="keys")] = Field(default=200, ge=1, description="valid ones")
    max_do_not_call: Annotated[int | None, Told(unit="numbers")] = Field(
        default=1_000_000,
        ge=1,
        description="added by API or file; what people say on the telephone is listed beyond it",
    )
    retention_days: Annotated[int | None, Told(unit="days")] = Field(
        default=None,
        ge=30,  # see domain.privacy
        le=3650,
        description="after which a job that has ended loses its contacts' data, where an organization sets no other; "
        "`none`: it is kept. See [privacy.md](privacy.md#retention)",
    )
    secret: Annotated[SecretStr, Told(allowed="32 characters or more")] = Field(
        default=SecretStr(""),
        description="encrypts carrier settings and webhook secrets, makes the tokens of calls: `openssl rand -hex 32`; "
        "nothing starts without. Several with commas between them: the first encrypts, all decrypt",
    )
    payload_keys: Annotated[SecretStr, Told(allowed="32 characters or more")] = Field(
        default=SecretStr(""),
        description="encrypts what Temporal keeps of jobs and calls (AES-256-GCM), the same for every process; several "
        "with commas between them: the first encrypts, all decrypt. Empty: it stays readable there. See "
        "[operations.md](operations.md#encrypted-payloads)",
    )
    codec_host: Annotated[str, Told(allowed="an address of this machine")] = Field(
        default="127.0.0.1",
        description="where the codec server (`python -m codec_server`) listens, which Temporal's web UI has decrypt "
        "what it shows; to pages of `OUTDIAL_TEMPORAL_UI_URL`'s origin only",
    )
    codec_port: int = Field(default=8234, ge=1, le=65535, description="plain HTTP, as the API's")
    codec_token: Annotated[SecretStr, Told(allowed="32 characters or more")] = Field(
        default=SecretStr(""), description="the codec server's: whoever has it reads what is encrypted"
    )
    platform_key: Annotated[SecretStr, Told(allowed="32 characters or more")] = Field(
        default=SecretStr(""),
        description="the key that creates organizations and tops up their credits over the API; empty: none does",
    )

    webhook_allow_private: Annotated[str, Told(allowed="networks and addresses, with commas between")] = Field(
        default="",
        description="private networks that webhooks may reach all the same, also without https: "
        "`10.0.0.0/8, 192.168.1.7:8080`",
    )
    agent_allow_private: Annotated[str, Told(allowed="networks and addresses, with commas between")] = Field(
        default="",
        description="networks where agents may be although they are private: `10.0.0.0/8`; `outdial up` allows "
        "loopback",
    )
    agent_sip_hosts: Annotated[str, Told(allowed="hosts, with commas between")] = Field(
        default="", description="where SIP agents may be; empty: anywhere, but at no telephone numbers there"
    )

    # What carriers read for themselves is described where they declare it: carriers/twilio/factory.py.
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_base_url: str | None = None
    place_timeout_seconds: Annotated[float, Told(unit="seconds")] = Field(
        default=10.0,
        gt=0,
        le=10,  # see domain.calls.deadlines
        description="for a request to the carrier",
    )

    speed: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="leave it: for the local stack, divides the delays between calls",
    )
    call_slots: Annotated[int, Told(unit="calls")] = Field(
        default=400, ge=1, description="that a worker handles at once; have at least twice the lines it serves"
    )
    worker_build_id: Annotated[str, Told(allowed="a release, such as `0.1.0`; no commit")] = Field(
        default="",
        description="by which Temporal tells a worker's release: it gets tasks once that is current "
        "([operations](operations.md#build-ids)). Empty: whoever asks gets tasks",
    )
    archive_after_days: Annotated[int | None, Told(unit="days")] = Field(
        default=90,
        ge=MIN_ARCHIVE_DAYS,
        description="after a job's end its calls are moved to the archive, whose months can be dropped "
        "([operations](operations.md#the-archive-of-calls)); `none`: never. Longer than anybody looks back: "
        "`overlapDays` is 30 at most",
    )
    housekeeper_seconds: Annotated[float, Told(unit="seconds")] = Field(
        default=30.0,
        gt=0,
        allow_inf_nan=False,
        description="between two sweeps; read when the housekeeper's workflow is first started",
    )

    start_timeout_seconds: Annotated[float, Told(unit="seconds")] = Field(
        default=30.0,
        gt=0,
        allow_inf_nan=False,
        description="for how long a start waits for PostgreSQL and Temporal before it ends with code 2; the API does "
        "not wait for Temporal",
    )

    def environment(self) -> dict[str, str]:
        """The process's environment with these settings: carriers read their own variables in it."""
        own = {f"{PREFIX}{name.upper()}": _text(getattr(self, name)) for name in type(self).model_fields}
        return {**os.environ, **own}


def describe_wrong(error: ValidationError) -> list[str]:
    """A sentence for each setting that cannot be read, without its value."""
    return [f"{PREFIX}{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}." for each in error.errors()]


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "none" if value is None else str(value)
