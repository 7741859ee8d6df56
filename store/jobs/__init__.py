"""Jobs: stored, read, changed, steered, deleted."""
