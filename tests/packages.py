"""Installed packages that a test makes up: what names plug-ins is their entry points."""

from pathlib import Path

import pytest


def install(into: Path, monkeypatch: pytest.MonkeyPatch, group: str, **entries: str) -> None:
    """As pip leaves it: a package in this folder with these entry points of one group."""
    described = into / "others-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (described / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    monkeypatch.syspath_prepend(str(into))
