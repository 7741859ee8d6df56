"""`python -m docs.checks`: print what is not so, and end with 1 if anything is."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.checks import commands, links, metric_names, setting_names
from docs.checks.texts import Fault

ROOT = Path(__file__).parents[2]
CHECKS: dict[str, Callable[[Path], Iterator[Fault]]] = {
    "links": links.find,
    "settings": setting_names.find,
    "metrics": metric_names.find,
    "commands": commands.find,
}


def main(root: Path = ROOT) -> int:
    found = [fault for check in CHECKS.values() for fault in check(root)]
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
