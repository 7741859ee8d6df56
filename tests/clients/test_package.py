"""The package in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from outdial_client import Outdial

from tests.api.client import Served, Tenant

PACKAGE = Path(__file__).parents[2] / "clients" / "python"
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_example_of_its_readme_runs_where_the_wheel_alone_is_installed(
    outdial: Outdial, served: Served, tenant: Tenant, tmp_path: Path
) -> None:
    found = EXAMPLE.search((PACKAGE / "README.md").read_text())
    assert found
    program = "import outdial_client\nprint(outdial_client.__file__)\n" + found[1]
    (tmp_path / "example.py").write_text(program)
    (tmp_path / "contacts.csv").write_text("phone\n+12025550101\n")
    python = installed(tmp_path)
    # Of our own environment the libraries alone: in PYTHONPATH no editable package is found.
    environment = {
        **os.environ,
        **{"PYTHONPATH": sysconfig.get_path("purelib"), "OUTDIAL_KEY": tenant.owner, "OUTDIAL_URL": served.url},
    }
    with subprocess.Popen([python, "example.py"], cwd=tmp_path, env=environment, stdout=-1, text=True) as example:
        try:
            outdial.cancel_batch_job(first_job(outdial))
            printed, _ = example.communicate(timeout=60)
        finally:
            example.kill()
    place, *lines = printed.splitlines()
    assert Path(place).is_relative_to(tmp_path / "venv")
    assert lines[-2:] == ["cancelled 1 of 1", "+12025550101 cancelled 0"]
    assert example.returncode == 0


def installed(folder: Path) -> Path:
    """The Python of a fresh environment with the wheel."""
    source = shutil.copytree(PACKAGE, folder / "source")  # it is built beside itself
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, capture_output=True)
    (wheel,) = folder.glob("outdial_client-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [*pip, "--python", python, "install", "--no-index", "--no-deps", wheel], check=True, capture_output=True
    )
    return python


def first_job(outdial: Outdial) -> str:
    deadline = time.monotonic() + 60
    while not (jobs := outdial.list_batch_jobs().batch_jobs):
        assert time.monotonic() < deadline, "the example created no job"
        time.sleep(0.1)
    return jobs[0].id
