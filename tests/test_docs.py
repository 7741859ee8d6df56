"""What the documents say of the code is so: paths, names, settings, endpoints."""

import re
import tokenize
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from api.app import create_app
from carriers import registry
from docs import make_settings
from docs.checks.__main__ import CHECKS
from docs.make_entities import PAGE, page
from domain.calls.outcome_table import OUTCOMES
from settings import Settings
from store.contacts import transitions
from store.jobs import status

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "store", "carriers", "activities", "workflows", "api", "console", "cli", "stack", "telemetry")
TEXTS = sorted(
    str(text.relative_to(ROOT))
    for folder in ("docs", *LAYERS, "deploy", "tests", "benchmarks", "samples", "examples", ".")
    for text in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
)

Transitions = Mapping[str, tuple[Collection[str], Collection[str]]]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:[\w-]+/)*[\w-]+\.(?:py|md)|(?:[\w-]+/)+(?:[\w.-]+)?")
MODULE = re.compile(rf"(?:{'|'.join(LAYERS)})(?:\.\w+)+")
WHOLE_PATH = re.compile(rf"(?<![\w./])(?:(?:{'|'.join(LAYERS)}|docs|tests)/[\w/.-]+\.(?:py|md)|{MODULE.pattern})")
PROSE = (tokenize.COMMENT, tokenize.STRING)
PLACEHOLDER = re.compile(r"NNNN|NAME|DIR")
ENDPOINTS = re.compile(r"([A-Z]+(?:, [A-Z]+)*) (/\S+)")
ROW = re.compile(r"^\| `(OUTDIAL_\w+)` \|.*\| ?(.*?) \|$", re.MULTILINE)

IDENTIFIER = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z]+)+")

NOT_FILES = {"multipart/form-data"}
MADE = "build/"  # by `make docs`, `make sbom`
NOT_OURS = {"session_limit", "start_delay", "MySettings"}  # Asterisk's, Temporal's, a reader's
NOT_OURS |= {"WorkflowType", "ExecutionStatus", "TemporalReportedProblems"}  # Temporal's search attributes
NOT_OURS |= {"stop_grace_period", "TimeoutStopSec", "pg_cancel_backend", "client_max_body_size"}  # of other programs
NOT_OURS |= {"parentbased_traceidratio", "OpenTelemetryPlugin"}  # of OpenTelemetry, Temporal
ASTERISKS = {"app_amd", "cdr_custom", "chan_pjsip", "chan_websocket", "res_ari", "res_stasis_snoop"}  # modules
ASTERISKS |= {"external_media_address", "external_signaling_address", "local_net", "outbound_auth", "qualify_frequency"}


def spans(text: str) -> list[str]:
    """What stands in backticks outside of code blocks."""
    return SPAN.findall(FENCE.sub("", (ROOT / text).read_text()))


def file_exists(named: str, text: str) -> bool:
    """Beside the text or at the top; for documents also a file of that name anywhere."""
    if (ROOT / text).parent.joinpath(named).exists() or (ROOT / named).exists():
        return True
    of_a_folder = text.endswith("README.md") and text.startswith(LAYERS)
    return not of_a_folder and "/" not in named and any(ROOT.glob(f"[a-z]*/**/{named}"))


def module_exists(dotted: str) -> bool:
    """`store.tables`, or `store.tables.metadata`: a package, a module, or a name that stands in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        if file.exists():
            return length == len(parts) or re.search(rf"\b{parts[length]}\b", file.read_text()) is not None
    return False


def missing(text: str) -> Iterator[str]:
    """Files and modules that a text names, and that are not there."""
    for named in " ".join(spans(text)).split():
        if named in NOT_FILES or PLACEHOLDER.search(named) or named.startswith(MADE):
            continue
        is_file = FILE.fullmatch(named) is not None
        if not (file_exists(named, text) if is_file else module_exists(named) or not MODULE.fullmatch(named)):
            yield named


def missing_in_comments(folder: str) -> Iterator[str]:
    """Files and modules that comments and docstrings name by their whole path, and that are not there."""
    for source in (ROOT / folder).rglob("*.py"):
        with source.open("rb") as opened:
            written = [token.string for token in tokenize.tokenize(opened.readline) if token.type in PROSE]
        for found in WHOLE_PATH.finditer("\n".join(text for text in written if text.startswith(("#", '"""')))):
            named = found[0].rstrip(".")
            if not ((ROOT / named).exists() if "/" in named else module_exists(named)):
                yield f"{source.relative_to(ROOT)}: {named}"


