"""The picture of a benchmark: a bar per engine and quantity, ours in another colour.

The name stands over its bar and the figure at its end, so that long names need no column.
"""

import math

from bot.charts import style
from bot.charts.panel import Box
from bot.charts.sheet import Sheet
from bot.charts.views_bench import Bar, BarGroup, BenchPicture

_TOP = 22.0
_BOTTOM = 16.0
_HEADLINE = 118.0
_HEADING = 58.0
_ROW = 78.0
_BAR = 28.0
_NAME = 20.0
_GAP = 14.0
_AFTER_GROUP = 18.0
_SHORTEST = 0.01
_FIRST_DECADE = 0.05
"""Where the smallest bar of a logarithmic group ends, as a share of the longest."""


def compose(view: BenchPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    room = style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, _TOP + 34, view.title, size=style.TITLE, bold=True, room=room)
    muted = sheet.colours.muted
    sheet.text(style.MARGIN, _TOP + 88, view.subtitle, colour=muted, room=room)
    y = _TOP + _HEADLINE
    for group in view.groups:
        y = _group(sheet, group, top=y)
    return sheet


def _height(view: BenchPicture) -> float:
    groups = (_HEADING + _ROW * len(group.bars) + _AFTER_GROUP for group in view.groups)
    return _TOP + _HEADLINE + sum(groups) + _BOTTOM


def _group(sheet: Sheet, group: BarGroup, *, top: float) -> float:
    sheet.text(style.MARGIN, top + _HEADING / 2, group.title, size=style.SUBTITLE, bold=True)
    texts = [sheet.measure(bar.text, bold=True) for bar in group.bars]
    room = style.WIDTH - 2 * style.MARGIN - max(texts) - _GAP
    y = top + _HEADING
    for bar, share in zip(group.bars, lengths(group), strict=True):
        _bar(sheet, bar, top=y, length=room * share)
        y += _ROW
    return y + _AFTER_GROUP


def _bar(sheet: Sheet, bar: Bar, *, top: float, length: float) -> None:
    colour = sheet.colours.up if bar.ours else sheet.colours.band
    name = sheet.colours.ink if bar.ours else sheet.colours.muted
    room = style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, top + _NAME, bar.name, colour=name, room=room)
    box = Box(left=style.MARGIN, top=top + 2 * _NAME, width=length, height=_BAR)
    sheet.rectangle(box, colour)
    middle = box.top + _BAR / 2
    sheet.text(style.MARGIN + length + _GAP, middle, bar.text, bold=True)


def lengths(group: BarGroup) -> list[float]:
    """Return each bar's share of the longest; on a logarithmic scale the smallest is short too."""
    values = [bar.value for bar in group.bars]
    most, least = max(values), min(values)
    if not group.logarithmic or most == least:
        return [max(_SHORTEST, value / most) for value in values]
    span = math.log(most / least)
    rest = 1.0 - _FIRST_DECADE
    return [_FIRST_DECADE + rest * math.log(value / least) / span for value in values]
