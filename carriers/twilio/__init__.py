"""Twilio, and whatever speaks its Calls API."""

from carriers.twilio.carrier import Twilio

__all__ = ["Twilio"]
