"""What a process checks before it does anything: it ends with a sentence and code 2 where it must not start.

A server that does not answer is waited for, a setting that is wrong is not.
"""

import asyncio
import gc
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from ipaddress import ip_address
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

import psycopg
from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from temporalio.client import Client
from temporalio.service import RPCError

from carriers import registry
from carriers.variables import is_address
from composition import open_engine
from domain.calls.agent_address import parse_hosts
from domain.requests.origins import parse_origins
from domain.temporal_namespace import RESTORED, find_mismatch
from domain.webhooks.destinations import parse_allowed_destinations
from settings import (
    LOG_LEVELS,
    PREFIX,
    VERSION,
    Settings,
    UnreadableSecret,
    describe_wrong,
    read_secret_files,
)
from store.db.engine import Database
from store.db.refusal import find_refusal, first_line
from store.db.schema import find_schema_fault, read_schema_version, read_server_version
from store.db.server_version import find_server_fault
from store.db.vault import MIN_SECRET_LENGTH, Vault
from store.errors import Unreadable
from store.sealed import find_sealed
from store.temporal_namespace import NamespaceBinding
from telemetry.exposition import EXPOSITION
from telemetry.tracing import WrongTracing, interceptors, set_up_tracing
from workflows.client import DEFAULT_ADDRESS, JobWorkflows, NoSuchNamespace, TemporalUnavailable, connect
from workflows.payload_encryption import PayloadEncryption
from workflows.temporal_variables import find_meant, find_wrong_variables

EXIT_CODE = 2
ABANDONED = 3  # ended by `limit_stop`
STOP_SECONDS = 28.0  # longer than requests to the API may take to end (25 s), shorter than anybody waits
DRIVER = "postgresql+psycopg"
MAKE_SECRET = "openssl rand -hex 32"  # noqa: S105  how to make one
OF_OTHER_PROCESSES = frozenset({"OUTDIAL_URL", "OUTDIAL_KEY"})  # the command line's
SIMULATOR = "OUTDIAL_SIMULATOR_"
INTERVAL_SECONDS = 1.0
TEMPORAL_PATIENCE_SECONDS = 3.0  # of an API, which starts without it: also where it takes connections and says nothing
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:]+|\[[0-9a-f:]+\]")
CODEC_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
BUILD_ID = re.compile(r"v?\d{1,4}\.\d{1,4}(\.\d{1,4})?([.-][a-z]{1,10}\d{0,3})?")
LOCAL = frozenset({"localhost", "ip6-localhost"})

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class CannotStart(Exception):
    """One sentence for each thing that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class TemporalAway(CannotStart):
    """It did not answer for as long as a start waits."""


NO_VALUE = frozenset({"", "none"})
NO_TOKENS = NO_VALUE | {"simulator"}  # the simulator's own, which everybody knows


def settle() -> None:
    """Called once when all has started: what there is now stays, and is no garbage that could be collected.

    Python looks through all objects now and then, and modules, models and routes alone took it 0.2 s each time, in
    which the process did nothing else.
    """
    gc.collect()
    gc.freeze()


def exit_with(reasons: CannotStart) -> NoReturn:
    """End the process, a line for each reason.

    At once: threads of Temporal's client that still run abort a process that takes its interpreter down.
    """
    for sentence in reasons.sentences:
        logger.critical("%s", sentence)
    logging.shutdown()
    os._exit(EXIT_CODE)


def limit_stop(seconds: float = STOP_SECONDS) -> None:
    """Called when a process is asked to end: it does within `seconds`, also where a server that is away keeps it.

    What it leaves then is found as after a crash.
    """
    timer = threading.Timer(seconds, _abandon, (seconds,))
    timer.daemon = True
    timer.start()


def _abandon(seconds: float) -> None:
    logger.warning("What this process still had to end took longer than %.0f s; others take it over.", seconds)
    logging.shutdown()
    os._exit(ABANDONED)


def load_settings(environment: MutableMapping[str, str] = os.environ) -> Settings:
    """The process's settings. Raises CannotStart with a sentence for each that is wrong."""
    settings, wrong = _read_settings(environment)
    wrong += _contradictions(settings)
    wrong = wrong or registry.find_wrong_settings(settings.environment())
    if wrong:
        raise CannotStart(*wrong)
    return settings


