"""Campaigns: a list longer than a job's, called by jobs under one id."""
