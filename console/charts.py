"""Pictures from the server: bars of outcomes and calls over time, as SVG whose parts have titles."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from console import vocabulary
from domain.statuses import ContactStatus

ORDER = (
    ContactStatus.COMPLETED,
    ContactStatus.NO_ANSWER,
    ContactStatus.BUSY,
    ContactStatus.TIMEOUT,
    ContactStatus.INVALID_NUMBER,
    ContactStatus.BLOCKED,
    ContactStatus.CARRIER_ERROR,
    ContactStatus.FAILED,
    ContactStatus.CANCELLED,
    ContactStatus.DIALING,
    ContactStatus.QUEUED,
    ContactStatus.PENDING,
)
WIDTH = 1000.0  # of the drawing's own units
MAX_COLUMNS = 400
MIN_COLUMNS = 24  # there is room for: few are no wider


def shares(counts: Mapping[ContactStatus, int]) -> list[tuple[ContactStatus, int]]:
    """What there is, in the order of the bar."""
    return [(status, counts[status]) for status in ORDER if counts.get(status)]


def outcome_bar(counts: Mapping[ContactStatus, int], label: str) -> Markup:
    """All contacts of a job, by status, in one line."""
    total, x, parts = sum(counts.values()), 0.0, []
    for status, count in shares(counts):
        width = WIDTH * count / total
        title = f"{vocabulary.CONTACT[status]}: {count:,}"
        parts.append(
            Markup('<rect class="s-{}" x="{:.2f}" width="{:.2f}" height="10"><title>{}</title></rect>').format(
                status.value, x, max(width, 1.0), title
            )
        )
        x += width
    return Markup(
        '<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup("").join(parts))


def progress_bar(part: int, whole: int, label: str) -> Markup:
    width = WIDTH * part / whole if whole else 0.0
    return Markup(
        '<svg class="progress" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="done" width="{:.2f}" height="10"/></svg>'
    ).format(label, width)


def columns(rows: Sequence[tuple[str, int, int]], label: str, names: tuple[str, str]) -> Markup:
    """Columns side by side, each with a part that stands for the second number. (title, all, part of it)."""
    most = max((row[1] for row in rows), default=0) or 1
    step = WIDTH / max(len(rows), MIN_COLUMNS)
    parts = []
    for index, (title, whole, part) in enumerate(rows):
        said = f"{title}: {whole:,} {names[0]}, {part:,} {names[1]}"
        high, low = 160.0 * whole / most, 160.0 * part / most
        parts.append(
            Markup(
                '<g><title>{}</title><rect class="whole" x="{x:.2f}" y="{:.2f}" width="{w:.2f}" height="{:.2f}"/>'
                '<rect class="part" x="{x:.2f}" y="{:.2f}" width="{w:.2f}" height="{:.2f}"/></g>'
            ).format(said, 170 - high, high, 170 - low, low, x=index * step, w=max(step * 0.82, 0.8))
        )
    return Markup(
        '<svg class="columns" viewBox="0 0 1000 172" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<line x1="0" x2="1000" y1="171" y2="171"/>{}</svg>'
    ).format(label, Markup("").join(parts))
