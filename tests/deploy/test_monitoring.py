"""Alerts and dashboards: each alert fires when it should, and leads to its section of the runbook."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.tools import need

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/outdial.json").read_text())


def promtool(*arguments: str) -> None:
    need("promtool", "prometheus")
    judged = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_rules_are_in_order() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_by_its_numbers() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_each_alert_has_a_test_of_its_own() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_leads_to_its_section(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    sections = re.findall(r"^### (.+)\n\n(?=\S)", (ROOT / file).read_text(), re.MULTILINE)
    assert rule["alert"] in sections
    assert anchor == rule["alert"].lower()
    assert rule["labels"]["severity"] in {"critical", "warning"}


def test_every_panel_asks_our_prometheus() -> None:
    provisioned = ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml"
    (source,) = yaml.safe_load(provisioned.read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"]) > 20
