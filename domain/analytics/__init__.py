"""How calls went, counted by where and when they reached people."""
