"""The files for containers are read, not run: no engine is at hand where the tests run."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from carriers.registry import open_carrier
from settings import Settings

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[3]


class Environment(dict[str, str]):
    """Remembers which variables were asked for."""

    def __init__(self) -> None:
        super().__init__(OUTDIAL_TWILIO_ACCOUNT_SID="AC1", OUTDIAL_ASTERISK_URL="http://127.0.0.1:9/ari")
        self.asked: set[str] = set()

    def get(self, name: str, *default: Any) -> Any:
        self.asked.add(name)
        return super().get(name, *default)


@pytest.fixture
async def of_carriers() -> set[str]:
    """The variables that our carriers read for themselves."""
    environment = Environment()
    for name in ("twilio", "asterisk"):
        carrier = open_carrier(name, environment)
        assert carrier is not None
        await carrier.close()
    return {name for name in environment.asked if name.startswith(("OUTDIAL_TWILIO_", "OUTDIAL_ASTERISK_"))}


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


def test_every_setting_that_is_passed_exists(compose: dict[str, Any], of_carriers: set[str]) -> None:
    passed = compose["services"]["worker"]["environment"]
    known = {f"OUTDIAL_{name.upper()}" for name in Settings.model_fields} | of_carriers
    assert {name for name in passed if name.startswith("OUTDIAL_")} <= known


def test_what_carriers_read_is_passed_and_told_to_operators(compose: dict[str, Any], of_carriers: set[str]) -> None:
    assert {"OUTDIAL_TWILIO_RECORD", "OUTDIAL_ASTERISK_CDR_PATH"} <= of_carriers
    assert of_carriers <= set(compose["services"]["worker"]["environment"])
    for file in (".env.example", "docs/settings.md"):
        told = set(re.findall(r"OUTDIAL_[A-Z_]+", (ROOT / file).read_text()))
        assert of_carriers - told == set(), file


def test_a_carrier_that_an_operator_leaves_alone_is_not_set_up(compose: dict[str, Any]) -> None:
    """`NAME: ${NAME:-default}`, where nobody has set anything."""
    passed = {name: str(value) for name, value in compose["services"]["worker"]["environment"].items()}
    environment = {name: re.sub(r"\$\{[A-Z_]+:-(.*)\}", r"\1", value) for name, value in passed.items()}
    assert open_carrier("asterisk", environment) is None
    assert open_carrier("twilio", environment) is None


def test_no_token_is_published(compose: dict[str, Any]) -> None:
    for service in ("api", "worker", "simulator"):
        tokens = {name: text for name, text in compose["services"][service]["environment"].items() if "TOKEN" in name}
        assert tokens
        assert all(text.endswith(":-}") for text in tokens.values())
    assert "\nOUTDIAL_TWILIO_AUTH_TOKEN=\n" in (ROOT / ".env.example").read_text()


def test_nothing_is_reachable_from_other_machines(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_image_does_not_run_as_root() -> None:
    assert "USER outdial" in (ROOT / "Dockerfile").read_text()


def test_all_code_gets_into_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    code = [f"{module}.py" for module in project["py-modules"]]
    code += [package.removesuffix("*") for package in project["packages"]["find"]["include"]]
    let_in = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {f"!{name}" for name in code} <= let_in
