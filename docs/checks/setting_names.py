"""Every `OUTDIAL_…` and `TEMPORAL_…` that documents, Compose, systemd and .env.example name is read by something."""

import re
from collections.abc import Iterator
from pathlib import Path

from carriers import registry
from carriers.simulator.options import Options as SimulatorOptions
from docs.checks.commands import variables as of_the_command_line
from docs.checks.texts import Fault, faults, files, read
from settings import PASSWORD, Settings
from workflows.temporal_variables import VARIABLES

NAME = re.compile(r"(?<!\w)(?:OUTDIAL|TEMPORAL)_[A-Z0-9_]*[A-Z0-9](?![\w…%])")
SUBSTITUTED = re.compile(r"\$\{((?:OUTDIAL|TEMPORAL)_\w+)")  # by Compose, from .env
FROM_FILES = "_FILE"
PROFILES = "OUTDIAL_PROFILES"  # where the command line has them
OF_TESTS = frozenset({"OUTDIAL_REQUIRE", "OUTDIAL_PICTURES"})
EXAMPLES = frozenset({"OUTDIAL_TINCAN_URL", "OUTDIAL_TINCAN_SECRET"})  # of examples/tincan, which is not installed
WHERE = ("*.md", "docker-compose*.yml", "Dockerfile", "Makefile", ".env.example", "deploy/*")
HISTORY = ("CHANGELOG.md",)  # also names what is gone
BINARY = (".png", ".ico")


def find(root: Path) -> Iterator[Fault]:
    """What a process reads; and what only Compose does, in its own file and in those that tell of it."""
    readable = known() | _substituted(root)
    for file in files(root, *WHERE):
        if file.relative_to(root).as_posix() not in HISTORY and file.suffix not in BINARY:
            yield from faults(root, file, NAME, readable, "{} is read by nothing")


def known() -> frozenset[str]:
    """What the processes, the carriers, the simulator and the command line read."""
    own = {f"OUTDIAL_{name.upper()}" for name in Settings.model_fields} | {PASSWORD}
    simulator = {f"OUTDIAL_SIMULATOR_{name.upper()}" for name in SimulatorOptions.model_fields}
    plain = own | simulator | registry.variables() | VARIABLES | of_the_command_line()
    return frozenset(plain | {name + FROM_FILES for name in plain} | {PROFILES} | OF_TESTS | EXAMPLES)


def _substituted(root: Path) -> frozenset[str]:
    return frozenset(name for file in files(root, "docker-compose*.yml") for name in SUBSTITUTED.findall(read(file)))
