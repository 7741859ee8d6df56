"""A call over HTTP: what it was, what its agent reports, what its carrier tells."""
