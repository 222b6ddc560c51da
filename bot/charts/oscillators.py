"""The panels below the price: volume, RSI, MACD and the stochastic."""

import numpy as np

from bot.charts import numbers
from bot.charts.candles import BODY_SHARE, is_up, price_step
from bot.charts.frame import HEADING, Frame, heading
from bot.charts.views import Bars, Floats, Macd, Rsi, Stoch

_PERCENT = (0.0, 100.0)


def volume(frame: Frame, bars: Bars, unit: str, *, top: float, height: float) -> None:
    """Draw volume as columns in the colour of their bar."""
    amount = np.where(np.isfinite(bars.volume), np.maximum(bars.volume, 0.0), 0.0)
    most = float(amount.max())
    last = numbers.compact(numbers.last_known(bars.volume))
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
        frame.value_label(top + 14, numbers.compact(most))


def rsi(frame: Frame, view: Rsi, *, top: float, height: float) -> None:
    """Draw RSI between 0 and 100, with what lies beyond its bounds filled."""
    colours = frame.sheet.colours
    last = numbers.last_known(view.values)
    heading(frame.sheet, top + 17, view.label, value=_short(last))
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
        frame.value_label(top + height * (1 - bound / 100), f"{bound:g}")


def macd(frame: Frame, view: Macd, unit: str, *, top: float, height: float) -> None:
    """Draw MACD, its signal and their difference around zero."""
    colours = frame.sheet.colours
    most = _largest(view.line, view.signal, view.histogram)
    step = price_step(0, most)
    title = view.label + (f", {unit}" if unit else "")
    last = numbers.last_known(view.histogram)
    entries = [
        (view.label.split()[0], colours.lines[0]),
        (frame.words.signal, colours.lines[1]),
    ]
    text = numbers.signed(numbers.price(last, step)) if np.isfinite(last) else numbers.UNKNOWN
    heading(frame.sheet, top + 17, title, value=text, entries=entries)
    top += HEADING
    panel = frame.panel("macd", top, height, y=(-1.1 * most, 1.1 * most))
    frame.levels(panel, [0.0])
    x = frame.position
    known = np.isfinite(view.histogram)
    columns = np.where(known, view.histogram, 0.0)
    colour = np.where(columns >= 0, colours.up, colours.down).tolist()
    low, high = np.minimum(columns, 0.0), np.maximum(columns, 0.0)
    panel.rectangles(x, low, high, colour, width=BODY_SHARE, layer=2, alpha=0.6)
    panel.curve(x, view.line, colours.lines[0])
    panel.curve(x, view.signal, colours.lines[1])
    frame.value_label(top + height / 2, "0")


def stoch(frame: Frame, view: Stoch, *, top: float, height: float) -> None:
    """Draw %K and %D between 0 and 100, with where both are beyond a bound filled."""
    colours = frame.sheet.colours
    entries = [("%K", colours.lines[0]), ("%D", colours.lines[1])]
    last = numbers.last_known(view.k)
    heading(frame.sheet, top + 17, view.label, value=_short(last), entries=entries)
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
        frame.value_label(top + height * (1 - bound / 100), f"{bound:g}")


def _largest(*series: Floats) -> float:
    known = np.concatenate([values[np.isfinite(values)] for values in series])
    return float(np.abs(known).max(initial=0.0)) or 1.0


def _short(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else numbers.UNKNOWN
