"""What panels over time have in common: the shared x range, the grid, the time under it.

A `Frame` is made once per picture and handed to every panel, so that the bars, the grid lines and
the axis labels of all panels stand exactly below each other.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from bot.charts import style, timeaxis
from bot.charts.panel import Box, Dashes, Panel
from bot.charts.sheet import Sheet
from bot.charts.timeaxis import Tick, TimeAxis
from bot.charts.views import Floats, Times
from bot.charts.words import Words

HEADING = 38.0
TIME_LABELS = 84.0
_TICK_DISTANCE = 132.0
_SAMPLE = 24.0
_GRID_WIDTH = 1.5
_FEWEST_BARS = 24
_NOW: Dashes = (0, (2, 3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """The stretch of time shown, between `left` and `right` on the sheet.

    `time` holds the bars and, after the first `known` of them, those to come. `ahead` is the part
    of the width kept free after the last one.
    """

    sheet: Sheet
    time: TimeAxis
    zone: ZoneInfo
    words: Words
    left: float
    right: float
    ahead: float
    ticks: tuple[Tick, ...]
    half_bar: float
    known: int
    shows_holes: bool

    @property
    def position(self) -> Floats:
        """Where the known bars stand."""
        return self.time.position[: self.known]

    @property
    def x_limits(self) -> tuple[float, float]:
        """Data limits: half a bar and a little air on both sides, then what lies ahead.

        Fewer than two dozen bars stand on the right, as wide as if there were two dozen.
        """
        first, last = float(self.time.position[0]), float(self.time.position[-1])
        first = min(first, last - _FEWEST_BARS * 2 * self.half_bar)
        air = 0.4 + 0.006 * (last - first)
        low, high = first - self.half_bar - air, last + self.half_bar + air
        width = self.right - self.left
        return low, low + (high - low) * width / (width - self.ahead)

    @property
    def bar_width(self) -> float:
        """The width of one bar in sheet units."""
        low, high = self.x_limits
        return (self.right - self.left) / (high - low)

    def x(self, position: float) -> float:
        """Return where a position lies on the sheet."""
        return self.left + (position - self.x_limits[0]) * self.bar_width

    def panel(self, name: str, top: float, height: float, *, y: tuple[float, float]) -> Panel:
        """Return a panel with its grid of times and the holes shaded."""
        box = Box(left=self.left, top=top, width=self.right - self.left, height=height)
        panel = self.sheet.panel(name, box, x=self.x_limits, y=y)
        colours = self.sheet.colours
        for hole in self.time.holes if self.shows_holes else ():
            panel.fill(hole, y[0], y[1], colours.surface, alpha=1.0, layer=0)
        at = [self.time.at(tick.time_ms) for tick in self.ticks]
        uprights = [[(x, y[0]), (x, y[1])] for x in at]
        panel.segments(uprights, colours.grid, width=_GRID_WIDTH, layer=0.5)
        if self.known < len(self.time.position):
            now = float(self.position[-1]) + self.half_bar
            panel.line((now, now), y, colours.muted, width=2.0, dashes=_NOW, layer=0.6)
        return panel

    def levels(self, panel: Panel, values: list[float]) -> None:
        """Draw horizontal grid lines at `values`."""
        low, high = self.x_limits
        lines = [[(low, value), (high, value)] for value in values]
        panel.segments(lines, self.sheet.colours.grid, width=_GRID_WIDTH, layer=0.5)

    def value_label(self, y: float, text: str) -> None:
        """Write the value of a grid line into the gutter right of the panel."""
        x = self.right + 12
        self.sheet.text(
            x, y, text, colour=self.sheet.colours.muted, room=style.WIDTH - style.MARGIN / 2 - x
        )

    def time_labels(self, top: float) -> None:
        """Write the times below the last panel and name zone and stretch below them."""
        self.tick_labels(top)
        self.sheet.text(
            style.MARGIN,
            top + 62,
            self._caption(),
            colour=self.sheet.colours.muted,
            room=style.WIDTH - 2 * style.MARGIN,
        )

    def tick_labels(self, top: float) -> None:
        """Write the times below a panel."""
        muted = self.sheet.colours.muted
        edge = 0.0
        for tick in self.ticks:
            width = self.sheet.measure(tick.label, bold=tick.strong)
            middle = self.x(self.time.at(tick.time_ms))
            x = min(max(middle, self.left + width / 2), style.WIDTH - self.left / 2 - width / 2)
            if x - width / 2 < edge:
                continue
            colour = self.sheet.colours.ink if tick.strong else muted
            self.sheet.text(
                x, top + 22, tick.label, colour=colour, bold=tick.strong, align="center"
            )
            edge = x + width / 2 + 18

    @property
    def zone_text(self) -> str:
        """The zone that the times are in, with its distance to UTC at the last bar."""
        latest_ms = int(self.time.time_ms[self.known - 1])
        return f"{self.words.time_in} {timeaxis.zone_text(latest_ms, self.zone)}"

    def _caption(self) -> str:
        first, last = int(self.time.time_ms[0]), int(self.time.time_ms[self.known - 1])
        span = timeaxis.span_text(first, last, zone=self.zone, words=self.words)
        return f"{self.zone_text}: {span}"


def frame(
    sheet: Sheet,
    time_ms: Times,
    *,
    zone_name: str,
    words: Words,
    right: float,
    ahead: float = 0.0,
    half_bar: float = 0.5,
    later_ms: Times | None = None,
    shows_holes: bool = True,
) -> Frame:
    """Return the frame over `time_ms` from the margin to `right`, `ahead` of it left free.

    `later_ms` are the times of bars to come, for which the axis goes on. Without `shows_holes`
    stretches without a point are not shaded: an account has no bars that could be missing.
    """
    zone = ZoneInfo(zone_name)
    known = len(time_ms)
    if later_ms is not None:
        time_ms = np.concatenate((time_ms, later_ms))
    first, last = int(time_ms[0]), int(time_ms[-1])
    count = max(2, int((right - ahead - style.MARGIN) / _TICK_DISTANCE))
    return Frame(
        sheet=sheet,
        time=timeaxis.place(time_ms),
        zone=zone,
        words=words,
        left=style.MARGIN,
        right=right,
        ahead=ahead,
        ticks=tuple(timeaxis.ticks(first, last, zone=zone, count=count, words=words)),
        half_bar=half_bar,
        known=known,
        shows_holes=shows_holes,
    )


def heading(
    sheet: Sheet,
    y: float,
    title: str,
    *,
    value: str = "",
    entries: list[tuple[str, str]] | None = None,
) -> None:
    """Write the line above a panel: its title, its latest value, then a legend.

    `entries` are (text, colour); those that no longer fit are left out.
    """
    end = style.WIDTH - style.MARGIN
    x = style.MARGIN
    named = sheet.text(x, y, title, bold=True, room=end - x)
    x += named + 14 if named else 0.0
    wide = sheet.text(x, y, value, room=max(0.0, end - x))
    x += wide + 22 if wide else 0.0
    for text, colour in entries or []:
        width = sheet.measure(text)
        if x + _SAMPLE + 10 + width > end:
            return
        sheet.lines([[(x, y), (x + _SAMPLE, y)]], colour, width=5.0)
        sheet.text(x + _SAMPLE + 10, y, text, colour=sheet.colours.muted)
        x += _SAMPLE + 10 + width + 22
