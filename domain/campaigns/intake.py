"""The account of a campaign's file, which comes in blocks."""

from domain.contacts.report import MAX_ENTRIES, IntakeReport


def add_report(before: IntakeReport, more: IntakeReport) -> IntakeReport:
    """The account of both: totals are sums, lists go on up to their length."""
    totals = ("rows", "valid", "blank", "invalid_total", "duplicates_total", "rewritten_total")
    lists = ("invalid", "duplicates", "rewritten", "warnings")
    return IntakeReport(
        **{name: getattr(before, name) + getattr(more, name) for name in totals},
        **{name: [*getattr(before, name), *getattr(more, name)][:MAX_ENTRIES] for name in lists},
    )
