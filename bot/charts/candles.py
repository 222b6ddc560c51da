"""The price panel: candles, bands, averages, and the range they are shown in.

All candles are two collections, one of wicks and one of bodies: a patch per candle would cost
more than the whole picture may.
"""

import math

import numpy as np

from bot.charts import numbers
from bot.charts.frame import Frame, heading
from bot.charts.panel import Panel
from bot.charts.style import Palette
from bot.charts.views import Bars, ChartPicture, Flags

BODY_SHARE = 0.72
_AIR = 0.06
_FLATTEST = 1e-3
_NARROW = 1e-2
_STRETCH_BY_LEVELS = 4.0
_STRETCH_BY_LINES = 2.0
_THINNEST_BODY = 2.5
_WICK = (1.2, 3.0)
_GRID_DISTANCE = 64.0


def price_limits(view: ChartPicture) -> tuple[float, float]:
    """Return the price range to show: candles first, then levels, cone, bands and averages.

    What would stretch the range too far stays outside (a level is then pinned to the edge, a line
    is cut off): a far-away target must not flatten the candles to a line. A range below 0.1 % of
    the price counts as 0.1 %.
    """
    low, high = _candle_range(view.bars)
    size = max(abs(low), abs(high))
    least = max(high - low, _FLATTEST * size) or 1.0
    for values, most in (
        (_level_prices(view), _STRETCH_BY_LEVELS * max(least, _NARROW * size)),
        (_cone_ends(view), _STRETCH_BY_LEVELS * max(least, _NARROW * size)),
        (_line_ends(view), _STRETCH_BY_LINES * least),
    ):
        for value in values:
            wider = min(low, value), max(high, value)
            if wider[1] - wider[0] <= most:
                low, high = wider
    missing = max(0.0, least - (high - low)) / 2
    air = _AIR * max(high - low, least)
    return low - missing - air, high + missing + air


def draw(
    frame: Frame, view: ChartPicture, *, top: float, height: float, name: str = "price"
) -> Panel:
    """Draw the panel and return it; the caller adds the levels."""
    low, high = price_limits(view)
    panel = frame.panel(name, top, height, y=(low, high))
    frame.levels(panel, grid_prices(low, high, height))
    _bands(panel, frame, view)
    colours = frame.sheet.colours
    for k, line in enumerate(view.averages):
        panel.curve(frame.position, line.values, colours.lines[k % len(colours.lines)])
    _candles(panel, frame, view.bars)
    if not _drawable(view.bars).any():
        sheet_x = (frame.left + frame.right) / 2
        frame.sheet.text(
            sheet_x, top + height / 2, frame.words.no_data, colour=colours.muted, align="center"
        )
    return panel


def draw_heading(frame: Frame, view: ChartPicture, y: float) -> None:
    """Write unit and legend above the panel."""
    unit = f", {view.price_unit}" if view.price_unit else ""
    entries = legend(frame.sheet.colours, view)
    heading(frame.sheet, y, f"{frame.words.price}{unit}", entries=entries)


def legend(colours: Palette, view: ChartPicture) -> list[tuple[str, str]]:
    """Return what the lines over the candles are called, with their colours."""
    entries = [(view.bands.label, colours.band)] if view.bands is not None else []
    return entries + [
        (line.label, colours.lines[k % len(colours.lines)]) for k, line in enumerate(view.averages)
    ]


def grid_prices(low: float, high: float, height: float) -> list[float]:
    """Return the round prices that get a line and a label."""
    return numbers.round_ticks(low, high, max(2, int(height / _GRID_DISTANCE)))


def is_up(bars: Bars) -> Flags:
    """Return which bars closed at or above their open."""
    return np.asarray(bars.close >= bars.open)


def _candle_range(bars: Bars) -> tuple[float, float]:
    known = _drawable(bars)
    if not known.any():
        return 0.0, 1.0
    return float(bars.low[known].min()), float(bars.high[known].max())


def _level_prices(view: ChartPicture) -> list[float]:
    levels = view.levels
    return [p for p in (levels.entry, levels.stop, levels.target) if p is not None]


def _cone_ends(view: ChartPicture) -> list[float]:
    return [] if view.cone is None else [float(view.cone.low.min()), float(view.cone.high.max())]


def _line_ends(view: ChartPicture) -> list[float]:
    lines = [line.values for line in view.averages]
    if view.bands is not None:
        lines = [view.bands.lower, view.bands.upper, *lines]
    known = [values[np.isfinite(values)] for values in lines]
    return [float(end) for values in known if len(values) for end in (values.min(), values.max())]


def _drawable(bars: Bars) -> Flags:
    prices = np.stack((bars.open, bars.high, bars.low, bars.close))
    return np.asarray(np.isfinite(prices).all(axis=0))


def _bands(panel: Panel, frame: Frame, view: ChartPicture) -> None:
    if view.bands is None:
        return
    colour = frame.sheet.colours.band
    x = frame.position
    panel.fill(x, view.bands.lower, view.bands.upper, colour, alpha=0.10)
    for values in (view.bands.lower, view.bands.upper):
        panel.curve(x, values, colour, width=2.0)
    panel.line(x, view.bands.middle, colour, width=2.0, dashes=(0, (2, 3)), layer=2)


def _candles(panel: Panel, frame: Frame, bars: Bars) -> None:
    known = _drawable(bars)
    x = frame.position[known]
    low, high = bars.low[known], bars.high[known]
    bottom = np.minimum(bars.open[known], bars.close[known])
    top = np.maximum(bars.open[known], bars.close[known])
    least = _THINNEST_BODY * (panel.y[1] - panel.y[0]) / panel.box.height
    thin = np.maximum(0.0, least - (top - bottom)) / 2
    colours = frame.sheet.colours
    colour = np.where(is_up(bars)[known], colours.up, colours.down).tolist()
    wicks = np.stack((np.stack((x, low), axis=1), np.stack((x, high), axis=1)), axis=1)
    narrow, wide = _WICK
    width = min(wide, max(narrow, 0.2 * frame.bar_width))
    panel.segments(wicks, colour, width=width, layer=4)
    panel.rectangles(x, bottom - thin, top + thin, colour, width=BODY_SHARE, layer=5)


def price_step(low: float, high: float) -> float:
    """Return the step that prices in a range are told apart by on labels."""
    span = high - low
    return 10.0 ** math.floor(math.log10(span) - 2) if span > 0 else 0.01
