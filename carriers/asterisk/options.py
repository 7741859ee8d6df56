"""The settings of an Asterisk."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from domain.model import Model
from domain.webhooks.destinations import AllowedDestination

MAX_PLACE_TIMEOUT_SECONDS = 10.0


class Options(Model):
    """`trunk` and `agent_trunk` are dial strings; `{number}` and `{address}` stand for what is dialed."""

    url: str  # of the REST interface: http://127.0.0.1:8088/ari
    user: str
    password: SecretStr
    app: str = "outdial"  # the Stasis application, and the beginning of our channel ids
    trunk: Annotated[str, Field(pattern=r"/.*\{number\}")] = "PJSIP/{number}@trunk"
    agent_trunk: Annotated[str, Field(pattern=r"/.*\{address\}")] = (
        "PJSIP/trunk/{address}"  # how an agent's SIP address is reached
    )
    cdr_path: Path | None = None  # a CSV of call detail records, the channel's id first: see the README
    detection: str | None = "amd"  # the dialplan context that tells persons from machines; None: off
    agent_networks: tuple[AllowedDestination, ...] | None = None  # private ones where agents may be; None: all
    place_timeout_seconds: float = Field(default=MAX_PLACE_TIMEOUT_SECONDS, gt=0, le=MAX_PLACE_TIMEOUT_SECONDS)

    @property
    def socket_url(self) -> str:
        """Where its WebSockets are: the same server, without the last part of the path."""
        base = self.url.rstrip("/").removesuffix("/ari")
        return base.replace("http", "ws", 1)
