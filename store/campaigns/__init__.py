"""Campaigns: their contacts until a job calls them, and the jobs that do."""
