"""Bar charts as SVG, for a page that is read on light and on dark ground."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.quantiles import digits_for

WIDTH, LABEL, VALUE = 720, 190, 90  # pixels: of all, of the words on the left, of the figures on the right
BAR, GAP, HEAD, MARGIN = 22, 8, 34, 10
OURS, THEIRS, MARK, INK = "#0b7285", "#adb5bd", "#e8590c", "#868e96"
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


@dataclass(frozen=True)
class Chart:
    """Bars from zero on, in their order; those of `ours` are set off. `mark`: where a target lies, by its words."""

    title: str
    bars: Mapping[str, float]
    unit: str = ""
    ours: Sequence[str] = ("Outdial",)
    mark: tuple[str, float] | None = None

    def svg(self) -> str:
        """Raises ValueError where there is no bar."""
        if not self.bars:
            raise ValueError(f"nothing to draw: {self.title}")
        height = HEAD + len(self.bars) * (BAR + GAP) + MARGIN
        drawn = [self._bar(row, label, value) for row, (label, value) in enumerate(self.bars.items())]
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT} fill="{INK}">',
            f"<title>{escape(self.title)}</title>",
            f'<text x="{MARGIN}" y="20" font-weight="600">{escape(self.title)}</text>',
            *drawn,
            *self._mark(height),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _x(self, value: float) -> float:
        largest = max(*self.bars.values(), self.mark[1] if self.mark else 0.0, 1e-9)
        return round(LABEL + value / largest * (WIDTH - LABEL - VALUE), 1)

    def _bar(self, row: int, label: str, value: float) -> str:
        top, end = HEAD + row * (BAR + GAP), self._x(value)
        color = OURS if label in self.ours else THEIRS
        words = f"{value:,.{digits_for(value)}f} {self.unit}".strip()
        return (
            f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{top}" width="{max(1.0, round(end - LABEL, 1))}" height="{BAR}" fill="{color}"/>'
            f'<text x="{end + 6}" y="{top + 16}">{escape(words)}</text>'
        )

    def _mark(self, height: int) -> list[str]:
        if self.mark is None:
            return []
        words, value = self.mark
        x = self._x(value)
        return [
            f'<line x1="{x}" x2="{x}" y1="{HEAD - 6}" y2="{height - MARGIN}" stroke="{MARK}" stroke-dasharray="4 3"/>',
            f'<text x="{x}" y="{HEAD - 9}" text-anchor="middle" fill="{MARK}">{escape(words)}</text>',
        ]
