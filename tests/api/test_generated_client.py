"""A typed Python client that is generated from the OpenAPI page works against the API."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.api.client import Served, Tenant

PACKAGE = "generated_outdial_client"
CONFIG = """\
post_hooks: []
content_type_overrides: {text/csv: application/octet-stream}
"""  # a file as a body: the generator knows it by the other name alone


@pytest.fixture(scope="module")
def package(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The generated package can be imported; what the generator does not understand is an error."""
    place = tmp_path_factory.mktemp("client")
    (place / "config.yml").write_text(CONFIG)
    generated = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--url", f"{served.url}/openapi.json"),
            *("--meta", "none", "--output-path", str(place / PACKAGE), "--config", str(place / "config.yml")),
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    sys.path.insert(0, str(place))
    yield PACKAGE
    sys.path.remove(str(place))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def operations(package: str, tag: str, *names: str) -> tuple[ModuleType, ...]:
    return tuple(importlib.import_module(f"{package}.api.{tag}.{name}") for name in names)


@contextmanager
def client_of(package: str, served: Served, key: str) -> Iterator[Any]:
    kind = importlib.import_module(package).AuthenticatedClient
    with kind(base_url=served.url, token=key, raise_on_unexpected_status=True) as client:
        yield client


def test_every_module_of_it_can_be_imported(package: str) -> None:
    root = Path(str(importlib.import_module(package).__file__)).parent
    modules = [path.relative_to(root.parent).with_suffix("") for path in root.rglob("*.py")]
    assert len(modules) > 150
    for module in modules:
        importlib.import_module(".".join(module.parts).removesuffix(".__init__"))


def test_it_creates_a_job_looks_at_it_pauses_and_cancels_it(package: str, served: Served, tenant: Tenant) -> None:
    with client_of(package, served, tenant.owner) as client:
        models = importlib.import_module(f"{package}.models")
        create, list_jobs, get, pause, cancel = operations(
            package,
            "batch_jobs",
            *("create_batch_job", "list_batch_jobs", "get_batch_job", "pause_batch_job", "cancel_batch_job"),
        )
        ada = models.CreateBatchJobJsonBodyContactsItem(phone="+12025550101", name="Ada")
        ada["plan"] = "basic"
        body = models.CreateBatchJobJsonBody(
            contacts=[ada], from_phone_number_id=tenant.pipeline, name="Appointments", concurrent_call_limit=2
        )
        created = create.sync(client=client, body=body, idempotency_key="one-of-the-client")
        assert (created.total_contacts, created.estimated_cost) == (1, "$0.04")
        assert [job.id for job in list_jobs.sync(client=client).batch_jobs] == [created.batch_job_id]
        job = get.sync(created.batch_job_id, client=client)
        assert (job.name, job.status, job.concurrent_call_limit) == ("Appointments", models.JobStatus.PENDING, 2)
        assert job.contacts[0].contact_data.to_dict() == {"phone": "+12025550101", "name": "Ada", "plan": "basic"}
        assert pause.sync(created.batch_job_id, client=client).status == models.JobStatus.PAUSED
        assert cancel.sync(created.batch_job_id, client=client).contacts_cancelled == 1
        assert get.sync(created.batch_job_id, client=client).status == models.JobStatus.CANCELLED


def test_it_sends_a_file(package: str, served: Served, tenant: Tenant) -> None:
    with client_of(package, served, tenant.owner) as client:
        models = importlib.import_module(f"{package}.models")
        types = importlib.import_module(f"{package}.types")
        (create,) = operations(package, "batch_jobs", "create_batch_job")
        window = models.CreateBatchJobFilesBodyCallingWindowType1(from_="09:00", to="20:00")
        with (Path(__file__).parents[2] / "samples" / "contacts.csv").open("rb") as contacts:
            body = models.CreateBatchJobFilesBody(
                file=types.File(payload=contacts, file_name="contacts.csv"),
                from_phone_number_id=tenant.pipeline,
                name="From a file",
                calling_window=window,
            )
            created = create.sync(client=client, body=body)
        assert created.success
        assert created.total_contacts == created.validation.valid > 0


def test_what_is_refused_is_typed_too(package: str, served: Served, tenant: Tenant) -> None:
    with client_of(package, served, tenant.member) as client:
        models = importlib.import_module(f"{package}.models")
        get, cancel = operations(package, "batch_jobs", "get_batch_job", "cancel_batch_job")
        missing = get.sync_detailed("batch_0123", client=client)
        assert (missing.status_code, missing.parsed.code) == (404, "job_not_found")
        assert isinstance(missing.parsed, models.ErrorAnswer)
        assert cancel.sync("batch_0123", client=client).code == "forbidden"
