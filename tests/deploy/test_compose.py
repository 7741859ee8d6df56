"""The files for containers and systemd are read and judged, not run: no engine is at hand where the tests run."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

import worker
from api import __main__ as api_process
from carriers.registry import open_carrier
from settings import Settings, UnreadableSecret, read_secret_files
from tests.tools import need

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]


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
    known |= {"OUTDIAL_DATABASE_PASSWORD"}
    assert {name.removesuffix("_FILE") for name in passed if name.startswith("OUTDIAL_")} <= known


def test_what_carriers_read_is_passed_and_told_to_operators(compose: dict[str, Any], of_carriers: set[str]) -> None:
    assert {"OUTDIAL_TWILIO_RECORD", "OUTDIAL_ASTERISK_CDR_PATH"} <= of_carriers
    passed = {name.removesuffix("_FILE") for name in compose["services"]["worker"]["environment"]}
    assert of_carriers <= passed
    for file in (".env.example", "docs/settings.md"):
        told = set(re.findall(r"OUTDIAL_[A-Z_]+", (ROOT / file).read_text()))
        assert of_carriers - told == set(), file


def test_a_carrier_that_an_operator_leaves_alone_is_not_set_up(compose: dict[str, Any]) -> None:
    """`NAME: ${NAME:-default}`, where nobody has set anything."""
    passed = {name: str(value) for name, value in compose["services"]["worker"]["environment"].items()}
    environment = {name: re.sub(r"\$\{[A-Z_]+:-(.*)\}", r"\1", value) for name, value in passed.items()}
    assert open_carrier("asterisk", environment) is None
    assert open_carrier("twilio", environment) is None


def test_no_secret_is_in_the_environment(compose: dict[str, Any]) -> None:
    """Of a process anybody can read it who may ask the engine: secrets are files."""
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|PLATFORM_KEY|SIGNING_KEY", variable):
                assert str(value).startswith("/run/secrets/"), (name, variable)
    assert re.findall("(?:TOKEN|PASSWORD|SIGNING_KEY|SECRET)=", (ROOT / ".env.example").read_text()) == []


def test_every_secret_that_is_read_is_mounted_and_made(compose: dict[str, Any], tmp_path: Path) -> None:
    for service in compose["services"].values():
        text = str(service)
        assert set(re.findall(r"/run/secrets/(\w+)", text)) <= set(service.get("secrets", []))
    deploy = shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    subprocess.run([deploy / "make-secrets"], check=True, capture_output=True)
    made = {f"deploy/secrets/{file.name}" for file in (deploy / "secrets").iterdir()}
    assert made == {secret["file"] for secret in compose["secrets"].values()}
    assert stat.S_IMODE((deploy / "secrets").stat().st_mode) == 0o700
    before = (deploy / "secrets/outdial_secret").read_text()
    assert len(before) == 64
    subprocess.run([deploy / "make-secrets"], check=True, capture_output=True)
    assert (deploy / "secrets/outdial_secret").read_text() == before


def test_the_file_is_what_the_specification_allows() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    judged = subprocess.run([*command, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout


def test_every_service_that_stays_up_says_how_it_is(compose: dict[str, Any]) -> None:
    once = {"temporal-schema", "migrate", "check"}
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == once


def test_each_of_our_processes_has_longer_to_stop_than_it_asks_for(compose: dict[str, Any]) -> None:
    asks = {"api": api_process.GRACE_SECONDS, "worker": worker.SHUTDOWN_TIMEOUT.total_seconds()}
    for name, seconds in asks.items():
        assert float(compose["services"][name]["stop_grace_period"].removesuffix("s")) > seconds + 10
        (unit,) = (ROOT / "deploy/systemd").glob(f"outdial-{name}*.service")
        (timeout,) = re.findall(r"TimeoutStopSec=(\d+)", unit.read_text())
        assert float(timeout) > seconds + 10


def test_our_processes_write_nothing_and_may_nothing(compose: dict[str, Any]) -> None:
    ours = [service for service in compose["services"].values() if service["image"].startswith("outdial:")]
    assert len(ours) == 6
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_nobody_gains_privileges(compose: dict[str, Any]) -> None:
    services = compose["services"].items()
    lenient = {name for name, one in services if one.get("security_opt") != ["no-new-privileges:true"]}
    assert lenient == {"temporal-schema"}  # which runs once, and nobody reaches


def given(compose: dict[str, Any], service: str, secrets: Path, env: str) -> dict[str, str]:
    """The environment that Compose gives a service's process, where `.env` has this text."""
    of_file = dict(re.findall(r"^([A-Z_]+)=(.*)$", env, re.MULTILINE))
    environment = {name: str(value) for name, value in compose["services"][service]["environment"].items()}

    def substituted(found: re.Match[str]) -> str:
        return of_file.get(found[1]) or found[2]

    environment = {name: re.sub(r"\$\{(\w+):-(.*)\}", substituted, value) for name, value in environment.items()}
    environment = {name: value.replace("/run/secrets", str(secrets)) for name, value in environment.items()}
    return of_file | environment


