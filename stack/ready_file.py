"""The ready file and the demo's keys: addresses of a local stack, for scripts, tests and benchmarks."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

OWNER_ONLY = 0o600


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Organization(_Document):
    organization_id: str
    owner_key: str
    member_key: str


class OtherOrganization(_Document):
    organization_id: str
    owner_key: str
    phone_number_id: str


class PhoneNumbers(_Document):
    """Ids; the last has no outbound agent."""

    pipeline: str
    realtime: str
    text: str
    no_agent: str


class CarrierAccount(_Document):
    account_sid: str
    auth_token: str


class Keys(_Document):
    """The content of `keys.json`: shown nowhere else, and only for the local stack."""

    organization: Organization
    other_organization: OtherOrganization
    phone_numbers: PhoneNumbers
    carrier: CarrierAccount


class Secrets(_Document):
    """The content of `secrets.json`: the stack's own OUTDIAL_SECRET, OUTDIAL_PLATFORM_KEY, PostgreSQL's password …"""

    secret: str
    platform_key: str
    database_password: str = ""  # empty: of a version that asked for none
    payload_keys: str = ""  # empty, as the next, before the first `--codec`
    codec_token: str = ""


class ApiAddress(Organization):
    url: str


class ConsoleAddress(_Document):
    """`sign_in`: a link that signs in as the owner, once, within an hour, on this machine."""

    url: str
    sign_in: str


class TemporalAddress(_Document):
    address: str
    namespace: str
    ui: str


class CodecAddress(_Document):
    """Of the codec server, with its token: as it is entered in Temporal's web UI."""

    endpoint: str


class DatabaseAddress(_Document):
    url: str  # libpq's form, with the password


class CarrierAddress(CarrierAccount):
    url: str  # the simulator's own


class Pids(_Document):
    """Each a process of its own; `postgres` is the postmaster."""

    postgres: int
    temporal: int
    carrier: int
    api: int
    workers: list[int]
    agent: int | None = None  # the example, where it runs
    codec: int | None = None  # likewise


class MetricsAddresses(_Document):
    """Where Prometheus finds each process, if it was asked for."""

    api: str
    workers: list[str]


class Ready(_Document):
    """The ready file."""

    api: ApiAddress
    console: ConsoleAddress
    other_organization: OtherOrganization
    phone_numbers: PhoneNumbers
    temporal: TemporalAddress
    database: DatabaseAddress
    carrier: CarrierAddress
    pids: Pids
    metrics: MetricsAddresses | None = None
    codec: CodecAddress | None = None


def write(document: BaseModel, path: Path) -> None:
    """Replace a file by rename: readers see the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w") as file:
        file.write(document.model_dump_json(by_alias=True, indent=2, exclude_none=True) + "\n")
    fresh.replace(path)
