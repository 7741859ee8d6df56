"""Twilio, and whatever speaks its Calls API."""

from carriers.twilio.carrier import Twilio
from carriers.twilio.setting_up import from_environment

__all__ = ["Twilio", "from_environment"]