@pytest.mark.parametrize("env", ["none", "example", "everything"])
def test_our_processes_take_what_they_are_given(compose: dict[str, Any], tmp_path: Path, env: str) -> None:
    """`.env` goes to them whole, and they refuse what looks like a mistyped setting."""
    deploy = shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    subprocess.run([deploy / "make-secrets"], check=True, capture_output=True)
    (deploy / "secrets/asterisk_password").write_text("of its user")
    example = (ROOT / ".env.example").read_text()
    everything = re.sub(r"^# (?=[A-Z_]+=\S)", "", example, flags=re.MULTILINE)
    everything = re.sub(r"^TEMPORAL_(API_KEY_FILE|TLS)=.*", "", everything, flags=re.MULTILINE)  # of another cluster
    everything += "".join(f"\n{name}=1" for name in re.findall(r"\$\{((?!OUTDIAL|TEMPORAL_[AN])\w+)", str(compose)))
    text = {"none": "", "example": example, "everything": everything}[env]
    environment = {"PATH": os.environ["PATH"], **given(compose, "worker", deploy / "secrets", text)}
    asked = [sys.executable, "-c", "import startup; print(startup.load_settings().public_url)"]
    done = subprocess.run(asked, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("http://api:8000", "")


@pytest.mark.parametrize("password", ["""p"a's$s`@/%\\w:#{} &""", "plain"])
def test_any_password_reaches_temporals_server(compose: dict[str, Any], tmp_path: Path, password: str) -> None:
    """Its configuration has it between double quotes: docker/config_template_embedded.yaml of temporalio/temporal."""
    (tmp_path / "postgres_password").write_text(password)
    (command,) = compose["services"]["temporal"]["command"]
    command = command.replace("$$", "$").replace("/run/secrets", str(tmp_path))
    command = command.replace("exec /etc/temporal/entrypoint.sh", 'printf \'password: "%s"\' "$POSTGRES_PWD"')
    done = subprocess.run(["/bin/sh", "-euc", command], capture_output=True, text=True, check=True)
    assert yaml.safe_load(done.stdout) == {"password": password}


def test_everything_is_pinned(compose: dict[str, Any]) -> None:
    images = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", service["image"]) for service in compose["services"].values()]
    base = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in images + base:
        assert re.search(r":v?\d+\.\d+", image), image


def test_temporal_is_set_up_for_years(compose: dict[str, Any]) -> None:
    environment = compose["services"]["temporal"]["environment"]
    assert environment["NUM_HISTORY_SHARDS"] == "512"
    assert min(int(environment[f"SQL_{name}"]) for name in ("MAX_CONNS", "VIS_MAX_CONNS")) >= 20
    dynamic = yaml.safe_load(compose["configs"]["temporal-dynamic"]["content"])
    assert dynamic["frontend.enableCancelWorkerPollsOnShutdown"] == [{"value": True}]
    assert dynamic["matching.enableFairness"] == [{"value": True}]
    assert dynamic["history.transferProcessorMaxPollRPS"][0]["value"] >= 100


def test_the_proxy_knows_the_apis_that_there_are(compose: dict[str, Any]) -> None:
    (wait,) = compose["services"]["proxy"]["depends_on"].values()
    assert wait == {"condition": "service_healthy", "restart": True}


def test_several_apis_find_ports_of_their_own(compose: dict[str, Any]) -> None:
    (ports,) = compose["services"]["api"]["ports"]
    first, last = re.search(r"(\d+)-(\d+)\}?:8000", ports).groups()  # type: ignore[union-attr]
    assert int(last) > int(first)


def test_any_password_works_in_the_databases_address() -> None:
    environment = {
        "OUTDIAL_DATABASE_URL": "postgresql+psycopg://outdial@postgres:5432/outdial?sslmode=require",
        "OUTDIAL_DATABASE_PASSWORD": "p@ss/w:rd%20 ?#",
    }
    read_secret_files(environment)
    url = make_url(environment["OUTDIAL_DATABASE_URL"])
    assert (url.username, url.password, url.host, url.database) == ("outdial", "p@ss/w:rd%20 ?#", "postgres", "outdial")
    assert environment.keys() == {"OUTDIAL_DATABASE_URL"}


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of mine\n")
    environment = {"OUTDIAL_SECRET_FILE": str(tmp_path / "secret"), "TEMPORAL_CONFIG_FILE": "/dev/null"}
    read_secret_files(environment)
    assert environment == {"OUTDIAL_SECRET": "of mine", "TEMPORAL_CONFIG_FILE": "/dev/null"}


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSecret, match=r"OUTDIAL_SECRET_FILE: .* cannot be read \(FileNotFoundError\)"):
        read_secret_files({"OUTDIAL_SECRET_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("unit", ["outdial-api.service", "outdial-worker@.service", "outdial-migrate.service"])
def test_units_are_hardened(unit: str) -> None:
    need("systemd-analyze", "systemd")
    file = ROOT / "deploy/systemd" / unit
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(file)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-300:]


@pytest.mark.parametrize("unit", ["outdial-api.service", "outdial-worker@.service"])
def test_units_wait_for_servers_that_are_away_and_not_for_a_person(unit: str) -> None:
    """Both end a process with code 2: after a night without PostgreSQL it would not be started again."""
    text = (ROOT / "deploy/systemd" / unit).read_text()
    assert "Restart=always" in text
    assert "RestartPreventExitStatus=2" in text
    (waits,) = re.findall(r"^Environment=OUTDIAL_START_TIMEOUT_SECONDS=(\d+)$", text, re.MULTILINE)
    assert int(waits) >= 24 * 3600
    migration = (ROOT / "deploy/systemd/outdial-migrate.service").read_text()
    assert {"Restart=on-failure", "RestartSec=5", "RestartPreventExitStatus=2"} <= set(migration.splitlines())


def test_nothing_is_reachable_from_other_machines(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_image_does_not_run_as_root() -> None:
    assert "USER outdial" in (ROOT / "Dockerfile").read_text()


def test_all_code_gets_into_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    code = [f"{module}.py" for module in project["py-modules"]]
    find = project["packages"]["find"]
    for package in (pattern.removesuffix("*") for pattern in find["include"]):
        code += [Path(place, package).as_posix() for place in find["where"] if (ROOT / place / package).is_dir()]
    assert len(code) == len(project["py-modules"]) + len(find["include"])
    let_in = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {f"!{name}" for name in code} <= let_in
