"""`python -m tests.chaos.altered_process worker|api`: the process as it is, less patient or with a planted fault."""

import runpy
import sys

from activities.calls import follow, place
from tests.chaos.alterations import Alterations
from tests.chaos.plants import PLANTS

MODULES = ("worker", "api")


def main() -> None:
    _, module = sys.argv
    assert module in MODULES
    altered = Alterations.of_environment()
    if altered.patience is not None:
        follow.POLL_INTERVAL_SECONDS = place.SEARCH_TIMEOUT_SECONDS = altered.patience
    if altered.plant is not None:
        PLANTS[altered.plant]()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
