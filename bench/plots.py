"""Small line charts as SVG: what a figure costs against how much there is.

Both axes begin at 0 but for the amounts, which are spread by their logarithm. The colours are seen
on a light and on a dark page.
"""

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340, 200, 46, 16, 34, 36
INK, LINE, BUDGET = "#7a828e", "#2f81f7", "#d29922"


@dataclass(frozen=True)
class Chart:
    """Values against amounts; `budget` is drawn as a dashed line."""

    title: str
    unit: str
    amounts: list[int]
    values: list[float]
    budget: float | None = None

    def svg(self) -> str:
        """The chart, without the element around it."""
        top = max([*self.values, self.budget or 0.0]) * 1.1 or 1.0
        places = [(self._x(amount), self._y(value, top)) for amount, value in self._points()]
        parts = [
            f'<text x="{LEFT}" y="18" font-weight="600">{escape(self.title)}</text>',
            f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none"'
            f' stroke="{INK}"/>',
            f'<text x="{LEFT - 6}" y="{TOP + 8}" text-anchor="end">{_short(top)}</text>',
            f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>',
            f'<text x="{LEFT - 6}" y="{TOP + 24}" text-anchor="end">{escape(self.unit)}</text>',
        ]
        if self.budget is not None:
            y = self._y(self.budget, top)
            parts.append(
                f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{BUDGET}" stroke-dasharray="4 4"/>'
                f'<text x="{WIDTH - RIGHT}" y="{y - 5}" text-anchor="end" fill="{BUDGET}">budget'
                f" {_short(self.budget)}</text>"
            )
        points = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2"/>')
        for (x, y), (amount, value) in zip(places, self._points(), strict=True):
            parts.append(
                f'<circle cx="{x}" cy="{y}" r="3" fill="{LINE}"/>'
                f'<text x="{x}" y="{y - 8}" text-anchor="middle">{_short(value)}</text>'
                f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
                f"{_short(amount)}</text>"
            )
        return "\n".join(parts)

    def _points(self) -> list[tuple[int, float]]:
        return list(zip(self.amounts, self.values, strict=True))

    def _x(self, amount: int) -> float:
        spread = [math.log10(max(1, one)) for one in self.amounts]
        share = (math.log10(max(1, amount)) - spread[0]) / ((spread[-1] - spread[0]) or 1.0)
        return round(LEFT + 14 + share * (WIDTH - LEFT - RIGHT - 34), 1)

    def _y(self, value: float, top: float) -> float:
        return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)


def sheet(charts: list[Chart]) -> str:
    """The charts in two columns, as one picture."""
    rows = math.ceil(len(charts) / 2)
    width, height = 2 * WIDTH, rows * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" font-family="system-ui, sans-serif" font-size="11" fill="{INK}">'
    ]
    for number, chart in enumerate(charts):
        place = f"translate({number % 2 * WIDTH} {number // 2 * HEIGHT})"
        parts.append(f'<g transform="{place}">\n{chart.svg()}\n</g>')
    return "\n".join([*parts, "</svg>\n"])


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
