"""A job: its settings, its forecast, its cost, and whom a rerun calls."""
