"""Sums of calls: counted job by job, read by organization."""
