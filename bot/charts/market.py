"""The stack of panels that a card and a chart share: price, volume, RSI, MACD, time.

Whatever height the lower panels leave belongs to the price.
"""

from bot.charts import candles, cone, levels, numbers, oscillators, style
from bot.charts.frame import HEADING, TIME_LABELS, frame
from bot.charts.levels import Scale
from bot.charts.sheet import Sheet
from bot.charts.views import ChartPicture

_VOLUME_HEIGHT = 78.0
_RSI_HEIGHT = 104.0
_MACD_HEIGHT = 112.0
_SPACE = 10.0


def draw(sheet: Sheet, view: ChartPicture, *, top: float, bottom: float) -> None:
    """Fill the sheet between `top` and `bottom`."""
    below = _VOLUME_HEIGHT + HEADING + _SPACE + TIME_LABELS
    below += 0.0 if view.rsi is None else _RSI_HEIGHT + HEADING + _SPACE
    below += 0.0 if view.macd is None else _MACD_HEIGHT + HEADING + _SPACE
    above = HEADING + (0.0 if view.cone is None else cone.HEIGHT)
    height = bottom - top - above - below
    low, high = candles.price_limits(view)
    scale = Scale(low=low, high=high, top=top + above, height=height)
    axis = frame(
        sheet,
        view.bars.open_ms,
        zone_name=view.zone_name,
        words=view.words,
        right=style.WIDTH - levels.gutter_width(sheet, view, scale),
        ahead=levels.zone_width(view.levels),
        later_ms=None if view.cone is None else view.cone.open_ms,
    )
    candles.draw_heading(axis, view, top + 17)
    price = candles.draw(axis, view, top=scale.top, height=height)
    if view.cone is not None:
        cone.draw_heading(axis, view.cone, scale, top=top + HEADING)
        cone.draw(axis, price, view.cone, last=numbers.last_known(view.bars.close))
    levels.draw(axis, price, view, scale)
    y = scale.top + height + _SPACE
    oscillators.volume(axis, view.bars, view.volume_unit, top=y, height=_VOLUME_HEIGHT)
    y += HEADING + _VOLUME_HEIGHT + _SPACE
    if view.rsi is not None:
        oscillators.rsi(axis, view.rsi, top=y, height=_RSI_HEIGHT)
        y += HEADING + _RSI_HEIGHT + _SPACE
    if view.macd is not None:
        oscillators.macd(axis, view.macd, view.price_unit, top=y, height=_MACD_HEIGHT)
        y += HEADING + _MACD_HEIGHT + _SPACE
    axis.time_labels(y - _SPACE)
