"""Organizations over HTTP, and what belongs to one: agents, numbers, keys."""
