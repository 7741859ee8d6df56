"""Contacts: how they get in, and who is never called."""
