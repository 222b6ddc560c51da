"""Lines over time as SVG that follows the page's colours, light or dark.

400 units wide: on a phone a unit is about a pixel, so the 11-unit labels stay legible there and
grow with the page elsewhere. Values are thinned before they come here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from main.reports.html import Html, tag

_WIDTH = 400.0
_GUTTER = 48.0
_LEFT = 2.0
_TOP = 8.0
_FOOT = 20.0
_FONT_SIZE = 11
_LOG_FROM_RATIO = 3.0
_MOST_TICKS = 5
_MOST_TIMES = 6
_DAY_MS = 86_400_000
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
_DAY_STEPS = (1, 2, 4, 7, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its CSS colour, and whether the space to zero is filled."""

    name: str
    values: Sequence[float]
    colour: str
    fill: bool = False


def chart(
    time_ms: Sequence[int],
    lines: Sequence[Line],
    *,
    height: float,
    percent: bool = False,
    label: str,
) -> Html:
    """Draw lines, the first on top; a logarithmic scale where money ranges over a multiple of it.

    With ``percent`` values are fractions. ``label`` is read to those who do not see.
    """
    known = [value for line in lines for value in line.values if math.isfinite(value)]
    logarithmic = is_logarithmic(lines) and not percent
    low, high = _limits(known, logarithmic=logarithmic)
    scale = _Scale(time_ms=time_ms, low=low, high=high, height=height, log=logarithmic)
    ticks = _ticks(low, high, logarithmic=logarithmic)
    parts: list[Html] = [_level(scale, tick, _tick_text(tick, ticks, percent)) for tick in ticks]
    parts += [_upright(scale, ms, text, height) for ms, text in _times(time_ms)]
    for k, line in reversed(list(enumerate(lines))):
        parts += _drawn(scale, line, 1.8 if k == 0 else 1.3)
    box = f"0 0 {_WIDTH:g} {height + _TOP + _FOOT:g}"
    return tag("svg", tag("title", label), *parts, viewBox=Html(box), role="img")


def is_logarithmic(lines: Sequence[Line]) -> bool:
    """Whether amounts are drawn to a logarithmic scale."""
    known = [value for line in lines for value in line.values if math.isfinite(value)]
    return bool(known) and min(known) > 0 and max(known) >= _LOG_FROM_RATIO * min(known)


def legend(lines: Sequence[Line]) -> Html:
    """Name the lines beside their colours."""
    entries = (
        tag("span", tag("i", style=f"background:{line.colour}"), line.name) for line in lines
    )
    return tag("div", *entries, class_="legend")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From times and values to units of the drawing."""

    time_ms: Sequence[int]
    low: float
    high: float
    height: float
    log: bool

    def x(self, time_ms: float) -> float:
        first, last = self.time_ms[0], self.time_ms[-1]
        share = (time_ms - first) / max(1, last - first)
        return _LEFT + share * (_WIDTH - _GUTTER - _LEFT)

    def y(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        return _TOP + self.height * (1 - (at - low) / (high - low))


def _drawn(scale: _Scale, line: Line, width: float) -> list[Html]:
    points = [
        f"{scale.x(ms):.1f},{scale.y(value):.1f}"
        for ms, value in zip(scale.time_ms, line.values, strict=True)
        if math.isfinite(value)
    ]
    if not points:
        return []
    path = tag(
        "polyline",
        points=Html(" ".join(points)),
        fill="none",
        stroke=line.colour,
        stroke_width=width,
        stroke_linejoin="round",
    )
    if not line.fill:
        return [path]
    zero = f"{scale.y(0.0):.1f}"
    ends = (f"{points[0].split(',')[0]},{zero}", f"{points[-1].split(',')[0]},{zero}")
    around = Html(" ".join((ends[0], *points, ends[1])))
    return [tag("polygon", points=around, fill=line.colour, fill_opacity=0.25), path]


def _level(scale: _Scale, value: float, text: str) -> Html:
    y = f"{scale.y(value):.1f}"
    end = f"{_WIDTH - _GUTTER:g}"
    line = tag("line", x1=_LEFT, x2=end, y1=y, y2=y, stroke="var(--grid)")
    label = _label(text, _WIDTH - _GUTTER + 5, scale.y(value) + 4)
    return Html(line + label)


def _upright(scale: _Scale, time_ms: int, text: str, height: float) -> Html:
    x = scale.x(time_ms)
    line = tag(
        "line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=_TOP, y2=_TOP + height, stroke="var(--grid)"
    )
    at = min(max(x, 16.0), _WIDTH - _GUTTER - 4)
    return Html(line + _label(text, at, _TOP + height + 15, text_anchor="middle"))


def _label(text: str, x: float, y: float, **attributes: str) -> Html:
    at = {"x": f"{x:.1f}", "y": f"{y:.1f}"}
    return tag("text", text, **at, font_size=_FONT_SIZE, fill="var(--muted)", **attributes)


def _limits(known: Sequence[float], *, logarithmic: bool) -> tuple[float, float]:
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if logarithmic:
        room = (high / low) ** 0.05
        return low / room, high * room
    span = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-6)
    return low - 0.05 * span, high + 0.05 * span


def _ticks(low: float, high: float, *, logarithmic: bool) -> list[float]:
    """Round values inside the limits."""
    if logarithmic:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for parts in ((1, 2, 5), (1, 3), (1,)):
            values = [m * 10.0**k for k in powers for m in parts if low <= m * 10.0**k <= high]
            if len(values) <= _MOST_TICKS:
                return values
        return values[:: math.ceil(len(values) / _MOST_TICKS)]
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [k * step for k in range(first, last + 1)]


def _tick_text(value: float, ticks: Sequence[float], percent: bool) -> str:
    if percent:
        fine = len(ticks) > 1 and abs(ticks[1] - ticks[0]) < 0.01  # noqa: PLR2004 - below one per cent
        return f"{value * 100 + 0.0:.{1 if fine else 0}f}%".replace("-", "−")
    size = abs(value)
    for unit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{value / unit:.4g}{suffix}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def _times(time_ms: Sequence[int]) -> list[tuple[int, str]]:
    """Round dates inside the stretch, UTC: years, months or days, at most about six."""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (time_ms[0], time_ms[-1]))
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 2:  # noqa: PLR2004 - days are told then
        return _dates(time_ms)
    step = next((s for s in _MONTH_STEPS if months / s <= _MOST_TIMES), 120)
    index = first.year * 12 + first.month - 1
    found = []
    for number in range(-(-index // step) * step, index + months + 1, step):
        at = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        ms = int(at.timestamp() * 1000)
        if time_ms[0] <= ms <= time_ms[-1]:
            found.append((ms, f"{at:%Y}" if at.month == 1 else f"{at:%b %y}"))
    return found


def _dates(time_ms: Sequence[int]) -> list[tuple[int, str]]:
    first, last = time_ms[0] // _DAY_MS + 1, time_ms[-1] // _DAY_MS
    step = next((s for s in _DAY_STEPS if (last - first) / s <= _MOST_TIMES), 31)
    days = [datetime.fromtimestamp(day * 86_400, UTC) for day in range(first, last + 1, step)]
    return [(int(day.timestamp() * 1000), f"{day.day} {day:%b}") for day in days]
