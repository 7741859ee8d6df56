"""Links in Markdown lead to a file that is there, and to a heading that it has."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from docs.checks.texts import FENCED, SPAN, Fault, blank, files, line_of, read

LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^ {0,3}\[[^\]]+\]:\s+(\S+)|(?:href|src)=\"([^\"]+)\"", re.M
)
MENTION = re.compile(r"(?<![\w/.-])((?:docs|deploy)/[\w/.-]+\.md#[\w-]+)")  # in code and in the alerts
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a (?:name|id)=\"([^\"]+)\"")


def find(root: Path) -> Iterator[Fault]:
    for file in files(root, "*.md"):
        text = blank(blank(read(file), FENCED), SPAN)
        for found in LINK.finditer(text):
            target = found[1] or found[2] or found[3]
            if not ELSEWHERE.match(target):
                yield from _judge(root, file, line_of(text, found.start()), target, file.parent)
    for file in files(root, "*.py", "deploy/*.yml", "deploy/*.service"):
        if file.is_relative_to(root / "tests"):
            continue
        for found in MENTION.finditer(read(file)):
            yield from _judge(root, file, line_of(read(file), found.start()), found[1], root)


def _judge(root: Path, file: Path, line: int, target: str, beside: Path) -> Iterator[Fault]:
    name = str(file.relative_to(root))
    path, _, anchor = unquote(target).partition("#")
    leads_to = (beside / path).resolve() if path else file
    if not leads_to.exists():
        yield Fault(name, line, f"{target}: there is no such file")
    elif anchor and leads_to.suffix == ".md" and anchor not in anchors(leads_to):
        yield Fault(name, line, f"{target}: there is no such heading")


@lru_cache(maxsize=500)
def anchors(file: Path) -> frozenset[str]:
    """What links may name, by GitHub's rule: a heading that comes again is `heading-1`."""
    seen: Counter[str] = Counter()
    found = set(ANCHOR.findall(read(file)))
    for heading in HEADING.findall(blank(read(file), FENCED)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)
