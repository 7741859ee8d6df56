"""Forms as scripts put them together: with a preamble, or with LF in place of CRLF. The parser takes neither."""

import re
from collections.abc import AsyncIterator

PART_LIMIT = 200  # parts of a form; the contract knows a dozen fields
MAX_PREAMBLE = 64 * 1024  # bytes before the first boundary; RFC 2046 has them ignored


async def as_strict_form(chunks: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[bytes]:
    """The same form for a strict parser. One with LF is collected first; contents stay as they are, byte for byte."""
    first_line = re.compile(rb"(?:\A|\n)(--" + re.escape(boundary) + rb"(?:--)?[ \t]*\r?\n)")
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if (found := first_line.search(head)) is not None:
            break
        if len(head) > MAX_PREAMBLE + len(boundary):
            break
    else:
        found = first_line.search(head)
    start = 0 if found is None else found.start(1)
    if found is None or found[1].endswith(b"\r\n"):
        yield bytes(head[start:])
        async for chunk in chunks:
            yield chunk
        return
    async for chunk in chunks:
        head += chunk
    yield _with_crlf(bytes(head[start:]), boundary)


def _with_crlf(form: bytes, boundary: bytes) -> bytes:
    """The form with CRLF around its boundaries and in the heads of its parts."""
    delimiter = b"--" + boundary
    written = []
    for part in (b"\n" + form).split(b"\n" + delimiter, PART_LIMIT + 2)[1:]:
        if part.startswith(b"--"):
            written.append(delimiter + b"--\r\n")
            break
        head, _, content = part.partition(b"\n\n")
        written.append(delimiter + head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(written)
