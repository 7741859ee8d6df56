"""Every `outdial …` that a document or a message shows can be typed: the command is there, and so is each flag."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from cli.main import app
from docs.checks.texts import FENCED, SPAN, Fault, files, line_of, read

INDENTED = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
Command = Any  # of typer, which hides the classes of click that it carries
Parameter = Any

TYPED = re.compile(r"(?:^|(?<=[\s/]))outdial +(?=[a-z-])([^#;&>\n]+)")
QUOTED = re.compile(r"`outdial +([a-z-][^`\n]*)`")  # in code: messages and help
ROW = re.compile(r"^\| (`.*)$", re.MULTILINE)
HEAD = re.compile(r"^\| `outdial((?: [a-z-]+)*)` \|.*\n\|[-| ]+\n", re.MULTILINE)
TARGET = re.compile(r"`make ([a-z][a-z-]*)[^`]*`|^ {4}make ([a-z][a-z-]*)", re.MULTILINE)
DECLARED = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
FLAG = re.compile(r"`(--[a-z][a-z-]*)")
OWN_PAGE = "docs/command-line.md"  # names flags without a command
FLAGS_OF_ALL = frozenset({"--help"})
PLACEHOLDER = re.compile(r"[A-Z…]|^[\[<(\"'.+\d]")
CODE = ("*.py", "console/templates/*", "deploy/*")


def find(root: Path) -> Iterator[Fault]:
    for file, position, written in _shown(root):
        for sentence in judge(written):
            yield Fault(str(file.relative_to(root)), line_of(read(file), position), sentence)
    yield from _lone_flags(root)
    yield from _targets(root)


def judge(written: str) -> Iterator[str]:
    """What is wrong with a command without its `outdial`: `number close|open ID [--hang-up]`."""
    command: Command = tree()
    names = ["outdial"]
    option: Parameter | None = None
    for word in written.split(" | ", maxsplit=1)[0].replace("[", " ").replace("]", " ").split():
        if word.startswith("--"):
            flag = word.partition("=")[0].rstrip(".,:")
            option = _options(command).get(flag)
            if option is None and flag not in FLAGS_OF_ALL:
                yield f"`{' '.join(names)}` has no option {flag}"
        elif option is not None and not getattr(option, "is_flag", False):
            yield from _wrong_choice(option, word)
            option = None
        elif isinstance(command, TyperGroup) and not PLACEHOLDER.search(word):
            words = word.strip(",.").split("|")
            unknown = [each for each in words if each not in command.commands]
            yield from (f"`{' '.join(names)}` has no command {each}" for each in unknown)
            if unknown:
                return
            command, names = command.commands[words[0]], [*names, words[0]]


@cache
def tree() -> TyperGroup:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)  # noqa: S101  it has commands
    return group


def variables() -> frozenset[str]:
    """The environment variables that options of commands take."""
    found: set[str] = set()
    for command in _commands(tree()):
        for option in command.params:
            given = option.envvar or ()
            found |= {given} if isinstance(given, str) else set(given)
    return frozenset(found)


def _commands(command: Command) -> Iterator[Command]:
    yield command
    if isinstance(command, TyperGroup):
        for each in command.commands.values():
            yield from _commands(each)


def _options(command: Command) -> dict[str, Parameter]:
    return {flag: each for each in command.params for flag in (*each.opts, *each.secondary_opts)}


def _wrong_choice(option: Parameter, value: str) -> Iterator[str]:
    choices = getattr(option.type, "choices", None)
    if choices and not PLACEHOLDER.search(value):
        known = {str(getattr(each, "value", each)) for each in choices}
        yield from (f"{option.opts[0]} takes no {each}" for each in value.split("|") if each not in known)


def _shown(root: Path) -> Iterator[tuple[Path, int, str]]:
    """Where a command is shown, and what follows its `outdial`."""
    for file in files(root, "*.md"):
        text = re.sub(r"\\\n *", lambda found: " " * len(found[0]), read(file))
        for pattern in (FENCED, INDENTED, SPAN):
            for block in pattern.finditer(text):
                for found in TYPED.finditer(block[0].replace("`", " ")):
                    yield file, block.start() + found.start(), found[1]
        yield from ((file, position, written) for position, written in _tables(read(file)))
    for file in files(root, *CODE):
        if not file.is_relative_to(root / "tests") and file.suffix not in {".png", ".ico", ".md"}:
            yield from ((file, found.start(), found[1]) for found in QUOTED.finditer(read(file)))


def _tables(text: str) -> Iterator[tuple[int, str]]:
    """Tables whose head is `outdial` or `outdial GROUP` have the rest of commands in their first column."""
    for head in HEAD.finditer(text):
        rows = text[head.end() :].partition("\n\n")[0]
        for row in ROW.finditer(rows):
            group = head[1].strip()
            for span in SPAN.findall(row[1].partition(" | ")[0]):
                word, *more = span.split()
                if not head[1] and word not in _commands_of(group):
                    group = word if more and _commands_of(word) else ""
                    yield head.end() + row.start(), span
                else:
                    yield head.end() + row.start(), f"{group} {span}"


def _commands_of(group: str) -> dict[str, Command]:
    return getattr(tree().commands.get(group), "commands", {})


def _lone_flags(root: Path) -> Iterator[Fault]:
    known = {flag for command in _commands(tree()) for flag in _options(command)} | FLAGS_OF_ALL
    for file in files(root, OWN_PAGE):
        for found in FLAG.finditer(read(file)):
            if found[1] not in known:
                yield Fault(OWN_PAGE, line_of(read(file), found.start()), f"no command has an option {found[1]}")


def _targets(root: Path) -> Iterator[Fault]:
    declared = {name for file in files(root, "Makefile") for name in DECLARED.findall(read(file))}
    for file in files(root, "*.md"):
        for found in TARGET.finditer(read(file)):
            name = found[1] or found[2]
            if name not in declared:
                yield Fault(str(file.relative_to(root)), line_of(read(file), found.start()), f"no `make {name}`")
