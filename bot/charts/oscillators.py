"""The panels below the price: volume, RSI, MACD and the stochastic."""

import math

import numpy as np

from bot.charts import numbers
from bot.charts.candles import BODY_SHARE, is_up, price_step
from bot.charts.frame import HEADING, Frame, heading
from bot.charts.number_format import UNKNOWN, NumberFormat, signed
from bot.charts.views import Bars, ChartPicture, Floats, Macd, Rsi, Stoch

_PERCENT = (0.0, 100.0)
_ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8)
_INSIDE = 12.0
"""How far a value stays from the edge of its panel, so that it never meets the line above it."""


def axis_texts(view: ChartPicture) -> list[str]:
    """Return the values beside these panels, for which the axis needs room."""
    figures, found = view.words.numbers, list[str]()
    if view.has_volume:
        found.append(figures.compact(_amounts(view.bars).max()))
    if view.macd is not None:
        found += [text for _, text in _macd_ticks(view.macd, figures)]
    return found


def volume(frame: Frame, bars: Bars, unit: str, *, top: float, height: float) -> None:
    """Draw volume as columns in the colour of their bar."""
    amount = _amounts(bars)
    most, figures = float(amount.max()), frame.words.numbers
    last = figures.compact(numbers.last_known(bars.volume))
    title = frame.words.volume + (f", {unit}" if unit else "")
    heading(frame.sheet, top + 17, title, value=last)
    top += HEADING
    panel = frame.panel("volume", top, height, y=(0.0, most * 1.08 or 1.0))
    frame.levels(panel, [0.0, most])
    colours = frame.sheet.colours
    colour = np.where(is_up(bars), colours.up, colours.down).tolist()
    panel.rectangles(
        frame.position,
        np.zeros_like(amount),
        amount,
        colour,
        width=BODY_SHARE,
        layer=3,
        alpha=0.75,
    )
    if most > 0:
        frame.value_label(top + 14, figures.compact(most))


def rsi(frame: Frame, view: Rsi, *, top: float, height: float) -> None:
    """Draw RSI between 0 and 100, with what lies beyond its bounds filled."""
    colours = frame.sheet.colours
    last = numbers.last_known(view.values)
    heading(frame.sheet, top + 17, view.label, value=frame.words.numbers.plain(last, 1))
    top += HEADING
    panel = frame.panel("rsi", top, height, y=_PERCENT)
    bounds = [view.lower_bound, view.upper_bound]
    frame.levels(panel, bounds)
    x = frame.position
    for bound, colour in ((view.lower_bound, colours.up), (view.upper_bound, colours.down)):
        beyond = view.values < bound if bound == view.lower_bound else view.values > bound
        panel.fill(x, view.values, bound, colour, where=beyond, alpha=0.45, layer=2)
    panel.curve(x, view.values, colours.ink)
    for bound in bounds:
        frame.value_label(top + height * (1 - bound / 100), frame.words.numbers.bare(bound))


def macd(frame: Frame, view: Macd, unit: str, *, top: float, height: float) -> None:
    """Draw MACD, its signal and their difference around zero."""
    colours = frame.sheet.colours
    most = _largest(view.line, view.signal, view.histogram)
    figures = frame.words.numbers
    title = view.label + (f", {unit}" if unit else "")
    last = numbers.last_known(view.histogram)
    entries = [
        (view.label.split()[0], colours.lines[0]),
        (frame.words.signal, colours.lines[1]),
    ]
    text = signed(figures.price(last, price_step(0, most))) if np.isfinite(last) else UNKNOWN
    heading(frame.sheet, top + 17, title, value=text, entries=entries)
    top += HEADING
    panel = frame.panel("macd", top, height, y=(-1.1 * most, 1.1 * most))
    ticks = _macd_ticks(view, figures)
    frame.levels(panel, [value for value, _ in ticks])
    x = frame.position
    known = np.isfinite(view.histogram)
    columns = np.where(known, view.histogram, 0.0)
    colour = np.where(columns >= 0, colours.up, colours.down).tolist()
    low, high = np.minimum(columns, 0.0), np.maximum(columns, 0.0)
    panel.rectangles(x, low, high, colour, width=BODY_SHARE, layer=2, alpha=0.6)
    panel.curve(x, view.line, colours.lines[0])
    panel.curve(x, view.signal, colours.lines[1])
    for value, shown in ticks:
        y = top + height / 2 * (1 - value / (1.1 * most))
        frame.value_label(min(max(y, top + _INSIDE), top + height - _INSIDE), shown)


def stoch(frame: Frame, view: Stoch, *, top: float, height: float) -> None:
    """Draw %K and %D between 0 and 100, with where both are beyond a bound filled."""
    colours = frame.sheet.colours
    entries = [("%K", colours.lines[0]), ("%D", colours.lines[1])]
    last = numbers.last_known(view.k)
    heading(
        frame.sheet, top + 17, view.label, value=frame.words.numbers.plain(last, 1), entries=entries
    )
    top += HEADING
    panel = frame.panel("stoch", top, height, y=_PERCENT)
    bounds = [view.lower_bound, view.upper_bound]
    frame.levels(panel, bounds)
    x, lower, upper = frame.position, *bounds
    high, low = np.maximum(view.k, view.d), np.minimum(view.k, view.d)
    panel.fill(x, high, lower, colours.up, where=high < lower, alpha=0.45, layer=2)
    panel.fill(x, low, upper, colours.down, where=low > upper, alpha=0.45, layer=2)
    panel.curve(x, view.k, colours.lines[0])
    panel.curve(x, view.d, colours.lines[1])
    for bound in bounds:
        frame.value_label(top + height * (1 - bound / 100), frame.words.numbers.bare(bound))


def _largest(*series: Floats) -> float:
    known = np.concatenate([values[np.isfinite(values)] for values in series])
    return float(np.abs(known).max(initial=0.0)) or 1.0


def _macd_ticks(view: Macd, figures: NumberFormat) -> list[tuple[float, str]]:
    """Return zero and a round value to either side of it, far enough out to stand apart."""
    most = _largest(view.line, view.signal, view.histogram)
    power = 10.0 ** math.floor(math.log10(most))
    share = max(m for m in _ROUND if m * power <= most * (1 + 1e-9))
    outer, step = share * power, power if share == int(share) else power / 10
    shown = ((-outer, figures.price(-outer, step)), (outer, figures.price(outer, step)))
    return [shown[0], (0.0, "0"), shown[1]]


def _amounts(bars: Bars) -> Floats:
    return np.where(np.isfinite(bars.volume), np.maximum(bars.volume, 0.0), 0.0)
