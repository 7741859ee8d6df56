"""The image `outdial:0.1.0`, built from the Dockerfile, run as docker-compose.yml runs it: read-only, nobody's rights.

Needs an engine (DOCKER_HOST) that has the image; PostgreSQL and Temporal run outside. `docker build --network host
--tag outdial:0.1.0 .` makes it.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.deploy.deployment import ACCOUNT_SID, Deployment
from tests.waiting import until

IMAGE = "outdial:0.1.0"
SECRETS = "/run/secrets"
HARDENED = (
    *("--network", "host", "--read-only", "--tmpfs", "/tmp:mode=1777,size=64m", "--init"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
)
STOP_SECONDS = 45


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Containers:
    """Those of one run, with the settings of a deployment whose servers run outside."""

    def __init__(self, outside: Deployment) -> None:
        self._deploy = outside.data_dir.parent / "deploy/secrets"
        self._settings = {
            name: value.replace(str(self._deploy), SECRETS) for name, value in outside.environment().items()
        }
        self._settings["OUTDIAL_PUBLIC_URL"] = f"http://127.0.0.1:{outside.api_ports[0]}"
        self._named: list[str] = []

    def options(self, **settings: str) -> list[str]:
        mounts = [f"{file}:{SECRETS}/{file.name}:ro" for file in self._deploy.iterdir()]
        given = {**self._settings, **settings}
        volumes = [part for mount in mounts for part in ("--volume", mount)]
        return [*HARDENED, *volumes, *(part for name in given for part in ("--env", f"{name}={given[name]}"))]

    def run(self, *command: str, **settings: str) -> str:
        """Once, to its end; what it printed. Raises AssertionError where it failed."""
        return docker("run", "--rm", *self.options(**settings), IMAGE, *command)

    def start(self, name: str, *command: str, extra: tuple[str, ...] = (), **settings: str) -> str:
        id = docker("run", "--detach", *self.options(**settings), *extra, IMAGE, *command).split()[-1]
        self._named.append(id)
        return id

    def end(self) -> None:
        for id in self._named:
            docker("rm", "--force", "--volumes", id, check=False)


@pytest.fixture
def outside() -> Iterator[Deployment]:
    if shutil.which("docker") is None or docker("image", "ls", "--quiet", IMAGE, check=False).count("\n") != 1:
        pytest.skip(f"no container engine that has {IMAGE} answers (Debian: docker.io; DOCKER_HOST)")
    with Deployment.servers() as outside:
        yield outside


@pytest.fixture
def containers(outside: Deployment) -> Iterator[Containers]:
    running = Containers(outside)
    with contextlib.ExitStack() as ending:
        ending.callback(running.end)
        yield running


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_our_services_run_read_only_and_place_a_call(outside: Deployment, containers: Containers) -> None:
    """Also: nobody of them is root, and none can write where it must not."""
    containers.run("outdial", "migrate", "--temporal", "--create-namespace")
    carrier_port = outside.carrier_url.rpartition(":")[2]
    containers.start(
        "simulator",
        *("python", "-m", "carriers.simulator", "--host", "127.0.0.1", "--port", carrier_port),
        *("--database", "/data/simulator.db"),
        extra=("--volume", "/data"),
        OUTDIAL_SIMULATOR_ACCOUNT_SID=ACCOUNT_SID,
        OUTDIAL_SIMULATOR_AUTH_TOKEN=outside.secret("twilio_auth_token"),
    )
    api_port, metrics = outside.api_ports[0], [str(port) for port in outside.metrics_ports]
    api = containers.start("api", OUTDIAL_API_PORT=str(api_port), OUTDIAL_METRICS_PORT=metrics[0])
    worker = containers.start("worker", "python", "-m", "worker", OUTDIAL_METRICS_PORT=metrics[1])
    until(lambda: _answers(f"http://127.0.0.1:{api_port}/healthz"), 120, every=0.5)
    found = containers.run("python", "deploy/check.py", OUTDIAL_URL=f"http://127.0.0.1:{api_port}")
    assert found.count("ok ") == 3, found
    for id in (api, worker):
        assert docker("exec", id, "id", "-u").strip() == "10001"
        refused = docker("exec", id, "python", "-c", "open('/outdial/x', 'w')", check=False)
        assert "Read-only file system" in refused
        docker("stop", "--time", str(STOP_SECONDS), id)
        ended = docker("inspect", "--format", "{{.State.ExitCode}}", id).strip()
        assert ended in {"0", "143"}  # 143: it ends by the signal that it was sent, when all is done; 137: killed


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False
