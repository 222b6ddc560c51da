"""The picture of the ranked list: each market with its score as a bar and the line it has to reach.

Bars grow from the left whichever way a signal points: the arrow and the colour say that, and
lengths can be compared.
"""

from bot.charts import score, style
from bot.charts.number_format import NumberFormat
from bot.charts.panel import Box
from bot.charts.sheet import Sheet
from bot.charts.views_explorer import BoardPicture, BoardRow

_TOP = 22.0
_BOTTOM = 16.0
_TITLE = 76.0
_LINE = 44.0
_ROW = 122.0
_FEWEST_ROWS = 3
_TRACK = 16.0
_NUMBER_ROOM = 50.0
_FULL = 100.0
_GAP = 18.0
_NEEDED_SHARE = 0.6


def compose(view: BoardPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    muted, room = sheet.colours.muted, style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, _TOP + _TITLE / 2, view.title, size=style.TITLE, bold=True, room=room)
    y = _TOP + _TITLE
    sheet.text(style.MARGIN, y + _LINE / 2, view.filters, colour=muted, room=room)
    y += _LINE
    if view.badges:
        score.badges(sheet, view.badges, top=y + 6)
        y += score.BADGES_HEIGHT
    y += _GAP
    if not view.rows:
        sheet.text(style.MARGIN, y + _ROW / 2, view.empty, room=room)
    for row in view.rows:
        _row(sheet, row, view.words.numbers, y)
        y += _ROW
    foot = sheet.height - _BOTTOM - _LINE / 2
    needed = view.needed_text if view.rows else ""
    left = sheet.text(style.MARGIN, foot, needed, colour=muted, room=_NEEDED_SHARE * room)
    sheet.text(
        style.WIDTH - style.MARGIN,
        foot,
        view.zone_text,
        colour=muted,
        align="right",
        room=room - left - _GAP,
    )
    return sheet


def _height(view: BoardPicture) -> float:
    rows = max(_FEWEST_ROWS, len(view.rows))
    badges = score.BADGES_HEIGHT if view.badges else 0.0
    return _TOP + _TITLE + _LINE + badges + _GAP + rows * _ROW + _LINE + _BOTTOM


def _row(sheet: Sheet, row: BoardRow, numbers: NumberFormat, top: float) -> None:
    colours = sheet.colours
    left, right = style.MARGIN + _NUMBER_ROOM, style.WIDTH - style.MARGIN
    colour = colours.up if row.score >= 0 else colours.down
    y = top + 28
    sheet.text(style.MARGIN, y, str(row.number), colour=colours.muted, room=_NUMBER_ROOM - 8)
    points = numbers.plain(abs(row.score), 1)
    shown = f"{'▲' if row.score >= 0 else '▼'} {points}"
    wide = sheet.text(right, y, shown, size=style.SUBTITLE, bold=True, colour=colour, align="right")
    told = f"{row.timeframe} · {row.time}"
    beside = sheet.measure(told) + _GAP
    room = right - wide - _GAP - left - beside
    name = sheet.text(left, y, row.symbol, size=style.SUBTITLE, bold=True, room=room)
    sheet.text(left + name + _GAP, y + 3, told, colour=colours.muted)
    track = Box(left=left, top=top + 54, width=right - left, height=_TRACK)
    sheet.pill(track, colours.surface)
    length = max(_TRACK, track.width * min(_FULL, abs(row.score)) / _FULL)
    sheet.pill(Box(left=left, top=track.top, width=length, height=_TRACK), colour)
    if row.needed is not None:
        x = left + track.width * min(_FULL, row.needed) / _FULL
        sheet.lines([[(x, track.top - 6), (x, track.bottom + 6)]], colours.ink, width=4.0)
    foot = top + 94
    sheet.text(left, foot, row.note, colour=colours.muted, room=right - left)
