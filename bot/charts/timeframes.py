"""The picture of one market on several timeframes: the shortest on top, each over its own time.

The legend and the zone stand at the end: they are true for all.
"""

import numpy as np

from bot.charts import candles, chart, levels, numbers, score, style
from bot.charts.frame import HEADING, frame, heading
from bot.charts.sheet import Sheet
from bot.charts.views import ChartPicture
from bot.charts.views_explorer import FramesPicture

_TOP = 22.0
_BOTTOM = 14.0
_PRICE_HEIGHT = 232.0
_TICKS = 46.0
_CAPTION = 44.0
_SPACE = 14.0
_BLOCK = HEADING + _PRICE_HEIGHT + _TICKS + _SPACE


def compose(view: FramesPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    first = view.charts[0]
    badges = score.BADGES_HEIGHT if first.badges else 0.0
    height = _TOP + score.TITLE_HEIGHT + badges + _BLOCK * len(view.charts) + _CAPTION + _BOTTOM
    sheet = Sheet(height=height, theme=first.theme, width_px=first.width_px)
    frames = " · ".join(one.timeframe for one in view.charts)
    wide = sheet.measure(frames) + 30
    right = style.WIDTH - style.MARGIN
    sheet.text(
        right, _TOP + score.TITLE_HEIGHT / 2, frames, colour=sheet.colours.muted, align="right"
    )
    score.title(sheet, first.symbol, "", top=_TOP, right=right - wide)
    y = _TOP + score.TITLE_HEIGHT
    if first.badges:
        score.badges(sheet, first.badges, top=y)
        y += badges
    zone = ""
    for number, one in enumerate(view.charts):
        note = view.notes[number] if view.notes else ""
        zone = _block(sheet, one, top=y, number=number, note=note)
        y += _BLOCK
    entries = candles.legend(sheet.colours, first)
    heading(sheet, y + _CAPTION / 2, "", value=zone, entries=entries)
    return sheet


def _block(sheet: Sheet, view: ChartPicture, *, top: float, number: int, note: str) -> str:
    """Draw one timeframe and return the text about the zone of its times."""
    scale = levels.scale_of(view, top=top + HEADING, height=_PRICE_HEIGHT)
    axis = frame(
        sheet,
        view.bars.open_ms,
        zone_name=view.zone_name,
        words=view.words,
        right=style.WIDTH - levels.gutter_width(sheet, view, scale),
        ahead=levels.zone_width(view.levels),
    )
    change = chart.change_fraction(view.bars)
    last = numbers.last_known(view.bars.close)
    told = [scale.plain_text(last)]
    if np.isfinite(change):
        told.append(view.words.numbers.percent(change, 2))
    if view.rsi is not None and np.isfinite(rsi := numbers.last_known(view.rsi.values)):
        told.append(f"{view.rsi.label.split()[0]} {view.words.numbers.plain(rsi, 1)}")
    if note:
        told.append(note)
    heading(sheet, top + 17, view.timeframe, value=" · ".join(told))
    panel = candles.draw(axis, view, top=scale.top, height=_PRICE_HEIGHT, name=f"price-{number}")
    levels.draw(axis, panel, view, scale)
    axis.tick_labels(scale.top + _PRICE_HEIGHT)
    return axis.zone_text
