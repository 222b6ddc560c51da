"""Accounts over time: equity of one to three, their drawdowns, and what the months gave.

Equity is drawn to a logarithmic scale once the highest value is several times the lowest: there, a
line that rises evenly grew evenly, and a strategy beside a market that rose tenfold is not flat.
"""

import math

import numpy as np

from bot.charts import numbers, style
from bot.charts.candles import price_step
from bot.charts.frame import HEADING, Frame, frame, heading
from bot.charts.number_format import NumberFormat
from bot.charts.sheet import Sheet
from bot.charts.views import Floats
from bot.charts.views_backtest import BacktestLabels, Curves, MonthReturn
from bot.charts.words import Words

EQUITY_HEIGHT = 320.0
DRAWDOWN_HEIGHT = 150.0
MONTHS_HEIGHT = 170.0
SPACE = 12.0
_LOG_FROM_RATIO = 3.0
_LEAST_DRAWDOWN = 0.01
_LEAST_MONTH = 0.005
_WIDEST_MONTH = 60.0
_MOST_TICKS = 5
_DAY_MS = 86_400_000
_LONGEST_MONTH_DAYS = 31


type Inks = tuple[str, ...]
"""A colour for each account."""


def beside_another(sheet: Sheet) -> Inks:
    """Return the colours of two runs of one rank."""
    return (sheet.colours.up, sheet.colours.lines[1], sheet.colours.band)


def time_frame(sheet: Sheet, curves: Curves, *, zone_name: str, words: Words) -> Frame:
    """Return the frame that all panels of the picture share, the widest label to its right."""
    texts = [text for _, text in _ticks(curves, words.numbers)]
    texts += [words.numbers.percent(-1.0), words.numbers.percent(1.0, 0)]
    return frame(
        sheet,
        curves.time_ms,
        zone_name=zone_name,
        words=words,
        right=style.WIDTH - max(sheet.measure(text) for text in texts) - style.MARGIN,
        half_bar=0.0,
        shows_holes=False,
    )


def equity(
    axis: Frame,
    curves: Curves,
    title: str,
    labels: BacktestLabels,
    *,
    top: float,
    inks: Inks | None = None,
) -> float:
    """Draw the accounts, the first on top; return where the panel ends.

    Without `inks` the first stands out and the second, the market, steps back.
    """
    sheet = axis.sheet
    inks = inks or (sheet.colours.up, sheet.colours.band, sheet.colours.lines[1])
    logarithmic = _is_logarithmic(curves)
    entries = [(line.name, c) for line, c in zip(curves.lines, inks, strict=False)]
    scale = f"({labels.log_scale})" if logarithmic else ""
    heading(sheet, top + 17, title, value=scale, entries=entries if len(entries) > 1 else None)
    limits = _limits(curves)
    y = top + HEADING
    panel = axis.panel("equity", y, EQUITY_HEIGHT, y=limits)
    ticks = [
        (_scaled(value, logarithmic), text) for value, text in _ticks(curves, axis.words.numbers)
    ]
    axis.levels(panel, [at for at, _ in ticks])
    start = _scaled(float(curves.lines[0].equity_quote[0]), logarithmic)
    if math.isfinite(start):
        dashes = (0, (4, 4))
        level = (start, start)
        panel.line(axis.x_limits, level, sheet.colours.muted, width=2.0, dashes=dashes, layer=2)
    for k, line in reversed(list(enumerate(curves.lines))):
        values = _scale(line.equity_quote, logarithmic=logarithmic)
        width = 4.0 if k == 0 else 3.0
        panel.curve(axis.time.position, values, inks[k], width=width, layer=5 - k)
    low, high = limits
    for at, text in ticks:
        axis.value_label(y + EQUITY_HEIGHT * (1 - (at - low) / (high - low)), text)
    return y + EQUITY_HEIGHT


