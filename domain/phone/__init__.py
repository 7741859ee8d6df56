"""Phone numbers: which are valid, where they belong, how they are masked."""
