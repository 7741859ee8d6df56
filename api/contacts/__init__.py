"""Contacts over HTTP: added, removed, listed as not to be called."""
