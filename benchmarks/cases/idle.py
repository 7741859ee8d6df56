"""A stack that has nothing to do."""

import time
from typing import Any

from benchmarks.meter import Meter
from benchmarks.suite import Bench, Case

QUIET_SECONDS = 10  # after its start


def run(bench: Bench) -> dict[str, Any]:
    """Percent of a core, by kind."""
    with bench.outdial(0) as outdial:
        time.sleep(0 if bench.scale.shared else QUIET_SECONDS)
        meter = Meter(outdial.kinds())
        time.sleep(bench.scale.idle_seconds)
        spent = meter.read()
    by_kind = {kind: 100 * seconds / spent.seconds for kind, seconds in spent.cpu.items()}
    return {"percent": sum(by_kind.values()), "by_kind": by_kind, "others": spent.others}


IDLE = Case("idle", run)
