"""A process that must not start says why in a sentence, and ends with code 2 before it does anything."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import make_url
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from domain.temporal_namespace import Namespace
from domain.webhooks.events import EventType
from stack.ports import free_port
from startup import ABANDONED
from store.db.engine import Database
from store.db.ids import new_id
from store.db.schema import newest_schema_version
from store.db.vault import Vault
from store.temporal_namespace import NamespaceBinding
from store.webhooks.endpoints import EndpointRequest, Webhooks
from tests.api.client import SECRET
from tests.builders import an_organization
from tests.databases import Databases
from tests.serving import beside
from tests.waiting import eventually
from tests.workflows.conftest import temporal_address
from workflows.client import JobWorkflows, TemporalUnavailable, describe_namespace
from workflows.failures import data_converter
from workflows.names import job_workflow_id
from workflows.payload_encryption import PayloadEncryption

ANOTHER = Namespace(name="default", namespace_id="another", cluster_id="another")
SECONDS = 60


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a Temporal with the namespace `default`."""
    with beside(temporal_address()) as served:
        yield served


@pytest.fixture
def environment(database_url: str, address: str) -> dict[str, str]:
    """Settings with which a process starts, but for the namespace."""
    return {
        "OUTDIAL_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": address,
        "OUTDIAL_SECRET": SECRET,
        "OUTDIAL_START_TIMEOUT_SECONDS": "1",
        "OUTDIAL_API_PORT": str(free_port()),
    }


