"""What every request meets: bodies, errors, pages, idempotency, the OpenAPI page."""
