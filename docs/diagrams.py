"""Mermaid's diagrams as pictures beside their pages, drawn when the site is built: a browser fetches and runs nothing.

Mermaid itself draws them, in an engine that mermaidx carries. What was drawn once is kept in build/diagrams: a large
one takes half a minute.
"""

import re
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import mermaidx

DRAWN = Path(__file__).parents[1] / "build/diagrams"
DIAGRAM = re.compile(r"^```mermaid\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
WIDTH = re.compile(r'(?<=<svg )(.*?)width="100%"(.*?viewBox="\S+ \S+ (\d+))', re.DOTALL)
PAPER = ("background-color: transparent", "background-color: white")


def with_pictures(text: str, page: Path, drawn: Path = DRAWN) -> str:
    """The text of a page with a picture for each diagram, which leads to itself, to be seen in full. They are written
    beside the page; what cannot be drawn is an error."""
    page.parent.mkdir(parents=True, exist_ok=True)
    count = 0

    def picture(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        file = page.with_name(f"{page.stem}-{count}.svg")
        file.write_text(_draw(found["source"], drawn))
        *_, heading = HEADING.findall(text[: found.start()]) or [page.stem]
        return f"[![Diagram: {heading}]({file.name})]({file.name})"

    return DIAGRAM.sub(picture, text)


def _draw(source: str, drawn: Path) -> str:
    """As wide as it is drawn, on white."""
    kept = drawn / f"{sha256((version('mermaidx') + source).encode()).hexdigest()[:20]}.svg"
    if not kept.exists():
        svg = mermaidx.render(source).svg()
        drawn.mkdir(parents=True, exist_ok=True)
        kept.write_text(WIDTH.sub(r'\1width="\3"\2', svg, count=1).replace(*PAPER, 1))
    return kept.read_text()
