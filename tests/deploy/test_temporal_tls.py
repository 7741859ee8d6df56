"""Temporal behind TLS, reached by its own settings alone: by client certificate and API key, as Temporal Cloud is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.ports import free_port
from tests.api.client import SECRET
from tests.certificates import authority_for
from tests.databases import Databases
from tests.serving import beside
from tests.tools import need
from tests.waiting import until
from tests.workflows.conftest import temporal_address

API_KEY = "the-key-of-an-account"
CONFIGURATION = """
daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {served}; ssl_certificate_key {served};
    ssl_client_certificate {trusted}; ssl_verify_client on;
    location / {{
      if ($http_authorization != "Bearer {key}") {{ return 401; }}
      grpc_pass grpc://{address}; grpc_read_timeout 120s;
    }}
  }}
}}
"""
MISSING = {
    "no key": ("TEMPORAL_API_KEY",),
    "no certificate": ("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH"),
    "an authority that is not known": ("TEMPORAL_TLS_SERVER_CA_CERT_PATH",),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a process that reaches a Temporal by a proxy, which checks who asks."""
    need("nginx", "nginx-light")
    directory, port = tmp_path_factory.mktemp("tls"), free_port()
    trusted, served = authority_for("localhost", directory)
    with beside(temporal_address()) as address:
        text = CONFIGURATION.format(
            directory=directory, port=port, served=served, trusted=trusted, key=API_KEY, address=address
        )
        (directory / "nginx.conf").write_text(text)
        proxy = subprocess.Popen(["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)])
        try:
            yield {
                "TEMPORAL_ADDRESS": f"localhost:{port}",
                "TEMPORAL_API_KEY": API_KEY,
                "TEMPORAL_TLS": "true",
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(trusted),
                "TEMPORAL_TLS_CLIENT_CERT_PATH": str(served),
                "TEMPORAL_TLS_CLIENT_KEY_PATH": str(served),
            }
        finally:
            proxy.terminate()
            proxy.wait(20)


def environment(settings: dict[str, str], database: str) -> dict[str, str]:
    own = {"PATH": os.environ["PATH"], "OUTDIAL_DATABASE_URL": database, "OUTDIAL_SECRET": SECRET}
    return own | settings


def migrate(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "outdial"), "migrate", "--temporal"]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=100, check=False)


def test_the_namespace_is_prepared_and_a_worker_works(
    settings: dict[str, str], databases: Databases, tmp_path: Path
) -> None:
    with databases.lend() as database, (tmp_path / "log").open("w") as log:
        given = environment(settings, database)
        done = migrate(given)
        assert done.returncode == 0, done.stderr
        worker = subprocess.Popen([sys.executable, "-m", "worker"], env=given, stdout=log, stderr=log)
        try:
            until(lambda: '"working"' in (tmp_path / "log").read_text() or worker.poll() is not None, 60, every=0.2)
            assert worker.poll() is None, (tmp_path / "log").read_text()
        finally:
            worker.terminate()
            worker.wait(40)
        assert "Temporal does not answer" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("what", MISSING)
def test_whoever_lacks_one_of_them_is_refused(settings: dict[str, str], databases: Databases, what: str) -> None:
    with databases.lend() as database:
        given = environment({name: text for name, text in settings.items() if name not in MISSING[what]}, database)
        done = migrate(given)
    assert done.returncode != 0
    assert "Temporal does not answer, or refuses" in done.stderr
