"""Every `outdial_…` metric that documents, alerts and dashboards name is counted somewhere in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.checks.texts import Fault, faults, files, read

NAME = re.compile(r"(?<![\w/.-])outdial_[a-z0-9_]*[a-z0-9](?![\w…*(])")
SUFFIXES = {
    "Counter": ("_total",),
    "Gauge": ("",),
    "Histogram": ("_bucket", "_count", "_sum"),
    "Fact": ("",),
    "single": ("",),  # Fact.single
}
CODE = ("telemetry/*.py", "api/*.py", "activities/*.py", "worker.py", "composition.py", "console/*.py")
WHERE = ("*.md", "deploy/prometheus/*.yml", "deploy/grafana/*.json", "deploy/grafana/*.yml")
NO_METRICS = frozenset(
    {
        *("outdial_api", "outdial_call_id", "outdial_call_token", "outdial_truncated"),  # parameters of an agent
        *("outdial_secret", "outdial_platform_key"),  # files of secrets
        *("outdial_reason", "outdial_tincan", "outdial_client"),  # an attribute of a workflow, packages
    }
)


def find(root: Path) -> Iterator[Fault]:
    known = exported(root) | NO_METRICS
    for file in files(root, *WHERE):
        yield from faults(root, file, NAME, known, "no process has a metric {}")


def exported(root: Path) -> frozenset[str]:
    """All names of series, as Prometheus has them."""
    return frozenset(name for file in files(root, *CODE) for name in _declared(ast.parse(read(file))))


def _declared(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        match call:
            case ast.Call(
                func=ast.Name(id=kind) | ast.Attribute(attr=kind), args=[ast.Constant(value=str() as name), *_]
            ) if name.startswith("outdial_"):
                yield from (name + suffix for suffix in SUFFIXES.get(kind, ()))
