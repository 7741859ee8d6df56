"""One call, from the claim to its end."""
