"""Debian's nginx with the proxy's own configuration, `deploy/nginx.conf`."""

import getpass
from collections.abc import Sequence
from pathlib import Path

CONFIGURATION = Path(__file__).parents[1] / "deploy/nginx.conf"


def command(directory: Path, port: int, apis: Sequence[str], served: Path) -> list[str]:
    """What starts it: nothing of the file is changed but addresses, ports, certificates and folders.

    `apis`: host and port of each; `served`: the host's key and certificate, in one file.
    """
    text = CONFIGURATION.read_text()
    (server,) = [line.strip() for line in text.splitlines() if line.strip().startswith("server api:8000")]
    for ours, theirs in {
        "/tmp/": f"{directory}/",
        server: "\n    ".join(server.replace("api:8000", api) for api in apis),
        "listen 8443": f"listen 127.0.0.1:{port}",
        "/etc/nginx/tls/fullchain.pem": str(served),
        "/etc/nginx/tls/key.pem": str(served),
    }.items():
        assert ours in text
        text = text.replace(ours, theirs)
    file = directory / "nginx.conf"
    file.write_text(f"daemon off;\nuser {getpass.getuser()};\nerror_log {directory}/error.log;\n{text}")
    return ["nginx", "-c", str(file), "-p", str(directory)]
