"""The paper that the plots of a report are drawn on: a frame with two axes, in SVG. The plots: report_plots.

Colours and letters stand in report.css by class, never in attributes, so that dark screens and printers choose theirs.
Coordinates have one decimal: what is finer nobody sees, and the page stays small.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 44
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
_LABEL_PIXELS = 46  # a label of the horizontal axis needs so much room


def text(value: object) -> str:
    """A stranger's text for a page: markup escaped, characters that no page may hold replaced.

    >>> text("<b>\\x00&")
    '&lt;b&gt;\\ufffd&amp;'
    """
    return html.escape("".join(c if _is_plain(c) else "\ufffd" for c in str(value)), quote=True)


def _is_plain(c: str) -> bool:
    return c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn")


def number(value: float) -> str:
    """A number for people: thousands apart, at most three figures after the point.

    >>> number(1234567), number(0.5), number(12.0)
    ('1,234,567', '0.5', '12')
    """
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """A share of one in per cent.

    >>> percent(0.41237), percent(0.00001), percent(0)
    ('41.24 %', '0.001 %', '0 %')
    """
    return f"{number(100 * share) if 0 < share < 0.0001 else number(round(100 * share, 2))} %"


def brief(value: float) -> str:
    """A number on an axis.

    >>> brief(1500), brief(2_000_000), brief(40)
    ('1.5k', '2M', '40')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (1000, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def steps(highest: float) -> list[float]:
    """Four to six round values from 0 up to at least `highest`.

    >>> steps(41), steps(0.9), steps(0)
    ([0.0, 10.0, 20.0, 30.0, 40.0, 50.0], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 1.0])
    """
    if highest <= 0:
        return [0.0, 1.0]
    size = 10.0 ** (len(f"{int(highest)}") - 1) if highest >= 1 else 1.0
    while size > highest:
        size /= 10
    step = next(step for part in (0.2, 0.5, 1, 2, 5) if highest / (step := part * size) <= 5.0001)
    count = 1
    while count * step < highest - 1e-9 * highest:
        count += 1
    return [round(k * step, 10) for k in range(count + 1)]


class Frame:
    """A plot's frame: `columns` places side by side, values from 0 to `highest`. What is drawn is added to `parts`."""

    def __init__(self, columns: int, highest: float, unit: str) -> None:
        self.columns = max(columns, 1)
        self.ticks = steps(highest)
        self.highest = self.ticks[-1]
        self.unit = unit
        self.parts: list[str] = []

    def x(self, column: float) -> float:
        """The middle of a column."""
        return round(LEFT + (column + 0.5) * INNER_WIDTH / self.columns, 1)

    def y(self, value: float) -> float:
        """The height of a value."""
        inside = min(max(value, 0.0), self.highest)
        return round(TOP + INNER_HEIGHT * (1 - inside / self.highest), 1)

    @property
    def column_width(self) -> float:
        return INNER_WIDTH / self.columns

    def band(self, low: float, high: float, kind: str) -> None:
        """A coloured band behind the values from `low` to `high`."""
        top, bottom = self.y(high), self.y(low)
        if bottom > top:
            size = f'width="{INNER_WIDTH}" height="{bottom - top:.1f}"'
            self.parts.append(f'<rect class="{kind}" x="{LEFT}" y="{top}" {size}/>')

    def line(self, values: Sequence[float], kind: str) -> None:
        """A line through one value a column."""
        points = " ".join(f"{self.x(at)},{self.y(value)}" for at, value in enumerate(values))
        if points:
            self.parts.append(f'<polyline class="line {kind}" points="{points}"/>')

    def bars(self, values: Sequence[float], kind: str) -> None:
        """A bar a column; empty ones are left out."""
        half, ground = max(self.column_width * 0.42, 0.4), self.y(0)
        drawn = "".join(
            f"M{self.x(at) - half:.1f} {ground}V{self.y(value)}h{2 * half:.1f}V{ground}z"
            for at, value in enumerate(values)
            if value
        )
        self.path(drawn, kind)

    def path(self, drawn: str, kind: str) -> None:
        """Any path."""
        if drawn:
            self.parts.append(f'<path class="{kind}" d="{drawn}"/>')

    def svg(self, title: str, description: str, labels: Sequence[str], below: str, name: str) -> str:
        """The whole picture. `labels` has one text a column, of which as many are shown as there is room for.

        `name` is unique in the page; title and description are read aloud.
        """
        ids = f"{name}-t {name}-d"
        head = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{ids}">'
            f'<title id="{name}-t">{text(title)}</title><desc id="{name}-d">{text(description)}</desc>'
        )
        middle = LEFT + INNER_WIDTH / 2
        foot = f'<text class="axis" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{text(below)}</text></svg>'
        return head + "".join([*self._rules(), *self.parts, *self._labels(labels)]) + foot

    def _rules(self) -> Iterable[str]:
        for tick in self.ticks:
            y = self.y(tick)
            yield f'<path class="rule" d="M{LEFT} {y}h{INNER_WIDTH}"/>'
            shown = text(f"{brief(tick)}{self.unit}")
            yield f'<text class="axis" x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>'

    def _labels(self, labels: Sequence[str]) -> Iterable[str]:
        every = max(1, -(-len(labels) * _LABEL_PIXELS // INNER_WIDTH))
        for at in range(0, len(labels), every):
            yield (
                f'<text class="axis" x="{self.x(at)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
                f"{text(labels[at])}</text>"
            )
