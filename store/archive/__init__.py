"""Calls of jobs that ended long ago: by months, which can be dropped."""
