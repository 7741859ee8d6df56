"""The memory of a process and of those that it forked."""

import contextlib

import psutil


def family_mib(process: psutil.Process, *, shared: bool = True) -> float:
    """What several share is counted once, or without `shared` not at all."""
    found = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            memory = one.memory_full_info()
            found += memory.pss if shared else memory.uss
    return found / 2**20
