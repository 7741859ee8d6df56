"""Debian's Prometheus beside a stack: what it scrapes, what it answers, and which alerts fire."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.waiting import until

READY_SECONDS = 60
RULES = Path(__file__).parents[1] / "deploy/prometheus/alerts.yml"


@contextlib.contextmanager
def prometheus(
    directory: Path, port: int, jobs: Mapping[str, Sequence[str]], rules: Path = RULES
) -> Iterator[httpx.Client]:
    """A client of one that scrapes every second, and has scraped all once. `jobs`: the addresses of `/metrics`."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [url.split("/")[2] for url in urls]}]}
            for name, urls in jobs.items()
        ],
    }
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{port}"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], cwd=directory, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=30) as client:
            until(lambda: _scraped(client) == sum(map(len, jobs.values())), READY_SECONDS, every=0.2)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def ask(client: httpx.Client, question: str) -> list[dict[str, Any]]:
    """What a question is answered with: a list of `metric` and `value`."""
    answer = client.get("/api/v1/query", params={"query": question}).json()
    assert answer["status"] == "success", (question, answer)
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def firing(client: httpx.Client) -> set[str]:
    """The names of the alerts that fire."""
    alerts = client.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def _scraped(client: httpx.Client) -> int:
    """How many processes were reached; 0 while it does not answer."""
    try:
        found = ask(client, "sum(up)")
    except (httpx.HTTPError, ValueError, AssertionError):
        return 0
    return int(found[0]["value"][1]) if found else 0
