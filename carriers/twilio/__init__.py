"""Twilio, and whatever speaks its Calls API."""

from carriers.twilio.carrier import Twilio
from carriers.twilio.factory import from_environment

__all__ = ["Twilio", "from_environment"]
