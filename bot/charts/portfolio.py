"""The picture of the money: headline, equity and drawdown over time, allocation, open profit.

Buy-and-hold, where it is known, runs along as a thinner line from the same start.

As tall as its rows need, so that an empty portfolio is not a page of nothing.
"""

import numpy as np

from bot.charts import numbers, rows, score, style
from bot.charts.candles import price_step
from bot.charts.frame import HEADING, TIME_LABELS, Frame, frame, heading
from bot.charts.sheet import Sheet
from bot.charts.views import Equity, Floats, PortfolioPicture

_TOP = 22.0
_BOTTOM = 10.0
_HEADLINE = 118.0
_PERIODS = 92.0
_SHARES = 36.0
_MOST_PERIODS = 4
_NOTE = 44.0
_EQUITY_HEIGHT = 300.0
_DRAWDOWN_HEIGHT = 108.0
_SPACE = 10.0
_LEAST_DRAWDOWN = 0.01


def compose(view: PortfolioPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    y = _headline(sheet, view, top=_TOP)
    y = _curves(sheet, view, top=y)
    rows.allocation(sheet, view, top=y)
    y += rows.height(len(view.holdings))
    rows.profits(sheet, view, top=y)
    return sheet


def drawdown(equity: Equity) -> Floats:
    """Return the loss from the highest equity so far as a fraction, NaN where unknown."""
    if equity.drawdown_fraction is not None:
        return equity.drawdown_fraction
    known = np.where(np.isfinite(equity.equity_quote), equity.equity_quote, -np.inf)
    peak = np.maximum.accumulate(known)
    usable = np.isfinite(known) & (peak > 0)
    return np.where(usable, 1 - known / np.where(usable, peak, 1.0), np.nan)


def _height(view: PortfolioPicture) -> float:
    return (
        _TOP
        + _HEADLINE
        + (_NOTE if view.note else 0.0)
        + (score.BADGES_HEIGHT if view.badges else 0.0)
        + _periods_height(view)
        + 2 * HEADING
        + _EQUITY_HEIGHT
        + _DRAWDOWN_HEIGHT
        + _SPACE
        + TIME_LABELS
        + 12
        + rows.height(len(view.holdings))
        + rows.height(len(view.positions))
        + _BOTTOM
    )


def _headline(sheet: Sheet, view: PortfolioPicture, *, top: float) -> float:
    room = style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, top + 17, view.words.portfolio, colour=sheet.colours.muted, room=room)
    text = f"{view.words.numbers.amount(view.equity_quote, view.equity_quote)} {view.currency}"
    sheet.text(style.MARGIN, top + 72, text, size=style.TITLE, bold=True, room=room)
    y = top + _HEADLINE
    if view.note:
        sheet.text(style.MARGIN, y + 4, view.note, colour=sheet.colours.muted, room=room)
        y += _NOTE
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    if view.periods:
        _periods(sheet, view, top=y)
        y += _periods_height(view)
    return y


def _periods_height(view: PortfolioPicture) -> float:
    if not view.periods:
        return 0.0
    has_shares = any(one.fraction is not None for one in view.periods[:_MOST_PERIODS])
    return _PERIODS + (_SHARES if has_shares else 0.0)


def _periods(sheet: Sheet, view: PortfolioPicture, *, top: float) -> None:
    width = (style.WIDTH - 2 * style.MARGIN) / _MOST_PERIODS
    for k, period in enumerate(view.periods[:_MOST_PERIODS]):
        x, room = style.MARGIN + k * width, width - 16
        colour = sheet.colours.up if period.amount_quote >= 0 else sheet.colours.down
        sheet.text(x, top + 16, period.name, colour=sheet.colours.muted, room=room)
        texts = rows.amount_texts(period, view)
        # A figure is never cut: "12,3…" would be read as a number.
        fits = (text for text in texts if sheet.measure(text, bold=True) <= room)
        sheet.text(x, top + 54, next(fits, texts[-1]), colour=colour, bold=True)
        if period.fraction is not None:
            share = view.words.numbers.percent(period.fraction)
            sheet.text(x, top + 90, share, colour=colour, room=room)