def drawdowns(
    axis: Frame, curves: Curves, title: str, *, top: float, inks: Inks | None = None
) -> float:
    """Draw the losses from the peak, the first account filled; return where the panel ends.

    Without `inks` the first has the colour of losses, as on the picture of the portfolio.
    """
    sheet = axis.sheet
    inks = inks or (sheet.colours.down, sheet.colours.band, sheet.colours.lines[1])
    heading(sheet, top + 17, title)
    y, x = top + HEADING, axis.time.position
    worst = max(float(np.nanmax(line.drawdown_fraction, initial=0.0)) for line in curves.lines)
    deepest = max(_LEAST_DRAWDOWN, worst)
    panel = axis.panel("drawdown", y, DRAWDOWN_HEIGHT, y=(-1.1 * deepest, 0.0))
    ticks = [-tick for tick in numbers.round_ticks(0.0, deepest, 3)]
    axis.levels(panel, ticks)
    first, *others = curves.lines
    panel.fill(x, -first.drawdown_fraction, 0.0, inks[0], alpha=0.30)
    panel.curve(x, -first.drawdown_fraction, inks[0], layer=4)
    for line, other in zip(others, inks[1:], strict=False):
        panel.curve(x, -line.drawdown_fraction, other, width=2.5)
    for tick in ticks:
        offset = 8.0 if tick == 0 else 0.0
        shown = axis.words.numbers.percent(tick, 0 if deepest >= 0.05 else 1)  # noqa: PLR2004 - whole from 5 % on
        axis.value_label(y + offset + DRAWDOWN_HEIGHT * -tick / (1.1 * deepest), shown)
    return y + DRAWDOWN_HEIGHT


def months(axis: Frame, returns: tuple[MonthReturn, ...], title: str, *, top: float) -> float:
    """Draw a bar per calendar month where it lay in time; return where the panel ends."""
    sheet, y = axis.sheet, top + HEADING
    heading(sheet, top + 17, title)
    values = np.array([month.fraction for month in returns])
    reach = max(_LEAST_MONTH, float(np.max(np.abs(values), initial=0.0)))
    panel = axis.panel("months", y, MONTHS_HEIGHT, y=(-1.1 * reach, 1.1 * reach))
    step = numbers.round_below(reach)
    axis.levels(panel, [-step, 0.0, step])
    starts = [month.start_ms for month in returns]
    ends = [*starts[1:], *(start + _LONGEST_MONTH_DAYS * _DAY_MS for start in starts[-1:])]
    left = np.array([axis.time.at(ms) for ms in starts])
    right = np.array([axis.time.at(ms) for ms in ends])
    shown = [sheet.colours.up if value >= 0 else sheet.colours.down for value in values]
    for k in range(len(returns)):
        width = min(max(0.0, float(right[k] - left[k])) * 0.78, _WIDEST_MONTH / axis.bar_width)
        middle = np.array([(left[k] + right[k]) / 2])
        low, high = np.minimum(values[k : k + 1], 0.0), np.maximum(values[k : k + 1], 0.0)
        panel.rectangles(middle, low, high, [shown[k]], width=width, layer=3)
    decimals = max(0, -math.floor(math.log10(step) + 2))
    for tick in (-step, 0.0, step):
        at = y + MONTHS_HEIGHT * (0.5 - tick / (2.2 * reach))
        axis.value_label(at, axis.words.numbers.percent(tick, decimals))
    return y + MONTHS_HEIGHT


def _values(curves: Curves) -> Floats:
    joined = np.concatenate([line.equity_quote for line in curves.lines])
    known: Floats = joined[np.isfinite(joined)]
    return known


def _is_logarithmic(curves: Curves) -> bool:
    known = _values(curves)
    return bool(len(known) and known.min() > 0 and known.max() / known.min() >= _LOG_FROM_RATIO)


def _scaled(value: float, logarithmic: bool) -> float:  # noqa: FBT001 - private, one meaning
    return math.log10(value) if logarithmic and value > 0 else value


def _scale(values: Floats, *, logarithmic: bool) -> Floats:
    scaled: Floats = np.log10(values) if logarithmic else values
    return scaled


def _limits(curves: Curves) -> tuple[float, float]:
    known = _values(curves)
    if len(known) == 0:
        return 0.0, 1.0
    ends = _scale(np.array([known.min(), known.max()]), logarithmic=_is_logarithmic(curves))
    low, high = float(ends[0]), float(ends[1])
    least = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-12)
    missing = (least - (high - low)) / 2
    return low - missing - 0.06 * least, high + missing + 0.06 * least


def _ticks(curves: Curves, figures: NumberFormat) -> list[tuple[float, str]]:
    """Return round values inside the limits with their texts."""
    low, high = _limits(curves)
    if _is_logarithmic(curves):
        return [(value, figures.rounded(value)) for value in _log_ticks(10**low, 10**high)]
    values = numbers.round_ticks(low, high, 4)
    step = values[1] - values[0] if len(values) > 1 else price_step(low, high)
    return [(value, figures.price(value, step)) for value in values]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten, or fewer of them where that is too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        values = [m * 10.0**k for k in powers for m in parts if low <= m * 10.0**k <= high]
        if len(values) <= _MOST_TICKS:
            return values
    step = math.ceil(len(values) / _MOST_TICKS)
    return values[::step]
