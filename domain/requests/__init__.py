"""What any request may hold: strict JSON, single values, limits."""
