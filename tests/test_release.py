"""A version is one number, and `make sbom` lists what its image installs."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

from packaging.utils import canonicalize_name

from settings import VERSION
from tests.test_requirements import pins

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    images = set(re.findall(r"image: outdial:(\S+)", (ROOT / "docker-compose.yml").read_text()))
    assert ({project["version"]}, images) == ({VERSION}, {VERSION})


def test_the_bill_of_materials_has_every_package_of_the_image_with_hashes() -> None:
    made = [_make_sbom() for _ in range(2)]
    assert made[0] == made[1]
    bill = json.loads(made[0])
    subject = bill["metadata"]["component"]
    assert (bill["bomFormat"], subject["name"], subject["version"]) == ("CycloneDX", "outdial", VERSION)
    assert {canonicalize_name(each["name"]): each["version"] for each in bill["components"]} == pins("requirements.txt")
    for component in bill["components"]:
        assert any(reference.get("hashes") for reference in component["externalReferences"]), component["name"]


def _make_sbom() -> str:
    subprocess.run(["make", "--no-print-directory", "sbom"], cwd=ROOT, capture_output=True, timeout=120, check=True)
    return (ROOT / "build/sbom.json").read_text()
