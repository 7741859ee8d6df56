"""The memory of a process and of those that it forked."""

import contextlib

import psutil


def family_mib(process: psutil.Process) -> float:
    """What several share is counted once."""
    found = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            found += one.memory_full_info().pss
    return found / 2**20
