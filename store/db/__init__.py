"""The way to PostgreSQL: engine, locks, ids, notices, and what is kept sealed."""
