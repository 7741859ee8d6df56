"""A way to PostgreSQL that can break at the worst moment: after it has committed, before it says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

CHUNK = 65_536


class Severed:
    """Passes everything on, but for the answers to COMMIT while `loses_commits`; then the connection ends too."""

    def __init__(self, database_url: str, directory: Path) -> None:
        address = sa.make_url(database_url)
        self._to = Path(str(address.query["host"])) / ".s.PGSQL.5432"
        self._at = directory / ".s.PGSQL.5432"
        self.url = address.update_query_dict({"host": str(directory)}).render_as_string(hide_password=False)
        self.loses_commits = False
        self.lost = 0  # answers to COMMIT

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Severed"]:
        server = await asyncio.start_unix_server(self._serve, self._at)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_unix_connection(self._to)
        answers = asyncio.create_task(_pass_on(there, writer))
        with contextlib.suppress(OSError):
            while asked := await reader.read(CHUNK):
                if self.loses_commits and b"COMMIT" in asked:
                    answers.cancel()
                    await asyncio.wait((answers,))
                    to.write(asked)
                    await there.read(CHUNK)  # it is committed
                    self.lost += 1
                    break
                to.write(asked)
        answers.cancel()
        for end in (writer, to):
            end.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while said := await reader.read(CHUNK):
            writer.write(said)
    writer.close()
