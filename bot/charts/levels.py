"""Entry, stop and target beside the candles, and the prices of the axis.

Right of the last candle a zone shows what is risked and what may be won; over the axis stand the
name, the distance and the price of each level. Labels of levels that lie close together are
spread and led to their line; an axis price that a label would cover gives way. A level outside
the range is pinned to the edge, with an arrow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.charts import numbers, style
from bot.charts.candles import grid_prices, price_limits, price_step
from bot.charts.frame import Frame
from bot.charts.number_format import NumberFormat
from bot.charts.panel import Box, Dashes, Panel
from bot.charts.sheet import Sheet
from bot.charts.spread import spread
from bot.charts.views import ChartPicture, Levels

ZONE = 66.0
_LEAD = 22.0
_PILL_HEIGHT = 41.0
_NAME_HEIGHT = 35.0
_SPACE = 6.0
_TICK_HALF = 15.0
_PAD = 11.0
_EDGE = 10.0
_DIGITS = 3
"""Digits after the first that a labelled price has at least."""
_INSIDE_TOP = 12.0
_INSIDE_BOTTOM = 6.0
_DECIMALS = ((1, 0.01), (2, 0.0001))
"""Decimals of a distance in per cent, by the fraction from which they tell it from nothing."""
_GUTTER = (96.0, 330.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A labelled price; `dashes` is matplotlib's line style."""

    price: float
    name: str
    colour: str
    dashes: Dashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Prices on the sheet: the panel's range and place, and how a price in it is written."""

    low: float
    high: float
    top: float
    height: float
    step: float
    numbers: NumberFormat

    def y(self, price: float) -> float:
        """Return where a price lies, kept inside the panel."""
        share = (price - self.low) / (self.high - self.low)
        return self.top + self.height * (1 - min(max(share, 0.0), 1.0))

    def price_text(self, price: float) -> str:
        """Return the price with the decimals this range needs, an arrow where it lies outside."""
        text = self.plain_text(price)
        return f"↑ {text}" if price > self.high else f"↓ {text}" if price < self.low else text

    def plain_text(self, price: float) -> str:
        """Return the price with the decimals this range needs."""
        return self.numbers.price(price, self.step)


def scale_of(view: ChartPicture, *, top: float, height: float) -> Scale:
    """Return the scale of a panel; what is labelled on it has the decimals that tell it apart."""
    low, high = price_limits(view)
    step = min(price_step(low, high), *_steps(view))
    numbers = view.words.numbers
    return Scale(low=low, high=high, top=top, height=height, step=step, numbers=numbers)


def _steps(view: ChartPicture) -> list[float]:
    """Return the steps that labelled prices need: four digits, and more where levels are close."""
    levels = (view.levels.entry, view.levels.stop, view.levels.target)
    prices = sorted({price for price in levels if price is not None})
    # The step of two levels has three digits of their distance; one of them is enough.
    apart = [100 * price_step(one, other) for one, other in pairwise(prices)]
    shown = [*prices, numbers.last_known(view.bars.close)]
    sizes = [math.floor(math.log10(price)) for price in shown if 0 < price < math.inf]
    return [math.inf, *apart, *(10.0 ** (size - _DIGITS) for size in sizes)]


def zone_width(levels: Levels) -> float:
    """Return the room needed between the last candle and the axis: none without levels."""
    return ZONE if levels != Levels() else 0.0


def gutter_width(
    sheet: Sheet, view: ChartPicture, scale: Scale, *, also: Sequence[str] = ()
) -> float:
    """Return the room for the widest price of the axis or label of a level, or of `also`."""
    ticks = grid_prices(scale.low, scale.high, scale.height)
    levels = listed(view, sheet.colours)
    widths = [sheet.measure(_tick_text(scale, price, ticks)) for price in ticks]
    widths += [sheet.measure(text) for text in also]
    widths += [sheet.measure(scale.price_text(level.price), bold=True) for level in levels]
    widths += [sheet.measure(level.name, bold=True) for level in levels]
    least, most = _GUTTER
    return min(max(max(widths, default=0.0) + 2 * _PAD + _EDGE, least), most)