def load_codec_settings(environment: MutableMapping[str, str] = os.environ) -> Settings:
    """The codec server's: it needs no other secret than its own. Raises CannotStart as `load_settings`."""
    settings, wrong = _read_settings(environment)
    wrong += _codec_contradictions(settings)
    if wrong:
        raise CannotStart(*wrong)
    return settings


def _read_settings(environment: MutableMapping[str, str]) -> tuple[Settings, list[str]]:
    """Settings, and what is wrong with the names of variables. Raises CannotStart for values that are none."""
    try:
        read_secret_files(environment)
        wrong = [*_misspelled(environment), *find_wrong_variables(environment)]
    except (registry.UnknownCarrierError, UnreadableSecret) as broken:
        raise CannotStart(str(broken)) from None
    try:
        return Settings(), wrong
    except ValidationError as error:
        raise CannotStart(*wrong, *describe_wrong(error)) from None


def set_up_telemetry(settings: Settings, process: str) -> None:
    """Serve the process's metrics, if it has a port for them, and send its traces, if it is said where.

    Before the first client of Temporal is made. Raises CannotStart.

    Called again it changes nothing.
    """
    try:
        set_up_tracing(process, VERSION, os.environ)
    except WrongTracing as wrong:
        raise CannotStart(*wrong.sentences) from None
    host, port = settings.metrics_host, settings.metrics_port
    try:
        EXPOSITION.set_up(process, VERSION, host, port)
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise CannotStart(f"The metrics cannot be served at {host}:{port} (OUTDIAL_METRICS_PORT): {cause}.") from None


def check_port(settings: Settings) -> None:
    """Raises CannotStart where the API cannot listen at its address."""
    host, port = settings.api_host, settings.api_port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise CannotStart(
            f"The API cannot listen at {host}:{port} (OUTDIAL_API_HOST, OUTDIAL_API_PORT): {cause}."
        ) from None


