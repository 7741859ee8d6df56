"""The files for containers are read, not run: no engine is at hand where the tests run."""

from pathlib import Path
from typing import Any

import pytest

from settings import Settings

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_process_of_design_is_a_service(compose: dict[str, Any]) -> None:
    assert {"postgres", "temporal", "temporal-ui", "migrate", "api", "worker", "simulator"} <= set(compose["services"])


def test_the_simulator_runs_only_when_asked_for(compose: dict[str, Any]) -> None:
    assert compose["services"]["simulator"]["profiles"] == ["simulator"]


def test_api_and_worker_wait_for_the_migration(compose: dict[str, Any]) -> None:
    for name in ("api", "worker"):
        waits = compose["services"][name]["depends_on"]
        assert waits == {"migrate": {"condition": "service_completed_successfully"}}


def test_every_service_waited_for_exists_and_can_be_waited_for(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, wait in service.get("depends_on", {}).items():
            healthy = wait["condition"] == "service_healthy"
            assert "healthcheck" in compose["services"][name] or not healthy


def test_every_setting_that_is_passed_exists(compose: dict[str, Any]) -> None:
    passed = compose["services"]["worker"]["environment"]
    known = {f"OUTDIAL_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in passed if name.startswith("OUTDIAL_")} <= known


def test_nothing_is_reachable_from_other_machines(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_image_does_not_run_as_root() -> None:
    assert "USER outdial" in (ROOT / "Dockerfile").read_text()
