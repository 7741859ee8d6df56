"""`make docs`: gather every Markdown file and what it shows below build/pages, for MkDocs.

Links stay as they are written for the repository: a folder becomes its README, a file of code is copied beside.
Diagrams become pictures.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from api.app import create_app
from docs.checks.links import ELSEWHERE
from docs.checks.texts import FENCED, SPAN, blank, files, read
from docs.diagrams import with_pictures
from docs.endpoints_page import endpoints_page
from settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "build/pages"
ENDPOINTS = "docs/endpoints.md"
TARGET = re.compile(r"(?<=\]\()([^)#\s]+)")


def gather(root: Path = ROOT, pages: Path = PAGES) -> None:
    shutil.rmtree(pages, ignore_errors=True)
    for file in files(root, "*.md"):
        page = pages / file.relative_to(root)
        _write(page, with_pictures(_page(root, pages, file), page))
    _write(pages / ENDPOINTS, endpoints_page(create_app(Settings()).openapi()))


def _page(root: Path, pages: Path, file: Path) -> str:
    text, pieces, end = read(file), [], 0
    for start, stop, target in _links(root, pages, file):
        pieces += [text[end:start], target]
        end = stop
    return "".join([*pieces, text[end:]])


def _links(root: Path, pages: Path, file: Path) -> Iterator[tuple[int, int, str]]:
    """Those that must be written otherwise; what others lead to is copied."""
    for found in TARGET.finditer(blank(blank(read(file), FENCED), SPAN)):
        target = (file.parent / found[1]).resolve()
        if ELSEWHERE.match(found[1]) or not target.is_relative_to(root):
            continue
        if target.is_dir() and (target / "README.md").exists():
            yield found.start(), found.end(), f"{found[1].rstrip('/')}/README.md"
        elif target.is_file() and target.suffix != ".md":
            copy = pages / target.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(target, copy)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    gather()
    sys.stdout.write(f"{PAGES}\n")
