"""The stack of panels that a card and a chart share: price, volume, RSI, MACD, stochastic, time.

Whatever height the lower panels leave belongs to the price.
"""

from collections.abc import Callable

from bot.charts import candles, cone, levels, numbers, oscillators, style
from bot.charts.frame import HEADING, TIME_LABELS, Frame, frame
from bot.charts.sheet import Sheet
from bot.charts.views import ChartPicture

_VOLUME_HEIGHT = 78.0
_RSI_HEIGHT = 104.0
_MACD_HEIGHT = 112.0
_STOCH_HEIGHT = 104.0
_SPACE = 10.0

type _Lower = tuple[float, Callable[[Frame, float], None]]
"""A panel below the price: its height, and what draws it at a top."""


def draw(sheet: Sheet, view: ChartPicture, *, top: float, bottom: float) -> None:
    """Fill the sheet between `top` and `bottom`."""
    lower = _lower(view)
    below = TIME_LABELS + sum(height + HEADING + _SPACE for height, _ in lower)
    above = HEADING + (0.0 if view.cone is None else cone.HEIGHT)
    height = bottom - top - above - below
    scale = levels.scale_of(view, top=top + above, height=height)
    also = oscillators.axis_texts(view)
    axis = frame(
        sheet,
        view.bars.open_ms,
        zone_name=view.zone_name,
        words=view.words,
        right=style.WIDTH - levels.gutter_width(sheet, view, scale, also=also),
        ahead=levels.zone_width(view.levels),
        later_ms=None if view.cone is None else view.cone.open_ms,
    )
    candles.draw_heading(axis, view, top + 17)
    price = candles.draw(axis, view, top=scale.top, height=height)
    if view.cone is not None:
        cone.draw_heading(axis, view.cone, scale, top=top + HEADING)
        cone.draw(axis, price, view.cone, last=numbers.last_known(view.bars.close))
    levels.draw(axis, price, view, scale)
    y = scale.top + height
    for panel_height, draw_panel in lower:
        draw_panel(axis, y + _SPACE)
        y += _SPACE + HEADING + panel_height
    axis.time_labels(y)


def _lower(view: ChartPicture) -> list[_Lower]:
    found: list[_Lower] = []
    volume, rsi, macd, stoch = _VOLUME_HEIGHT, _RSI_HEIGHT, _MACD_HEIGHT, _STOCH_HEIGHT
    if view.has_volume:
        bars, unit = view.bars, view.volume_unit
        found.append((volume, lambda f, y: oscillators.volume(f, bars, unit, top=y, height=volume)))
    if (one := view.rsi) is not None:
        found.append((rsi, lambda f, y: oscillators.rsi(f, one, top=y, height=rsi)))
    if (two := view.macd) is not None:
        price = view.price_unit
        found.append((macd, lambda f, y: oscillators.macd(f, two, price, top=y, height=macd)))
    if (three := view.stoch) is not None:
        found.append((stoch, lambda f, y: oscillators.stoch(f, three, top=y, height=stoch)))
    return found
