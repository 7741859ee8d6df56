"""NOTICE names every package at run time whose license asks more than to be named, as the package declares it."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|0BSD)\b", re.IGNORECASE)
DEMANDING = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL|EUPL", re.IGNORECASE)


def licenses() -> dict[str, str]:
    """What the packages that a process needs declare, by name in small letters."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting, found = [Requirement(text) for text in project["dependencies"]], {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        needed = waiting.pop()
        for extra in ("", *needed.extras):
            if (needed.name, extra) in seen:
                continue
            seen.add((needed.name, extra))
            try:
                of = [Requirement(text) for text in distribution(needed.name).requires or ()]
            except PackageNotFoundError:  # for another system
                continue
            waiting += [one for one in of if one.marker is None or one.marker.evaluate({"extra": extra})]
            found[needed.name.lower()] = declared(needed.name)
    return found


def declared(name: str) -> str:
    about = metadata(name)
    classifiers = [one for one in about.get_all("Classifier") or () if one.startswith("License")]
    expression = about.get_all("License-Expression") or [whole[:80] for whole in about.get_all("License") or ()]
    return " ".join([*expression, *classifiers])


def noticed() -> dict[str, str]:
    """The lines of the list: package, license."""
    lines = re.findall(r"^(\S+) {2,}(\S+) {2,}\S", (ROOT / "NOTICE").read_text(), re.MULTILINE)
    return dict(lines)


def test_every_license_that_asks_for_more_is_in_the_notice() -> None:
    demanding = {name: license for name, license in licenses().items() if DEMANDING.search(license)}
    assert set(demanding) == set(noticed())
    for name, license in noticed().items():
        assert license in demanding[name]


def test_all_other_licenses_are_permissive() -> None:
    unclear = {
        name: license
        for name, license in licenses().items()
        if not DEMANDING.search(license) and not PERMISSIVE.search(license)
    }
    assert unclear == {}
