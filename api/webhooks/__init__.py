"""Webhooks over HTTP: endpoints, deliveries, and what they carry."""