def started(module: str, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """How the process ended, and why: a line for each reason."""
    command = [sys.executable, "-P", "-m", module]
    ours = ("OUTDIAL_", "TEMPORAL_", "OTEL_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ended = subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, [line for line in ended.stderr.splitlines() if "critical" in line.lower()]


@pytest.fixture(params=["worker", "api"])
def module(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def refused(module: str, environment: Mapping[str, str], *sentences: str) -> None:
    """It ends with code 2, and says these sentences and no other."""
    code, said = started(module, environment)
    assert (code, len(said)) == (2, len(sentences)), said
    for line, sentence in zip(said, sentences, strict=True):
        assert sentence in line


async def test_in_another_namespace(module: str, engine: Database, environment: dict[str, str]) -> None:
    await NamespaceBinding(engine).bind(ANOTHER)
    refused(module, environment, "belongs to the Temporal namespace 'default' (id another, cluster another)")


def test_of_a_database_that_was_never_bound(module: str, environment: dict[str, str]) -> None:
    refused(module, environment, "run `outdial migrate --temporal` first")


def test_with_a_mistyped_namespace(module: str, environment: dict[str, str]) -> None:
    mistyped = environment | {"TEMPORAL_NAMESPACE": "defualt"}
    refused(module, mistyped, "Temporal has no namespace 'defualt' (TEMPORAL_NAMESPACE).")


@pytest.mark.parametrize("token", ["", "simulator"])
def test_with_an_account_and_no_token_of_its_own(module: str, environment: dict[str, str], token: str) -> None:
    account = {"OUTDIAL_TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "OUTDIAL_TWILIO_AUTH_TOKEN": token}
    local = {"OUTDIAL_TWILIO_BASE_URL": "http://127.0.0.1:9"}
    refused(module, environment | account | local, "OUTDIAL_TWILIO_AUTH_TOKEN must be the account's own")


def test_every_setting_that_is_wrong_has_its_sentence(module: str, environment: dict[str, str]) -> None:
    wrong = environment | {
        "OUTDIAL_DATABASE_POOLSIZE": "20",
        "OUTDIAL_TWILIO_ACOUNT_SID": "AC1",
        "OUTDIAL_PUBLIC_URL": "outdial.example.com",
        "OUTDIAL_SECRET": "short",
        "OUTDIAL_LOG_LEVEL": "LOUD",
        "OUTDIAL_WEBHOOK_ALLOW_PRIVATE": "10.0.0.0/99",
        "OUTDIAL_CORS_ORIGINS": "https://app.example.com, *",
    }
    refused(
        module,
        wrong,
        "OUTDIAL_DATABASE_POOLSIZE is no setting. Did you mean OUTDIAL_DATABASE_POOL_SIZE?",
        "OUTDIAL_TWILIO_ACOUNT_SID is no setting. Did you mean OUTDIAL_TWILIO_ACCOUNT_SID?",
        "OUTDIAL_PUBLIC_URL must be an address that begins with https://",
        "OUTDIAL_LOG_LEVEL must be one of",
        "OUTDIAL_SECRET must have at least 32 characters",
        "OUTDIAL_WEBHOOK_ALLOW_PRIVATE",
        "OUTDIAL_CORS_ORIGINS: * is no origin such as https://app.example.com",
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("OUTDIAL_TEMPORAL_UI_URL", "temporal:8233", "OUTDIAL_TEMPORAL_UI_URL must be an address"),
        ("OUTDIAL_WORKER_BUILD_ID", "2ab2be0", "OUTDIAL_WORKER_BUILD_ID must be a release such as 0.1.0"),
        ("OUTDIAL_AGENT_SIP_HOSTS", "sip:pbx.example.com", "OUTDIAL_AGENT_SIP_HOSTS: 'sip:pbx.example.com' is no host"),
        ("OUTDIAL_SECRET_FILE", "/no/such/file", "OUTDIAL_SECRET_FILE: /no/such/file cannot be read"),
        ("OUTDIAL_SECRET", "", "OUTDIAL_SECRET is not set: make one with `openssl rand -hex 32`"),
        ("OUTDIAL_SECRET", " , ", "OUTDIAL_SECRET is not set: make one with `openssl rand -hex 32`"),
        ("OUTDIAL_PLATFORM_KEY", "letmein", "OUTDIAL_PLATFORM_KEY must have at least 32 characters"),
        ("OUTDIAL_PLATFORM_KEY", "x" * 40 + " y", "OUTDIAL_PLATFORM_KEY holds blanks or characters that no header can"),
        ("OUTDIAL_SPEED", "inf", "OUTDIAL_SPEED: Input should be a finite number."),
        (
            "TEMPORAL_ADDRESS",
            "temporal",
            "TEMPORAL_ADDRESS is 'temporal'; it must look like temporal.example.com:7233.",
        ),
        ("TEMPORAL_ADDRESS", "http://temporal:7233", "TEMPORAL_ADDRESS is 'http://temporal:7233'; it must look like"),
        (
            "TEMPORAL_NAMESAPCE",
            "prod",
            "TEMPORAL_NAMESAPCE is no setting of Temporal's client. Did you mean TEMPORAL_NAM",
        ),
        ("TEMPORAL_TLS", "yes", "TEMPORAL_TLS must be true or false."),
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/no/such", "TEMPORAL_TLS_SERVER_CA_CERT_PATH: /no/such cannot be read."),
        ("TEMPORAL_CONFIG_FILE", "/no/such/file", "TEMPORAL_CONFIG_FILE: /no/such/file cannot be read."),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "OTEL_EXPORTER_OTLP_ENDPOINT must be an address that begins"),
        ("OTEL_PROPAGATORS", "nosuch", "OTEL_PROPAGATORS must be of tracecontext, baggage, none"),
        ("TEMPORAL_PROFILE", "nobodys", "is wrong: Profile 'nobodys' not found."),
    ],
)
def test_each_wrong_setting_has_its_own_sentence(
    module: str, environment: dict[str, str], variable: str, value: str, sentence: str
) -> None:
    refused(module, environment | {variable: value}, sentence)


def test_an_api_whose_port_is_taken(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = f"The API cannot listen at 127.0.0.1:{port} (OUTDIAL_API_HOST, OUTDIAL_API_PORT): Address already in"
        refused("api", environment | {"OUTDIAL_API_PORT": str(port)}, sentence)


def test_an_api_of_an_address_that_is_not_its_machines(environment: dict[str, str]) -> None:
    refused("api", environment | {"OUTDIAL_API_HOST": "no.such.host.invalid"}, "The API cannot listen at no.such.host")


def test_every_wrong_setting_of_a_carrier_has_its_sentence(module: str, environment: dict[str, str]) -> None:
    asterisk = {
        "OUTDIAL_ASTERISK_URL": "http://127.0.0.1:8088/ari",
        "OUTDIAL_ASTERISK_TRUNK": "PJSIP/number@trunk",
        "OUTDIAL_ASTERISK_AGENT_TRUNK": "nobody",
    }
    twilio = {
        "OUTDIAL_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "OUTDIAL_TWILIO_AUTH_TOKEN": "a-token",
        "OUTDIAL_TWILIO_BASE_URL": "http://127.0.0.1:9",
        "OUTDIAL_TWILIO_RECORD": "yes",
    }
    refused(
        module,
        environment | asterisk | twilio,
        "OUTDIAL_ASTERISK_TRUNK: ",
        "OUTDIAL_ASTERISK_AGENT_TRUNK: ",
        "OUTDIAL_TWILIO_RECORD must be on or off.",
    )


@pytest.mark.parametrize("url", ["asterisk:8088", "http://asterisk:port/ari", "http://["])
def test_with_a_carriers_address_that_is_none(module: str, environment: dict[str, str], url: str) -> None:
    refused(
        module,
        environment | {"OUTDIAL_ASTERISK_URL": url},
        "OUTDIAL_ASTERISK_URL must be an address that begins with https://",
    )


def test_with_values_of_the_wrong_type(module: str, environment: dict[str, str]) -> None:
    wrong = environment | {"OUTDIAL_API_PORT": "eight", "OUTDIAL_CALL_SLOTS": "0"}
    refused(module, wrong, "OUTDIAL_API_PORT: Input should be a valid integer", "OUTDIAL_CALL_SLOTS: Input should be")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000"])
def test_with_a_public_url_that_twilio_cannot_reach(module: str, environment: dict[str, str], url: str) -> None:
    account = {"OUTDIAL_TWILIO_ACCOUNT_SID": f"AC{0:032}", "OUTDIAL_TWILIO_AUTH_TOKEN": "x", "OUTDIAL_PUBLIC_URL": url}
    refused(module, environment | account, "which Twilio cannot reach")


def test_with_the_address_of_no_database(module: str, environment: dict[str, str]) -> None:
    refused(module, environment | {"OUTDIAL_DATABASE_URL": "mysql://x/y"}, "OUTDIAL_DATABASE_URL must look like")


def test_with_a_database_that_does_not_answer(module: str, environment: dict[str, str]) -> None:
    away = environment | {"OUTDIAL_DATABASE_URL": f"postgresql+psycopg://x@127.0.0.1:{free_port()}/x"}
    refused(module, away, "The database does not answer (OUTDIAL_DATABASE_URL)")


def test_with_a_wrong_password(module: str, environment: dict[str, str], databases: Databases) -> None:
    """At once, however long a start waits for what is away."""
    with databases.with_password("right") as url:
        wrong = make_url(url).set(password="wrong").render_as_string(hide_password=False)
        patient = {"OUTDIAL_DATABASE_URL": wrong, "OUTDIAL_START_TIMEOUT_SECONDS": "600"}
        refused(module, environment | patient, "The database refuses us (OUTDIAL_DATABASE_URL)")


def test_of_a_database_that_was_never_migrated(module: str, environment: dict[str, str], databases: Databases) -> None:
    with databases.without_tables() as url:
        refused(module, environment | {"OUTDIAL_DATABASE_URL": url}, "has no tables: run `outdial migrate` first")


async def test_of_a_database_with_an_old_schema(module: str, engine: Database, environment: dict[str, str]) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    refused(module, environment, "has schema 0001, and this needs")
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newest_schema_version()}'")


async def test_with_another_secret_than_the_one_that_sealed_what_is_stored(
    module: str, engine: Database, environment: dict[str, str]
) -> None:
    given = await an_organization(engine)
    await Webhooks(engine, Vault(["the-first-secret-of-32-characters-or-more"])).create(
        given.id, EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,))
    )
    refused(module, environment, "OUTDIAL_SECRET is not the one")


