"""A job over HTTP: created, previewed, steered, watched, exported."""
