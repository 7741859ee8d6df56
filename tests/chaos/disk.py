"""A small disk for the database, filled and freed: a file system in memory, which only root may mount."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = "640m"
FILLER = "filler"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Disk:
    """Mounted at a directory."""

    root: Path

    def fill(self) -> None:
        """Leave no room, not even for a byte."""
        with (self.root / FILLER).open("ab") as file:
            for size in (BLOCK, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        os.write(file.fileno(), bytes(size))

    def free(self) -> None:
        (self.root / FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(root: Path) -> Iterator[Disk | None]:
    """None where we may not mount."""
    root.mkdir(parents=True)
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "chaos", str(root)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield Disk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=False, capture_output=True)
