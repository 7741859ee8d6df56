"""The HTTP endpoints, one file for each thing a client may want."""
