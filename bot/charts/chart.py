"""The picture of a market: title with the last price and its change, then the panels."""

import math

import numpy as np

from bot.charts import levels, market, numbers, score, style
from bot.charts.sheet import Sheet
from bot.charts.views import Bars, ChartPicture

HEIGHT = 1300.0
_STOCH = 120.0
"""What a picture with the stochastic is taller by, so that the price keeps its room."""
_TOP = 22.0
_BOTTOM = 14.0


def compose(view: ChartPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    height = HEIGHT if view.stoch is None else HEIGHT + _STOCH
    sheet = Sheet(height=height, theme=view.theme, width_px=view.width_px)
    right = _last_price(sheet, view, top=_TOP)
    score.title(sheet, view.symbol, view.timeframe, top=_TOP, right=right - 30)
    y = _TOP + score.TITLE_HEIGHT
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    market.draw(sheet, view, top=y + 12, bottom=height - _BOTTOM)
    return sheet


def _last_price(sheet: Sheet, view: ChartPicture, *, top: float) -> float:
    right = style.WIDTH - style.MARGIN
    last = numbers.last_known(view.bars.close)
    text = levels.scale_of(view, top=0.0, height=1.0).plain_text(last)
    change = change_fraction(view.bars)
    colour = sheet.colours.up if change >= 0 else sheet.colours.down
    wide = sheet.text(right, top + 26, text, size=44.0, bold=True, align="right")
    if math.isfinite(change):
        shown = view.words.numbers.percent(change, 2)
        wide = max(
            wide, sheet.text(right, top + 72, shown, bold=True, colour=colour, align="right")
        )
    return right - wide


def change_fraction(bars: Bars) -> float:
    """Return the change from the first known open to the last known close, NaN without."""
    opens = bars.open[np.isfinite(bars.open)]
    if len(opens) == 0 or opens[0] == 0:
        return math.nan
    return numbers.last_known(bars.close) / float(opens[0]) - 1
