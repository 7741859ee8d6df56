"""Origins of web pages, as browsers send them."""

from urllib.parse import urlsplit

USUAL_PORTS = {"http": 80, "https": 443}


def parse_origins(setting: str) -> frozenset[str]:
    """Origins as browsers send them, with commas between. Raises ValueError with a sentence."""
    origins = frozenset(filter(None, (one.strip() for one in setting.split(","))))
    for origin in origins:
        if not _is_origin(origin):
            raise ValueError(
                f"OUTDIAL_CORS_ORIGINS: {origin} is no origin such as https://app.example.com:"
                " scheme and host in small letters, a port that is not the scheme's own, and nothing after."
            )
    return origins


def _is_origin(text: str) -> bool:
    if "*" in text:
        return False
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    written = f"{url.scheme}://{host}" + ("" if port is None else f":{port}")
    return url.scheme in USUAL_PORTS and port != USUAL_PORTS[url.scheme] and bool(url.hostname) and written == text


def origin_of(url: str) -> str:
    """The origin of an address's pages, as browsers send it. Raises ValueError for a port that is no number."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    usual = parts.port is None or parts.port == USUAL_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if usual else f":{parts.port}")
