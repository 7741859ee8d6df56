"""Calls: the claim, the dial, its outcome, and who is due."""