@cache
def words_of_the_code() -> set[str]:
    folders = [*LAYERS, "tests", "examples"]
    sources = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return {word for file in [*sources, *ROOT.glob("*.py")] for word in re.findall(r"\w+", file.read_text())}


def drawn(heading: str) -> dict[str, tuple[set[str], set[str]]]:
    """The arrows of a state diagram by their label: from where and to where; a box stands for what is in it."""
    _, _, section = (ROOT / "docs/states.md").read_text().partition(f"## {heading}\n")
    diagram = section.partition("stateDiagram-v2\n")[2].partition("```")[0]
    boxes: dict[str, list[str]] = {}
    for name, inside in re.findall(r"state (\w+) \{([\w\s]+)\}", diagram):
        boxes[name] = [status for part in inside.split() for status in boxes.get(part, [part])]
    arrows: dict[str, tuple[set[str], set[str]]] = {}
    for source, target, label in re.findall(r"(\w+) --> (\w+): (\w+)", diagram):
        sources, targets = arrows.setdefault(label, (set(), set()))
        sources.update(boxes.get(source, [source]))
        targets.update(boxes.get(target, [target]))
    return arrows


def outcome_rows() -> list[tuple[str, ...]]:
    """The table of outcomes in the document, without backticks."""
    _, _, section = (ROOT / "docs/api.md").read_text().partition("## Outcomes of calls\n")
    rows = [line.replace("`", "").strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_text_names_in_backticks_exists(text: str) -> None:
    assert list(missing(text)) == []


@pytest.mark.parametrize("folder", [*LAYERS, "tests"])
def test_what_comments_name_exists(folder: str) -> None:
    assert list(missing_in_comments(folder)) == []


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_a_name_in_the_code_is_one(text: str) -> None:
    named = {word for span in spans(text) for word in re.findall(r"[\w.]+", span) if IDENTIFIER.fullmatch(word)}
    assert named - words_of_the_code() - NOT_OURS - (ASTERISKS if text == "docs/asterisk.md" else set()) == set()


@pytest.mark.parametrize("name", CHECKS)
def test_links_settings_metrics_and_commands_are_right(name: str) -> None:
    """`make check` runs these, too; tests/docs shows that each finds its fault."""
    assert [str(fault) for fault in CHECKS[name](ROOT)] == []


def test_every_bound_of_what_is_shared_has_its_test() -> None:
    _, _, section = (ROOT / "docs/security.md").read_text().partition("## What organizations share\n")
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for row in rows:
        file, name = re.findall(r"`([^`]+)`", row.rpartition(" | ")[2])
        assert f"def {name}(" in (ROOT / file).read_text(), row


def test_the_tables_of_settings_are_those_of_the_code() -> None:
    text = make_settings.PAGE.read_text()
    assert text == make_settings.page(text), "make settings"


def test_every_setting_has_one_row_that_says_what_it_does() -> None:
    """What a carrier reads has its row where it declares it."""
    rows = ROW.findall(make_settings.PAGE.read_text())
    settings = {f"OUTDIAL_{name.upper()}" for name in Settings.model_fields}
    assert Counter(name for name, _ in rows) == Counter(settings | registry.variables())
    assert [name for name, does in rows if not does] == []


def test_every_endpoint_is_listed_and_nothing_else_is() -> None:
    """Of carriers' own addresses the OpenAPI page does not speak, and clients need not."""
    named = [ENDPOINTS.fullmatch(span) for span in spans("docs/api.md")]
    listed = {(method, found[2]) for found in named if found for method in found[1].split(", ")}
    paths = create_app(Settings()).openapi()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {(method, path) for method, path in listed if not path.startswith("/carriers/")} == described


def test_the_picture_of_the_tables_is_drawn_from_the_tables() -> None:
    assert PAGE.read_text() == page(), "make entities"


@pytest.mark.parametrize(("heading", "table"), [("A job", status.TRANSITIONS), ("A contact", transitions.TRANSITIONS)])
def test_the_picture_of_the_statuses_has_the_transitions_of_the_code(heading: str, table: Transitions) -> None:
    assert drawn(heading) == {name: (set(froms), set(tos)) for name, (froms, tos) in table.items()}


def test_the_table_of_outcomes_is_the_codes() -> None:
    assert outcome_rows() == [
        (
            outcome.value,
            rule.fault_of.value if rule.fault_of else "–",
            "yes" if rule.charged else "no",
            f"{rule.retried} ({rule.setting})" if rule.setting else rule.retried.value,
            rule.status.value,
            rule.meaning,
        )
        for outcome, rule in OUTCOMES.items()
    ]
