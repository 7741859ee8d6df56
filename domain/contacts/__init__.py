"""Contacts as they come in, from a file or from JSON, and as they go out again."""
