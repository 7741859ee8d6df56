"""When and how often somebody may be called."""
