"""Style and scripts, kept in memory under an address that changes with them, so that browsers may keep them too."""

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Response

from api.http.errors import NotFound

FOLDER = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".csv": "text/csv"}
FOREVER = "public, max-age=31536000, immutable"
FILES = {file.name: file.read_bytes() for file in sorted(FOLDER.iterdir()) if file.suffix in TYPES}
VERSION = sha256(b"".join(name.encode() + content for name, content in FILES.items())).hexdigest()[:12]

router = APIRouter()


def url(name: str) -> str:
    """Where a file is. Scripts import each other by relative addresses, so that one version goes with another."""
    return f"/console/static/{VERSION}/{name}"


@router.get("/static/{version}/{name}")
async def static(version: str, name: str) -> Response:
    if name not in FILES:
        raise NotFound("There is no such file.")
    kept = {"Cache-Control": FOREVER} if version == VERSION else {}
    return Response(FILES[name], media_type=TYPES[Path(name).suffix], headers=kept)
