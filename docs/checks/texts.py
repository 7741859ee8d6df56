"""The files that are checked, and what stands in them."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

MADE = ("build", "dist", "*.egg-info", "secrets", "tls", "node_modules", "__pycache__")  # folders
FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Fault:
    """Something that is not so."""

    file: str  # from the top of the tree
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


@lru_cache(maxsize=8)
def _all_files(root: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for folder, inside, names in os.walk(root):
        inside[:] = sorted(name for name in inside if name[0] != "." and not any(fnmatch(name, each) for each in MADE))
        found += (Path(folder, name) for name in sorted(names))
    return tuple(found)


def files(root: Path, *patterns: str) -> list[Path]:
    """Those whose path, from the root, fits one of the patterns; `*` goes over folders."""
    paths = ((file, file.relative_to(root).as_posix()) for file in _all_files(root))
    return [file for file, path in paths if any(fnmatch(path, each) for each in patterns)]


@lru_cache(maxsize=2_000)
def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def blank(text: str, pattern: re.Pattern[str]) -> str:
    """The text without what fits; every other character keeps its place and its line."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def faults(root: Path, file: Path, pattern: re.Pattern[str], known: frozenset[str], sentence: str) -> Iterator[Fault]:
    """One for each name that fits the pattern and is not known; `sentence` has a place for it."""
    text = read(file)
    for found in pattern.finditer(text):
        if found[0] not in known:
            yield Fault(str(file.relative_to(root)), line_of(text, found.start()), sentence.format(found[0]))
