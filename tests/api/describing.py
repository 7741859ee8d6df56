"""The API judged by its own OpenAPI page: schemathesis as a process."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def judged(url: str, key: str | None, *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Send whatever the page allows, and what it does not allow, with this key; every check is on."""
    command = (sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run")
    return subprocess.run(
        [
            *command,
            f"{url}/openapi.json",
            *("--checks", "all", "--continue-on-failure", "--seed", "1", "--no-color"),
            *("--request-timeout", "30"),  # seconds; the ten that it waits by itself are too few for a busy machine
            *(("--header", f"Authorization: Bearer {key}") if key else ()),
            *options,
        ],
        cwd=cwd,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HERE / "unsayable.py")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