def draw(frame: Frame, panel: Panel, view: ChartPicture, scale: Scale) -> None:
    """Draw levels, zone, labels and the axis prices between them."""
    levels = listed(view, frame.sheet.colours)
    _risk_and_reward(frame, panel, view.levels)
    _lines(frame, panel, levels, scale)
    above = _PILL_HEIGHT / 2 + (_NAME_HEIGHT if view.levels != Levels() else 0.0)
    below = _PILL_HEIGHT / 2
    places = spread(
        [scale.y(level.price) for level in levels],
        gap=above + below + _SPACE,
        low=scale.top + above,
        high=scale.top + scale.height - below,
    )
    for level, y in zip(levels, places, strict=True):
        _label(frame, level, scale, y)
    ticks = grid_prices(scale.low, scale.high, scale.height)
    bottom = scale.top + scale.height
    for price in ticks:
        y = min(max(scale.y(price), scale.top + _INSIDE_TOP), bottom - _INSIDE_BOTTOM)
        if all(y < at - above - _TICK_HALF or y > at + below + _TICK_HALF for at in places):
            frame.value_label(y, _tick_text(scale, price, ticks))


def listed(view: ChartPicture, colours: style.Palette) -> list[Level]:
    """Return the levels to label; without an order, the last price."""
    levels, words = view.levels, view.words
    if levels == Levels():
        last = numbers.last_known(view.bars.close)
        shown = [Level(price=last, name="", colour=colours.ink, dashes=(0, (1, 3)))]
        return shown if math.isfinite(last) else []
    named: tuple[tuple[float | None, str, str, Dashes], ...] = (
        (levels.entry, words.entry, colours.ink, "solid"),
        (levels.stop, words.stop, colours.stop, (0, (4, 2))),
        (levels.target, words.target, colours.target, (0, (7, 2))),
    )
    return [
        Level(price=price, name=_name(view, word, price), colour=colour, dashes=dashes)
        for price, word, colour, dashes in named
        if price is not None
    ]


def _name(view: ChartPicture, word: str, price: float) -> str:
    entry = view.levels.entry
    if entry is None or price == entry:
        return word
    distance = price / entry - 1
    decimals = next((n for n, least in _DECIMALS if abs(distance) >= least), 4)
    return f"{word} {view.words.numbers.percent(distance, decimals)}"


def _risk_and_reward(frame: Frame, panel: Panel, levels: Levels) -> None:
    if levels.entry is None:
        return
    colours = frame.sheet.colours
    for price, colour in ((levels.stop, colours.stop), (levels.target, colours.target)):
        if price is not None:
            panel.fill(_zone(frame), levels.entry, price, colour, alpha=0.30)


def _lines(frame: Frame, panel: Panel, levels: list[Level], scale: Scale) -> None:
    ends = frame.x_limits[0], _zone(frame)[1]
    for level in levels:
        if scale.low <= level.price <= scale.high:
            price = (level.price, level.price)
            panel.line(ends, price, level.colour, width=2.5, dashes=level.dashes, layer=6)


def _label(frame: Frame, level: Level, scale: Scale, y: float) -> None:
    sheet = frame.sheet
    width = style.WIDTH - _EDGE - frame.right
    top = y - _PILL_HEIGHT / 2
    box = Box(left=frame.right, top=top, width=width, height=_PILL_HEIGHT)
    sheet.pill(box, level.colour, radius=8.0)
    text = scale.price_text(level.price)
    x, room = frame.right + _PAD, width - _PAD
    sheet.text(x, y, text, colour=sheet.colours.background, bold=True, room=room)
    if level.name:
        name_y = top - _NAME_HEIGHT / 2
        sheet.text(x, name_y, level.name, colour=level.colour, bold=True, room=room)
        lead = [(frame.right - _LEAD, scale.y(level.price)), (frame.right, y)]
        sheet.lines([lead], level.colour, width=2.5)


def _zone(frame: Frame) -> tuple[float, float]:
    low, high = frame.x_limits
    unit = (high - low) / (frame.right - frame.left)
    return high - frame.ahead * unit, high - min(frame.ahead, _LEAD) * unit


def _tick_text(scale: Scale, price: float, ticks: list[float]) -> str:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else abs(price) / 1000
    return scale.numbers.price(price, step)
