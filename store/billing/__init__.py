"""Credits: the ledger, and the end of a job's money."""
