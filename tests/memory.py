"""The memory of a process and of those that it forked."""

import contextlib

import psutil


def anonymous(process: psutil.Process) -> int:
    """Bytes of a process's own: pages of libraries come and go with what else the machine does."""
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


def family_mib(process: psutil.Process, *, shared: bool = True) -> float:
    """What several share is counted once, or without `shared` not at all."""
    found = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            memory = one.memory_full_info()
            found += memory.pss if shared else memory.uss
    return found / 2**20
