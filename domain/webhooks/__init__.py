"""Outgoing webhooks: what is sent, and where it may go."""
