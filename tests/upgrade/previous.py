"""The version before: its tree, out of git, and a Python that has what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.deployment import ROOT, Version
from tests.tools import need

BASE = Path(__file__).with_name("base")
PIP_SECONDS = 900


def find_ref() -> str:
    """What `make upgrade-test FROM=…` names, else the last tag before this commit, else what the file `base` says."""
    named = os.environ.get("UPGRADE_FROM")
    return named or _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^") or BASE.read_text().strip()


def check_out(ref: str, home: Path) -> Version:
    """A version below `home`, where other users can read it. It shares our Python if that has what it pins."""
    need("git", "git")
    commit = _git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if not commit:
        pytest.fail(f"There is no commit {ref} here. Name another one with FROM=, or fetch the history.")
    tree = home / "previous"
    tree.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "--extract", "--directory", tree], input=archive.stdout, check=True)
    if _pins(tree) <= _pins(ROOT):
        return Version(tree)
    return Version(tree, _install(tree, home / "venv"))


def _install(tree: Path, venv: Path) -> Path:
    python = venv / "bin/python"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", tree / "constraints.txt", f"{tree}[embedded]"]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return python


def _pins(tree: Path) -> set[str]:
    return set((tree / "constraints.txt").read_text().lower().split())


def _git(*arguments: str) -> str:
    """What it prints; empty where it refuses."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
