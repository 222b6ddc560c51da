"""What may come: two shades of a cone right of the last candle, and above it what it promises.

The first line above the panel gives both bands at the last time of the cone, the second how often
such bands held: a cone without its record is an ornament. The shades have no colour of their own,
because they point nowhere.
"""

import math
from datetime import datetime

import numpy as np

from bot.charts import style
from bot.charts.frame import HEADING, Frame
from bot.charts.levels import Scale
from bot.charts.panel import Box, Panel
from bot.charts.sheet import Sheet
from bot.charts.views import Cone, Floats

HEIGHT = 2 * HEADING
_OUTER = 0.13
_INNER = 0.22
_SWATCH = 24.0
_SPACE = 22.0
_GAP = 10.0


def draw(frame: Frame, panel: Panel, view: Cone, *, last: float) -> None:
    """Shade both bands from the last close on and draw the median."""
    if not (math.isfinite(last) and last > 0):
        return
    ink = frame.sheet.colours.ink
    x = np.concatenate((frame.position[-1:], frame.time.position[frame.known :]))
    low, inner_low, median, inner_high, high = (
        np.concatenate(([last], row))
        for row in (view.low, view.inner_low, view.median, view.inner_high, view.high)
    )
    panel.fill(x, low, high, ink, alpha=_OUTER)
    panel.fill(x, inner_low, inner_high, ink, alpha=_INNER)
    for edge in (low, high):
        panel.line(x, edge, frame.sheet.colours.muted, width=2.0, layer=2)
    panel.line(x, median, ink, width=2.5, layer=2)


def draw_heading(frame: Frame, view: Cone, scale: Scale, *, top: float) -> None:
    """Write the two lines above the panel; half a price says nothing, so it goes as a whole."""
    sheet = frame.sheet
    y, end = top + 17, style.WIDTH - style.MARGIN
    outer = _prices(scale, view.level, view.low, view.high)
    inner = _prices(scale, view.inner_level, view.inner_low, view.inner_high)
    when = f"→ {_moment(frame, int(view.open_ms[-1]))}"
    x = _entry(sheet, style.MARGIN, y, outer, (_OUTER,), room=end - style.MARGIN)
    beside = sheet.measure(when)
    if x + _SWATCH + _GAP + sheet.measure(inner, bold=True) + _SPACE + beside <= end:
        x = _entry(sheet, x, y, inner, (_OUTER, _INNER), room=end - x)
    if x + beside <= end:
        sheet.text(x, y, when, colour=sheet.colours.muted)
    record = " · ".join(part for part in (view.label, view.note) if part)
    sheet.text(style.MARGIN, y + HEADING, record, room=end - style.MARGIN)


def _prices(scale: Scale, level: float, low: Floats, high: Floats) -> str:
    ends = " – ".join(scale.plain_text(float(edge[-1])) for edge in (low, high))
    return f"{scale.numbers.share(level, 0)}: {ends}"


def _entry(
    sheet: Sheet, x: float, y: float, text: str, alphas: tuple[float, ...], *, room: float
) -> float:
    box = Box(left=x, top=y - _SWATCH / 2, width=_SWATCH, height=_SWATCH)
    for alpha in alphas:
        sheet.rectangle(box, sheet.colours.ink, alpha=alpha)
    before = _SWATCH + _GAP
    return x + before + sheet.text(x + before, y, text, bold=True, room=room - before) + _SPACE


def _moment(frame: Frame, open_ms: int) -> str:
    """When the last bar closes, in the owner's zone."""
    close_ms = 2 * open_ms - int(frame.time.time_ms[-2])
    moment = datetime.fromtimestamp(close_ms / 1000, frame.zone)
    return f"{frame.words.day_of(moment)} {moment:%H:%M}"
