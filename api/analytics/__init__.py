"""Sums of calls over HTTP."""
