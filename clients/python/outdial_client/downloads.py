"""Downloads as files: written whole or not at all."""

import os
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def save(parts: Iterable[bytes], path: str | Path) -> None:
    """Write a download. Where it breaks off, a file that was there stays as it was. Raises OSError, OutdialError."""
    with _replacing(Path(path)) as file:
        file.writelines(parts)


async def save_async(parts: AsyncIterable[bytes], path: str | Path) -> None:
    """As `save`."""
    with _replacing(Path(path)) as file:
        async for part in parts:
            file.write(part)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