def _curves(sheet: Sheet, view: PortfolioPicture, *, top: float) -> float:
    values, hold = view.equity.equity_quote, view.hold_quote
    low, high = _limits(values if hold is None else np.concatenate((values, hold)))
    ticks = numbers.round_ticks(low, high, 4)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else price_step(low, high)
    labels = [view.words.numbers.price(tick, step) for tick in ticks]
    fall = drawdown(view.equity)
    deepest = max(_LEAST_DRAWDOWN, float(np.nanmax(fall, initial=0.0)))
    texts = [*labels, view.words.numbers.percent(-deepest)]
    axis = frame(
        sheet,
        view.equity.time_ms,
        zone_name=view.zone_name,
        words=view.words,
        right=style.WIDTH - max(sheet.measure(text) for text in texts) - style.MARGIN,
        half_bar=0.0,
        shows_holes=False,
    )
    entries = [(view.hold_name, sheet.colours.band)] if hold is not None else None
    title = f"{view.words.equity}, {view.currency}"
    heading(sheet, top + 17, title, value=view.stretch, entries=entries)
    y = top + HEADING
    if hold is not None:
        # The panel is made by the equity; the market steps back behind it.
        _hold(axis, hold, y, limits=(low, high))
    _equity(axis, values, y, limits=(low, high), ticks=dict(zip(ticks, labels, strict=True)))
    y += _EQUITY_HEIGHT + _SPACE
    heading(sheet, y + 17, f"{view.words.drawdown}, %")
    _drawdown(axis, fall, y + HEADING, deepest)
    y += HEADING + _DRAWDOWN_HEIGHT
    axis.time_labels(y)
    return y + TIME_LABELS + 12


def _hold(axis: Frame, values: Floats, top: float, *, limits: tuple[float, float]) -> None:
    panel = axis.panel("hold", top, _EQUITY_HEIGHT, y=limits)
    panel.curve(axis.time.position, values, axis.sheet.colours.band, width=3.0, layer=2)


def _equity(
    axis: Frame, values: Floats, top: float, *, limits: tuple[float, float], ticks: dict[float, str]
) -> None:
    low, high = limits
    panel = axis.panel("equity", top, _EQUITY_HEIGHT, y=limits)
    axis.levels(panel, list(ticks))
    colours = axis.sheet.colours
    known = values[np.isfinite(values)]
    if len(known):
        first = float(known[0])
        dashes = (0, (4, 4))
        panel.line(axis.x_limits, (first, first), colours.muted, width=2.0, dashes=dashes, layer=2)
    x = axis.time.position
    panel.fill(x, values, low, colours.up, alpha=0.12)
    panel.curve(x, values, colours.up, width=4.0)
    for tick, text in ticks.items():
        y = top + _EQUITY_HEIGHT * (1 - (tick - low) / (high - low))
        axis.value_label(y, text)


def _drawdown(axis: Frame, fall: Floats, top: float, deepest: float) -> None:
    colours = axis.sheet.colours
    panel = axis.panel("drawdown", top, _DRAWDOWN_HEIGHT, y=(-1.12 * deepest, 0.0))
    axis.levels(panel, [0.0, -deepest])
    x = axis.time.position
    panel.fill(x, -fall, 0.0, colours.down, alpha=0.30)
    panel.curve(x, -fall, colours.down)
    numbers = axis.words.numbers
    axis.value_label(top + 8, numbers.percent(0.0, 0))
    axis.value_label(top + _DRAWDOWN_HEIGHT / 1.12, numbers.percent(-deepest))


def _limits(values: Floats) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    least = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-12)
    missing = (least - (high - low)) / 2
    return low - missing - 0.08 * least, high + missing + 0.08 * least
