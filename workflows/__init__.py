"""The story of a job, deterministic: what happens next, what waits for what."""
