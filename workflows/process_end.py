"""The end of a process that has Temporal's client."""

import atexit
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn


def run_to_end(main: Callable[[], object]) -> NoReturn:
    """Call `main` and end the process with its exit code, without taking the interpreter down.

    Threads of Temporal's core may still run. One that asks for Python while it is taken down ends, and that aborts the
    process (SIGABRT) instead of its exit code: https://github.com/PyO3/pyo3/pull/4874.
    """
    code = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = _exit_code(ended)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exit_code(ended: SystemExit) -> int:
    """As the interpreter understands it: a number, nothing for 0, else what is to be said."""
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    sys.stderr.write(f"{ended.code}\n")
    return 1
