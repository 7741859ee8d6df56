"""Any SIP trunk through Asterisk's REST interface (ARI)."""

from carriers.asterisk.carrier import Asterisk
from carriers.asterisk.factory import from_environment

__all__ = ["Asterisk", "from_environment"]
