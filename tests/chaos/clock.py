"""The clock of one process, stepped: by libfaketime, where it is installed (Debian: `apt install libfaketime`)."""

from pathlib import Path

LIBRARIES = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))


def can_step() -> bool:
    return bool(LIBRARIES)


def clock_environment(file: Path) -> dict[str, str]:
    """For a process whose clock goes as the file says; what measures durations is left alone."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }


def step(file: Path, seconds: float) -> None:
    """How far the clock is off from now on; 0: right again."""
    file.write_text(f"{seconds:+.1f}\n")