@pytest.mark.parametrize("keys", ["", "another-key-of-32-characters-or-more", "too short"])
async def test_without_the_key_that_encrypted_what_temporal_has(
    module: str, engine: Database, environment: dict[str, str], keys: str
) -> None:
    plain = await Client.connect(environment["TEMPORAL_ADDRESS"])
    await NamespaceBinding(engine).bind(await describe_namespace(plain))
    converter = data_converter(PayloadEncryption.from_setting("the-key-of-before-with-32-characters"))
    client = Client(plain.service_client, namespace=plain.namespace, data_converter=converter)
    job_id = new_id("batch")
    await JobWorkflows(client).start(job_id, "org_1", "Spring campaign", None)
    try:
        sentence = (
            "each key must have at least 32" if keys == "too short" else "OUTDIAL_PAYLOAD_KEYS lacks the key that"
        )
        refused(module, environment | {"OUTDIAL_PAYLOAD_KEYS": keys}, sentence)
    finally:
        await client.get_workflow_handle(job_workflow_id(job_id)).terminate()


async def test_in_a_namespace_that_lacks_a_search_attribute(
    module: str, engine: Database, environment: dict[str, str]
) -> None:
    """As after an upgrade without `outdial migrate --temporal`: every workflow task would fail."""
    name = f"lacking-{module}"
    client = await Client.connect(environment["TEMPORAL_ADDRESS"], namespace=name)
    retention = Duration(seconds=86_400)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    await client.workflow_service.register_namespace(request)
    await eventually(lambda: _is_known(client), SECONDS)
    await NamespaceBinding(engine).bind(await describe_namespace(client))
    sentence = f"Temporal's namespace {name!r} lacks OutdialOrg, OutdialStatus, OutdialScheduledFor, OutdialName: run"
    refused(module, environment | {"TEMPORAL_NAMESPACE": name}, sentence)


