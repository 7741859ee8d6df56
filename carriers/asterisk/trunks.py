"""Dial strings: which of Asterisk's endpoints a trunk is, and those that a number may have of its own."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from carriers.number_settings import NumberSettings

LOCAL = "Local"  # a dialplan context: Asterisk lists no endpoints for it
OWN_TRUNK = r"^PJSIP/\{number\}@[A-Za-z0-9_.-]{1,79}$"


def endpoint_of(trunk: str) -> tuple[str, str]:
    """Technology and name of the endpoint in `PJSIP/{number}@trunk` or `PJSIP/trunk/sip:{number}@host`."""
    technology, _, rest = trunk.partition("/")
    name, has_address, _ = rest.partition("/")
    return technology, name if has_address else rest.rpartition("@")[2]


def _is_own_trunk(text: str) -> str:
    if re.fullmatch(OWN_TRUNK, text) is None:
        raise ValueError("must be PJSIP/{number}@ and the name of an endpoint")
    return text


class OwnTrunk(NumberSettings):
    """A trunk of the number's own, among the endpoints of this Asterisk."""

    trunk: Annotated[str, AfterValidator(_is_own_trunk), Field(json_schema_extra={"pattern": OWN_TRUNK})]

    @property
    def shared_trunk(self) -> str:
        """It is an endpoint of the Asterisk that all numbers share."""
        return self.trunk
