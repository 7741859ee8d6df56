"""The environment that the peers run in: made of their pins, once for each change of them."""

import hashlib
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".benchmarks" / "peers"
PYTHON = HOME / "bin" / "python"
PINS = Path(__file__).with_name("requirements.txt")
MARK = HOME / ".installed"  # holds what was installed


def install() -> None:
    """Install the peers from PyPI unless they are. Raises CalledProcessError."""
    wanted = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if MARK.exists() and MARK.read_text() == wanted:
        return
    venv.create(HOME, with_pip=True, clear=True)
    # The pins are complete, and only wheels are taken: nothing is resolved or built here.
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
    subprocess.run([PYTHON, "-m", "pip", "install", *options, "--requirement", PINS], check=True)
    MARK.write_text(wanted)