async def _is_known(client: Client) -> bool:
    try:
        return len(await JobWorkflows(client).find_missing_attributes()) > 1
    except TemporalUnavailable:
        return False


def test_with_a_taken_port_for_metrics(module: str, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = f"cannot be served at 127.0.0.1:{port} (OUTDIAL_METRICS_PORT): Address already in use."
        refused(module, environment | {"OUTDIAL_METRICS_PORT": str(port)}, sentence)


def test_a_worker_without_temporal(environment: dict[str, str]) -> None:
    away = environment | {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}
    refused("worker", away, "Temporal does not answer at 127.0.0.1")


LOOKS_FOR_GARBAGE = """
import asyncio, gc, time
from api.__main__ import Server
from api.app import create_app
from api.http.server import server_config
from settings import Settings


def cost():
    began = time.process_time()
    gc.collect()
    return time.process_time() - began


async def started():
    config = server_config(create_app(Settings()), "127.0.0.1", 0, lifespan="off")
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    before = min(cost() for _ in range(3))
    await server.startup()
    after = min(cost() for _ in range(3))
    print(f"{before * 1e3:.0f} ms before, {after * 1e3:.0f} ms after", after / before, sep="\\n")
    await server.shutdown()


asyncio.run(started())
"""


def test_garbage_is_not_looked_for_in_what_an_api_process_started_with() -> None:
    """It took 0.2 s of a process that answered nothing meanwhile."""
    run = subprocess.run([sys.executable, "-c", LOOKS_FOR_GARBAGE], capture_output=True, text=True, check=True)
    print(run.stdout)
    assert float(run.stdout.splitlines()[-1]) < 0.2


@pytest.mark.parametrize("holds", ["time.sleep(60)", "atexit.register(time.sleep, 60)"])
def test_a_process_that_was_asked_to_stop_ends_whatever_holds_it_up(holds: str) -> None:
    """A server that is away; a collector of traces that takes them, and does not answer."""
    program = f"import atexit, startup, time; startup.limit_stop(0.3); {holds}"
    done = subprocess.run([sys.executable, "-c", program], timeout=50, check=False)
    assert done.returncode == ABANDONED