def _misspelled(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that nobody reads, where it is plain what was meant; others are only logged."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | registry.variables()
    others = (*registry.undeclared_prefixes(), SIMULATOR)
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known | OF_OTHER_PROCESSES and not name.startswith(others):
            meant = find_meant(name, known, PREFIX)
            if meant is None:
                logger.warning("%s is no setting; it is ignored.", name)
            else:
                yield f"{name} is no setting. Did you mean {meant}?"


def _contradictions(settings: Settings) -> Iterator[str]:
    """What is wrong though it has the right type."""
    url = settings.database_url.get_secret_value()
    if not _is_database(url):
        yield f"OUTDIAL_DATABASE_URL must look like {DRIVER}://user:password@host:5432/outdial."
    fault = _public_url_fault(settings)
    if fault:
        yield f"OUTDIAL_PUBLIC_URL {fault}"
    if settings.twilio_account_sid not in NO_VALUE and settings.twilio_auth_token.get_secret_value() in NO_TOKENS:
        yield "OUTDIAL_TWILIO_AUTH_TOKEN must be the account's own: it signs events; this one is missing or published."
    if settings.temporal_ui_url not in NO_VALUE and not is_address(settings.temporal_ui_url):
        yield "OUTDIAL_TEMPORAL_UI_URL must be an address that begins with https:// (or http://)."
    if settings.log_level.upper() not in LOG_LEVELS:
        yield f"OUTDIAL_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}."
    for check in (
        _check_secret,
        _check_payload_keys,
        _check_platform_key,
        _check_destinations,
        _check_agent_networks,
        _check_agent_hosts,
        _check_origins,
        _check_build_id,
    ):
        try:
            check(settings)
        except ValueError as error:
            yield str(error)


def _check_secret(settings: Settings) -> None:
    if not _vault(settings).can_seal:
        raise ValueError(f"OUTDIAL_SECRET is not set: make one with `{MAKE_SECRET}`, the same for every process.")


def _check_payload_keys(settings: Settings) -> None:
    PayloadEncryption.from_setting(_payload_keys(settings))


def _payload_keys(settings: Settings) -> str:
    return settings.payload_keys.get_secret_value()


def _codec_contradictions(settings: Settings) -> Iterator[str]:
    try:
        if PayloadEncryption.from_setting(_payload_keys(settings)) is None:
            yield "OUTDIAL_PAYLOAD_KEYS is not set: there is nothing to decrypt."
    except ValueError as error:
        yield str(error)
    token = settings.codec_token.get_secret_value()
    if len(token) < MIN_SECRET_LENGTH or not CODEC_TOKEN.fullmatch(token):
        yield (
            f"OUTDIAL_CODEC_TOKEN must have at least {MIN_SECRET_LENGTH} letters, digits, - and _: it is part of an"
            f" address. Make one with `{MAKE_SECRET}`."
        )
    if not is_address(settings.temporal_ui_url):
        yield "OUTDIAL_TEMPORAL_UI_URL must be the web UI's address: only its pages are answered."


def _check_platform_key(settings: Settings) -> None:
    """One that can be guessed makes organizations and credits for anybody; one that cannot be sent, for nobody."""
    key = settings.platform_key.get_secret_value()
    if not key:
        return
    if len(key) < MIN_SECRET_LENGTH:
        raise ValueError(f"OUTDIAL_PLATFORM_KEY must have at least {MIN_SECRET_LENGTH} characters: `{MAKE_SECRET}`.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("OUTDIAL_PLATFORM_KEY holds blanks or characters that no header can carry.")


def _vault(settings: Settings) -> Vault:
    return Vault.from_setting(settings.secret.get_secret_value())


def _check_destinations(settings: Settings) -> None:
    try:
        parse_allowed_destinations(settings.webhook_allow_private)
    except ValueError as error:
        raise ValueError(f"OUTDIAL_WEBHOOK_ALLOW_PRIVATE: {error}") from error


def _check_agent_networks(settings: Settings) -> None:
    try:
        parse_allowed_destinations(settings.agent_allow_private)
    except ValueError as error:
        raise ValueError(f"OUTDIAL_AGENT_ALLOW_PRIVATE: {error}") from error


def _check_agent_hosts(settings: Settings) -> None:
    wrong = [host for host in parse_hosts(settings.agent_sip_hosts) if not HOST.fullmatch(host)]
    if wrong:
        raise ValueError(f"OUTDIAL_AGENT_SIP_HOSTS: {min(wrong)!r} is no host such as pbx.example.com.")


def _check_origins(settings: Settings) -> None:
    parse_origins(settings.cors_origins)


def _check_build_id(settings: Settings) -> None:
    """Temporal keeps about a hundred of a deployment, and forgets them slowly: one for each commit ends rollouts."""
    if settings.worker_build_id and not BUILD_ID.fullmatch(settings.worker_build_id):
        raise ValueError("OUTDIAL_WORKER_BUILD_ID must be a release such as 0.1.0 or 2026.11, not a commit's.")


def _is_database(url: str) -> bool:
    try:
        return make_url(url).drivername == DRIVER
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        return False


def _public_url_fault(settings: Settings) -> str | None:
    try:
        url = urlsplit(settings.public_url)
        host, _ = url.hostname, url.port
    except ValueError:
        return "is no address."
    if url.scheme not in {"http", "https"} or not host:
        return "must be an address that begins with https:// (or http://): carriers send the events of calls there."
    if url.query or url.fragment or url.username or any(sign.isspace() for sign in settings.public_url):
        return "must be an address without user, query, fragment and blanks."
    if settings.twilio_account_sid and settings.twilio_base_url is None and _is_local(host):
        return f"is {settings.public_url}, which Twilio cannot reach: it must be the API's public address."
    return None


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOCAL


async def check_worker(settings: Settings) -> Client:
    """A client of Temporal, once both servers answer and are those that belong together. Raises CannotStart."""
    seconds = settings.start_timeout_seconds
    async with open_engine(settings, pool_size=1) as engine:
        await check_database(engine, _vault(settings), seconds)
        client = await _wait_for(
            lambda: connect(_payload_keys(settings), interceptors=interceptors()), seconds, _judge_temporal
        )
        await check_namespace(NamespaceBinding(engine), JobWorkflows(client), seconds)
    return client


async def check_api(settings: Settings) -> None:
    """Raises CannotStart. Without Temporal the API starts all the same: it stores jobs, and cancels them."""
    async with open_engine(settings, pool_size=1) as engine:
        await check_database(engine, _vault(settings), settings.start_timeout_seconds)
        try:
            async with asyncio.timeout(TEMPORAL_PATIENCE_SECONDS):
                workflows = JobWorkflows(await connect(_payload_keys(settings)))
                await check_namespace(NamespaceBinding(engine), workflows, 0)
        except (RuntimeError, TemporalAway, TimeoutError):
            logger.warning("%s Jobs that are created start when it does.", _temporal_away())


async def check_database(engine: Database, vault: Vault, seconds: float) -> None:
    """Wait for the database for so long. Raises CannotStart where it refuses us, is too old, lacks tables, or has
    another secret."""
    fault = find_server_fault(await _wait_for(lambda: read_server_version(engine), seconds, _judge_database))
    if fault is not None:
        raise CannotStart(fault)
    fault = find_schema_fault(await _wait_for(lambda: read_schema_version(engine), seconds, _judge_database))
    if fault is not None:
        raise CannotStart(fault)
    try:
        for sealed in await find_sealed(engine):
            vault.open(sealed)
    except Unreadable:
        raise CannotStart("OUTDIAL_SECRET is not the one that encrypted what the database has.") from None


async def check_namespace(binding: NamespaceBinding, workflows: JobWorkflows, seconds: float) -> None:
    """Raises CannotStart where Temporal's namespace is not the database's, is not prepared, or does not answer."""
    try:
        found = await _wait_for(workflows.namespace, seconds, _judge_temporal)
    except NoSuchNamespace as missing:
        raise CannotStart(str(missing)) from missing
    mismatch = find_mismatch(await binding.get(), found)
    if mismatch is not None:
        raise CannotStart(mismatch)
    unknown = await _wait_for(workflows.find_unknown_keys, seconds, _judge_temporal)
    if unknown:
        raise CannotStart(lacks_keys(unknown))
    if await binding.is_restored():
        raise CannotStart(RESTORED)
    lacking = await _wait_for(workflows.find_missing_attributes, seconds, _judge_temporal)
    if lacking:
        raise CannotStart(lacks_attributes(found.name, lacking))


def lacks_keys(unknown: Iterable[str]) -> str:
    return (
        f"OUTDIAL_PAYLOAD_KEYS lacks the key that encrypted what Temporal has of open jobs (id {', '.join(unknown)}):"
        " put it behind the newest, with a comma between them."
    )


def lacks_attributes(namespace: str, missing: Iterable[str]) -> str:
    return f"Temporal's namespace {namespace!r} lacks {', '.join(missing)}: run `outdial migrate --temporal`."


async def _wait_for(
    ask: Callable[[], Awaitable[Answer]], seconds: float, judge: Callable[[Exception], CannotStart | None]
) -> Answer:
    """Ask until there is an answer. `judge`: why an error that lasts keeps us from starting; None: it is raised."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except Exception as error:
            reason = judge(error)
            if reason is None:
                raise
            if time.monotonic() + INTERVAL_SECONDS > deadline:
                raise reason from None
            logger.warning("%s Trying again.", reason)
        await asyncio.sleep(INTERVAL_SECONDS)


def _judge_database(error: Exception) -> CannotStart | None:
    """Raises CannotStart at once where waiting changes nothing."""
    if not isinstance(error, DBAPIError | psycopg.Error | OSError):
        return None
    refusal = find_refusal(error)
    if refusal is not None:
        raise CannotStart(f"The database refuses us (OUTDIAL_DATABASE_URL): {refusal}") from None
    return CannotStart(f"The database does not answer (OUTDIAL_DATABASE_URL): {first_line(error)}")


def _judge_temporal(error: Exception) -> CannotStart | None:
    if isinstance(error, NoSuchNamespace) or not isinstance(error, RuntimeError | RPCError | TemporalUnavailable):
        return None
    return TemporalAway(_temporal_away())


def _temporal_away() -> str:
    address = os.environ.get("TEMPORAL_ADDRESS", DEFAULT_ADDRESS)
    return f"Temporal does not answer at {address} (TEMPORAL_ADDRESS)."
