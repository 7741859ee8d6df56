"""`make docs` builds a site without a warning that fetches nothing, with a page of every endpoint."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from api.app import create_app
from docs.endpoints_page import endpoints_page
from docs.make_site import gather
from settings import Settings

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?https?:|<link[^>]*rel=\"?(?:stylesheet|preload)[^>]*href=\"?https?:"
)


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """The site of folder/build/pages, in folder/build/site."""
    shutil.copy(ROOT / "mkdocs.yml", folder)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    gather(ROOT, folder / "build/pages")
    return folder


def test_it_is_built_without_a_warning_and_fetches_nothing(folder: Path) -> None:
    built = build(folder)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    pages = list((folder / "build/site").rglob("*.html"))
    assert len(pages) > 100
    assert [page.name for page in pages if FETCHED.search(page.read_text())] == []
    assert "POST /batch/create" in (folder / "build/site/docs/endpoints.html").read_text()


def test_diagrams_are_pictures(folder: Path) -> None:
    build(folder)
    site = folder / "build/site"
    texts = {"README.md": "place the call", "docs/states.md": "pending", "docs/entities.md": "batch_jobs"}
    for page, text in texts.items():
        html = (site / page).with_suffix(".html") if page != "README.md" else site / "index.html"
        shown = re.findall(r'<img alt="Diagram: [^"]+" src="([^"]+\.svg)"', html.read_text())
        assert len(shown) == (ROOT / page).read_text().count("```mermaid"), page
        pictures = [ElementTree.parse(html.parent / name).getroot() for name in shown]
        assert text in " ".join(word for picture in pictures for word in picture.itertext())
        assert all(int(picture.attrib["width"]) > 500 for picture in pictures)
        assert "```mermaid" not in html.read_text()
    elsewhere = re.compile(r"(?:href|src|url)\W+https?:")
    assert [file.name for file in site.rglob("*.svg") if elsewhere.search(file.read_text())] == []


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder / "build/pages", tmp_path / "build/pages")
    (tmp_path / "build/pages/docs/agents.md").write_text("[a](missing.md)\n")
    built = build(tmp_path)
    assert built.returncode == 1
    assert "missing.md" in built.stdout + built.stderr


def test_every_endpoint_has_its_heading_and_every_model_that_is_named() -> None:
    document = create_app(Settings()).openapi()
    page = endpoints_page(document)
    headings = set(re.findall(r"^### (.+)$", page, re.MULTILINE))
    for path, operations in document["paths"].items():
        assert {f"`{method.upper()} {path}`" for method in operations if method != "parameters"} <= headings
    named = set(re.findall(r"\]\(#([\w-]+)\)", page))
    assert len(named) > 30
    assert named <= {heading.lower() for heading in headings}
