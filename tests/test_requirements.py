"""The image installs the versions of constraints.txt, each by its hash, and all that a process needs."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_notice import licenses

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\]+)", re.MULTILINE)
HASH = re.compile(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(file: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall((ROOT / file).read_text())}


def test_each_version_is_that_of_the_constraints() -> None:
    assert pins("requirements.txt").items() <= pins("constraints.txt").items()


def test_each_package_that_a_process_needs_is_there() -> None:
    assert {canonicalize_name(name) for name in licenses()} <= set(pins("requirements.txt"))


def test_each_package_has_a_hash_and_nothing_else_is_said() -> None:
    _, *lines = (ROOT / "requirements.txt").read_text().splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if PIN.match(line):
            assert HASH.match(following), line
        else:
            assert HASH.match(line), line


def test_the_image_installs_nothing_without_a_hash() -> None:
    installs = [
        line.removesuffix(" \\") for line in (ROOT / "Dockerfile").read_text().splitlines() if "pip install" in line
    ]
    assert installs == [
        "RUN pip install --require-hashes --requirement requirements.txt",
        "RUN pip install --no-index --no-build-isolation --no-deps --editable .",
    ]


def test_what_builds_the_package_in_the_image_has_hashes_too() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    pinned = pins("requirements.txt")
    for requirement in map(Requirement, needed):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])
