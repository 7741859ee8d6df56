"""`outdial migrate`: a namespace is created, and a database bound anew, only when that was asked for."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url
from temporalio.client import Client

from cli.errors import ExitCode
from store.db.engine import create_engine
from store.temporal_namespace import NamespaceBinding
from tests.cli.conftest import Run
from tests.databases import Databases
from tests.serving import beside
from tests.workflows.conftest import temporal_address
from workflows.client import JobWorkflows, NoSuchNamespace


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a Temporal that a test's commands connect to."""
    with beside(temporal_address()) as served:
        yield served


@pytest.fixture
def database(databases: Databases, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    monkeypatch.delenv("TEMPORAL_NAMESPACE", raising=False)
    with databases.lend() as url:
        yield url


def bound(url: str) -> str | None:
    """The name of the namespace to which the database belongs."""

    async def ask() -> str | None:
        engine = create_engine(url, pool_size=1)
        namespace = await NamespaceBinding(engine).get()
        await engine.dispose()
        return namespace and namespace.name

    return asyncio.run(ask())


def exists(address: str, name: str) -> bool:
    async def ask() -> bool:
        try:
            await JobWorkflows(await Client.connect(address, namespace=name)).namespace()
        except NoSuchNamespace:
            return False
        return True

    return asyncio.run(ask())


def test_the_first_time_binds_the_database_and_again_changes_nothing(run: Run, database: str) -> None:
    for _ in range(2):
        ended = run("migrate", "--temporal", "--database-url", database)
        assert ended.code == ExitCode.OK, ended.err
        assert "belongs to the namespace default" in ended.out
        assert bound(database) == "default"


def test_a_mistyped_namespace_is_neither_created_nor_bound(
    run: Run, database: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate", "--temporal", "--database-url", database)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "prod-eu")

    for flags in ([], ["--create-namespace"]):
        ended = run("migrate", "--temporal", "--database-url", database, *flags)
        assert ended.code == ExitCode.USAGE
        assert "no namespace 'prod-eu'" in ended.err
        assert "belongs to 'default'" in ended.err

    assert bound(database) == "default"
    assert not exists(address, "prod-eu")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TEMPORAL_NAMESAPCE", "prod", "Did you mean TEMPORAL_NAMESPACE?"),
        ("TEMPORAL_ADDRESS", "temporal", "it must look like temporal.example.com:7233"),
        (
            "TEMPORAL_TLS_CLIENT_CERT_PATH",
            "/no/such/file",
            "TEMPORAL_TLS_CLIENT_CERT_PATH: /no/such/file cannot be read.",
        ),
        ("OUTDIAL_PAYLOAD_KEYS", "short", "OUTDIAL_PAYLOAD_KEYS"),
    ],
)
def test_a_wrong_variable_binds_nothing(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    ended = run("migrate", "--temporal", "--create-namespace", "--database-url", database)
    assert ended.code == ExitCode.USAGE
    assert sentence in ended.err
    assert bound(database) is None


def test_a_new_database_is_not_bound_to_a_namespace_that_nobody_made(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "prod-us")
    ended = run("migrate", "--temporal", "--database-url", database)
    assert ended.code == ExitCode.USAGE
    assert "--create-namespace creates it" in ended.err
    assert bound(database) is None

    assert run("migrate", "--temporal", "--create-namespace", "--database-url", database).code == ExitCode.OK
    assert bound(database) == "prod-us"


def test_another_namespace_is_taken_with_rebind_only(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "old")
    run("migrate", "--temporal", "--create-namespace", "--database-url", database)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "default")

    refused = run("migrate", "--temporal", "--database-url", database)
    assert refused.code == ExitCode.USAGE
    assert "--rebind" in refused.err
    assert bound(database) == "old"

    assert "started anew in it: 0" in run("migrate", "--temporal", "--rebind", "--database-url", database).out
    assert bound(database) == "default"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "OUTDIAL_DATABSE_URL",
            "postgresql://x@y/z",
            "OUTDIAL_DATABSE_URL is no setting. Did you mean",
        ),
        ("OUTDIAL_DATABASE_URL", "mysql://x/y", "The database's address must look like postgresql://"),
        ("OUTDIAL_CALL_SLOTS", "many", "OUTDIAL_CALL_SLOTS: Input should be a valid integer"),
    ],
)
@pytest.mark.parametrize("command", [["migrate"], ["recover", "--dry-run"]], ids=" ".join)
def test_with_a_wrong_setting_nothing_is_done(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str], variable: str, value: str, sentence: str
) -> None:
    """With a mistyped address it would be a database of this machine."""
    monkeypatch.setenv(variable, value)
    ended = run(*command)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert sentence in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("command", [["migrate"], ["org", "list"]])
def test_a_database_that_refuses_us_does_answer(run: Run, databases: Databases, command: list[str]) -> None:
    with databases.with_password("right") as url:
        wrong = make_url(url).set(password="wrong").render_as_string(hide_password=False)
        ended = run(*command, "--database-url", wrong)
    assert ended.code == ExitCode.USAGE
    assert "The database refuses us (--database-url or OUTDIAL_DATABASE_URL): connection failed" in ended.err
    assert "password authentication failed" in ended.err


def test_a_database_that_could_not_do_it_does_answer_and_says_why(run: Run, database: str) -> None:
    hasty = make_url(database).update_query_dict({"options": "-c lock_timeout=100"})
    with psycopg.connect(database.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE organizations")
        ended = run("org", "list", "--database-url", hasty.render_as_string(hide_password=False))
    assert ended.code == ExitCode.UNAVAILABLE
    assert "The database answers, and could not do it: canceling statement due to lock timeout" in ended.err


def test_flags_for_temporal_without_it_are_wrong_usage(run: Run, database: str) -> None:
    assert run("migrate", "--rebind", "--database-url", database).code == ExitCode.USAGE


def test_whoever_migrates_reads_which_transaction_is_in_the_way(
    run: Run, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.db.engine.MIGRATION_PAUSE_SECONDS", 0.1)
    with (
        databases.without_tables() as url,
        psycopg.connect(url.replace("+psycopg", ""), application_name="report") as report,
    ):
        report.execute("CREATE TABLE carrier_accounts ()")  # as the first migration wants to
        ended = run("migrate", "--database-url", url)
        report.rollback()

        assert ended.code == ExitCode.FAILED
        assert "The migration gave up: 4 times it waited 2 s for a lock" in ended.err
        assert "(report)" in ended.err
        assert run("migrate", "--database-url", url).code == ExitCode.OK
