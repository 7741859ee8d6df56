"""Programs that attack: another machine's, whose own computing must not be taken for what it takes from ours."""

import contextlib
import os
from pathlib import Path

LOWEST = 19
AUTOGROUP = Path("/proc/self/autogroup")


def behind_all_others() -> None:
    """Give this process what no other one wants of the processors.

    Where the kernel groups processes by session (`sched_autogroup_enabled`), niceness counts within one session and
    each session gets the same share: so it moves into a session of its own, whose niceness is that of the group
    (sched(7), "The autogroup feature").
    """
    os.setsid()
    os.nice(LOWEST)
    with contextlib.suppress(FileNotFoundError):
        AUTOGROUP.write_text(str(LOWEST))
