"""The picture of the veto ledger: what saying no has come to, and what each no was worth.

Vetoes stand side by side in the order of their ends: they come in bursts, and a bar for each must
be seen.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from bot.charts import numbers, score, style, timeaxis
from bot.charts.candles import price_step
from bot.charts.frame import HEADING, heading
from bot.charts.number_format import NumberFormat
from bot.charts.panel import Box, Panel
from bot.charts.sheet import Sheet
from bot.charts.views import Floats
from bot.charts.views_records import VetoPicture

_TOP = 22.0
_BOTTOM = 20.0
_HEADLINE = 176.0
_SUM_HEIGHT = 320.0
_EACH_HEIGHT = 240.0
_SPACE = 14.0
_FOOT = 58.0
_WIDEST = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """A panel's range with its ticks and their texts."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


def compose(view: VetoPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    y = _headline(sheet, view)
    sums = np.concatenate(([0.0], np.cumsum(view.saved_quote)))
    figures = view.words.numbers
    scales = (_scale(sums, 4, figures), _scale(view.saved_quote, 5, figures))
    texts = [text for scale in scales for _, text in scale.ticks]
    right = style.WIDTH - max(sheet.measure(text) for text in texts) - style.MARGIN - 12
    heading(sheet, y + 17, f"{view.sum_name}, {view.currency}")
    y = _sums(sheet, sums, scales[0], top=y + HEADING, right=right) + _SPACE
    heading(sheet, y + 17, f"{view.each_name}, {view.currency}")
    y = _each(sheet, view.saved_quote, scales[1], top=y + HEADING, right=right)
    first, last = int(view.time_ms[0]), int(view.time_ms[-1])
    zone = ZoneInfo(view.zone_name)
    span = timeaxis.span_text(first, last, zone=zone, words=view.words)
    foot = f"{view.words.time_in} {timeaxis.zone_text(last, zone)}: {span}"
    room = style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, y + 34, foot, colour=sheet.colours.muted, room=room)
    return sheet


def _height(view: VetoPicture) -> float:
    badges = score.BADGES_HEIGHT if view.badges else 0.0
    panels = _SUM_HEIGHT + _EACH_HEIGHT + 2 * HEADING + _SPACE
    return _TOP + _HEADLINE + badges + panels + _FOOT + _BOTTOM


def _headline(sheet: Sheet, view: VetoPicture) -> float:
    room = style.WIDTH - 2 * style.MARGIN
    muted = sheet.colours.muted
    sheet.text(style.MARGIN, _TOP + 17, view.heading, colour=muted, room=room)
    total = float(np.sum(view.saved_quote))
    colour = sheet.colours.up if total >= 0 else sheet.colours.down
    sheet.text(
        style.MARGIN, _TOP + 72, view.title, size=style.TITLE, bold=True, colour=colour, room=room
    )
    sheet.text(style.MARGIN, _TOP + 128, view.subtitle, room=room)
    y = _TOP + _HEADLINE
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    return y


def _scale(values: Floats, count: int, figures: NumberFormat) -> _Scale:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    span = (high - low) or 1.0
    low, high = low - 0.06 * span, high + 0.06 * span
    ticks = numbers.round_ticks(low, high, count)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else price_step(low, high)
    return _Scale(
        low=low, high=high, ticks=tuple((tick, figures.price(tick, step)) for tick in ticks)
    )


def _panel(
    sheet: Sheet, name: str, scale: _Scale, *, top: float, height: float, right: float, count: int
) -> Panel:
    box = Box(left=style.MARGIN, top=top, width=right - style.MARGIN, height=height)
    panel = sheet.panel(name, box, x=(0.0, float(count)), y=(scale.low, scale.high))
    grid = [[(0.0, tick), (float(count), tick)] for tick, _ in scale.ticks]
    panel.segments(grid, sheet.colours.grid, width=1.5, layer=0.5)
    panel.line((0.0, float(count)), (0.0, 0.0), sheet.colours.muted, width=2.0, layer=1)
    for tick, text in scale.ticks:
        y = top + height * (1 - (tick - scale.low) / (scale.high - scale.low))
        sheet.text(right + 12, y, text, colour=sheet.colours.muted)
    return panel


def _sums(sheet: Sheet, sums: Floats, scale: _Scale, *, top: float, right: float) -> float:
    """The running sum: each veto moves it in the middle of its bar."""
    count = len(sums) - 1
    panel = _panel(sheet, "sum", scale, top=top, height=_SUM_HEIGHT, right=right, count=count)
    x = np.concatenate(([0.0], np.arange(count) + 0.5, [float(count)]))
    y = np.concatenate((sums, sums[-1:]))
    colour = sheet.colours.up if sums[-1] >= 0 else sheet.colours.down
    panel.fill(x, y, 0.0, colour, alpha=0.14)
    panel.curve(x, y, colour, width=4.0)
    return top + _SUM_HEIGHT


def _each(sheet: Sheet, saved: Floats, scale: _Scale, *, top: float, right: float) -> float:
    count = len(saved)
    panel = _panel(sheet, "each", scale, top=top, height=_EACH_HEIGHT, right=right, count=count)
    colours = [sheet.colours.up if one >= 0 else sheet.colours.down for one in saved]
    x = np.arange(count, dtype=np.float64) + 0.5
    low, high = np.minimum(saved, 0.0), np.maximum(saved, 0.0)
    width = min(_WIDEST, 0.1 * count)
    panel.rectangles(x, low, high, colours, width=max(width, 0.08), layer=3)
    return top + _EACH_HEIGHT
