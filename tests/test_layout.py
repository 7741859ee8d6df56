"""Where code stands: each folder says what it holds, and nouns keep to themselves."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "store", "carriers", "activities", "workflows", "api", "console", "cli", "stack", "telemetry")
FRAMES = ("domain/phone", "domain/requests", "store/db", "api/http")  # shared by all nouns of their layer
MAX_LINES = 25

PACKAGES = sorted(
    str(init.parent.relative_to(ROOT)) for layer in LAYERS for init in (ROOT / layer).rglob("__init__.py")
)
NOUNS = [name for name in PACKAGES if name.count("/") == 1 and name not in FRAMES]

SPAN = re.compile(r"`([^`\n]+)`")
PUBLIC = re.compile(r"^Public to other nouns: (.+?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)


def modules_of(package: str) -> set[str]:
    """The modules of a package by their files, and its packages with a slash."""
    folder = ROOT / package
    files = {file.name for file in folder.glob("*.py") if not file.name.startswith("__")}
    return files | {f"{init.parent.name}/" for init in folder.glob("*/__init__.py")}


def public_modules(package: str) -> set[str]:
    """What the README of a noun offers to the other nouns of its layer."""
    line = PUBLIC.search((ROOT / package / "README.md").read_text())
    return {name.removesuffix(".py") for name in SPAN.findall(line[1])} if line else set()


def imports_of(file: Path) -> Iterator[tuple[str, str]]:
    """Each (module, name) that a file imports; (module, "") for `import module`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def reaches_into(package: str) -> Iterator[str]:
    """What the modules of a package import from inside a noun of their layer that is not their own."""
    for file in (ROOT / package).rglob("*.py"):
        for module, name in imports_of(file):
            layer, noun, *inside = [*module.split("."), name]
            other = f"{layer}/{noun}"
            if other == package or other not in NOUNS or not package.startswith(f"{layer}/"):
                continue
            exported = len(inside) == 1 and f"{name}.py" not in modules_of(other)
            if not exported and inside[0] not in public_modules(other):
                yield f"{file.relative_to(ROOT)}: {'.'.join([layer, noun, *inside])}"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_folder_says_when_to_come_here_and_names_its_modules(package: str) -> None:
    text = (ROOT / package / "README.md").read_text()
    assert text.startswith("Come here when")
    assert len(text.splitlines()) <= MAX_LINES
    assert modules_of(package) - set(SPAN.findall(text)) == set(), "not named"


@pytest.mark.parametrize("package", [name for name in PACKAGES if name.count("/") == 1])
def test_a_noun_imports_from_another_only_what_that_one_calls_public(package: str) -> None:
    assert list(reaches_into(package)) == []


@pytest.mark.parametrize("package", NOUNS)
def test_what_a_noun_calls_public_exists_and_is_used(package: str) -> None:
    layer, noun = package.split("/")
    others = [file for file in (ROOT / layer).rglob("*.py") if ROOT / package not in file.parents]
    imported = {f"{module}.{name}" for file in others for module, name in imports_of(file)}
    used = {name.split(".")[2] for name in imported if name.startswith(f"{layer}.{noun}.")}
    assert public_modules(package) <= used & {name.removesuffix(".py") for name in modules_of(package)}


@pytest.mark.parametrize("root", ["worker.py", "composition.py"])
def test_the_worker_is_built_without_the_api(root: str) -> None:
    """The import contracts see packages only, and these are modules."""
    imported = {module.split(".")[0] for module, _ in imports_of(ROOT / root)}
    assert imported & {"api", "cli", "stack", "fastapi"} == set()


@pytest.mark.parametrize("root", ["worker.py", "composition.py"])
def test_the_worker_does_not_know_the_api(root: str) -> None:
    """What else it imports is judged by the import contracts."""
    assert [module for module, _ in imports_of(ROOT / root) if module.split(".")[0] == "api"] == []
