"""Phone numbers as they may be seen in logs, summaries, errors and histories."""


def masked(number: str) -> str:
    """The last two characters at most: "…01"."""
    return f"…{number[-2:]}" if len(number) > 4 else "…"
