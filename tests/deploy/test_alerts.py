"""Debian's Prometheus fires each alert when its fault is done to a deployment, and is quiet again afterwards.

The rules are ours. Their minutes are shorter here: how long they wait (`for`), what they look back on (`[10m]`) and the
ages and times ahead that they name in seconds (`…_seconds) > 900`) are divided by SHORTER; what they ask stays.
"""

import contextlib
import re
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.deploy.alert_faults import CALL_SLOTS, FAULTS, Fault, Scene
from tests.deploy.deployment import Deployment
from tests.prometheus import RULES, firing, prometheus
from tests.tools import need
from tests.waiting import until

SHORTER = 30
SECONDS = {"m": 60, "h": 3600}
DURATION = re.compile(r"(?<=for: )(\d+)([mh])\b|(?<=\[)(\d+)([mh])(?=\])")
AGE = re.compile(r"(?<=_seconds\) > )(\d+)\b|(?<=\], )(\d+)(?=\))")
FIRES_WITHIN_SECONDS = 240
QUIET_WITHIN_SECONDS = 120
SPEED = 60.0
SETTINGS = {
    "OUTDIAL_METRICS_SECONDS": "1",
    "OUTDIAL_HOUSEKEEPER_SECONDS": "5",
    "OUTDIAL_CALL_SLOTS": str(CALL_SLOTS),
}
NAMES = frozenset(rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"])


def shortened(rules: str) -> str:
    """The same rules in a faster world."""
    rules, ages = AGE.subn(lambda age: str(int(age[0]) // SHORTER), rules)
    assert ages == 4, "an age that is compared with is no longer found, or there is a new one"

    def divided(found: re.Match[str]) -> str:
        number, unit = found[1] or found[3], found[2] or found[4]
        return f"{int(number) * SECONDS[unit] // SHORTER}s"

    return DURATION.sub(divided, rules)


def test_what_is_shortened_is_all_that_lasts() -> None:
    short = shortened(RULES.read_text())
    assert re.findall(r"for: \d+[mh]|\[\d+[mh]\]", short) == []
    assert "for: 2s" in short
    assert "[20s]" in short
    assert "outdial_webhook_oldest_seconds) > 30" in short


def test_each_alert_has_a_fault() -> None:
    assert {alert for fault in FAULTS for alert in fault.alerts} == NAMES


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    need("prometheus", "prometheus")
    need("nginx", "nginx-light")
    with Deployment.running(apis=1, workers=1, speed=SPEED, limit=20, settings=SETTINGS) as deployment:
        yield Scene(deployment)


@pytest.fixture(scope="module")
def client(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    directory = tmp_path_factory.mktemp("prometheus")
    (directory / "alerts.yml").write_text(shortened(RULES.read_text()))
    metrics = scene.deployment.ready["metrics"]
    jobs = {"outdial-api": metrics["apis"], "outdial-worker": metrics["workers"]}
    with prometheus(directory, next(scene.deployment.ports), jobs, directory / "alerts.yml") as client:
        yield client


@pytest.mark.soak
@pytest.mark.timeout(500)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_alerts_fire_by_their_fault_and_end_with_it(scene: Scene, client: httpx.Client, fault: Fault) -> None:
    until(lambda: not firing(client) & (fault.alerts | fault.not_these), QUIET_WITHIN_SECONDS, every=0.5)
    began, at = time.monotonic(), dict[str, float]()

    def look() -> bool:
        for alert in firing(client) - at.keys():
            at[alert] = time.monotonic() - began
        return fault.alerts <= at.keys()

    with fault.done(scene):
        with contextlib.suppress(AssertionError):
            until(look, FIRES_WITHIN_SECONDS, every=0.3)
        assert fault.alerts - at.keys() == set(), f"not within {FIRES_WITHIN_SECONDS} s; these were: {at}"
    print(f"\n{fault.name}: {', '.join(f'{alert} after {seconds:.0f} s' for alert, seconds in at.items())}")
    assert not fault.not_these & at.keys()
    until(lambda: not firing(client) & fault.alerts, QUIET_WITHIN_SECONDS, every=0.5)
