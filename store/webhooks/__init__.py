"""Webhooks: endpoints, the outbox, and who is notified."""
