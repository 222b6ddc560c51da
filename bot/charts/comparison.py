"""The picture of two backtests: their figures side by side, then both curves."""

from bot.charts import curves, style
from bot.charts.frame import HEADING, TIME_LABELS
from bot.charts.sheet import Sheet
from bot.charts.views_backtest import Compared, ComparisonPicture

_TOP = 22.0
_BOTTOM = 10.0
_HEADLINE = 118.0
_NOTE = 42.0
_ROW = 48.0
_MOST_ROWS = 12
_MOST_NOTES = 3
_NAME_ROOM = 300.0
_GAP = 14.0


def compose(view: ComparisonPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    room = style.WIDTH - 2 * style.MARGIN
    sheet.text(style.MARGIN, _TOP + 34, view.title, size=style.TITLE, bold=True, room=room)
    muted = sheet.colours.muted
    sheet.text(style.MARGIN, _TOP + 88, view.subtitle, colour=muted, room=room)
    y = _table(sheet, view, top=_TOP + _HEADLINE)
    for note in view.notes[:_MOST_NOTES]:
        sheet.text(style.MARGIN, y + 12, note, room=room)
        y += _NOTE
    axis = curves.time_frame(sheet, view.curves, zone_name=view.zone_name, words=view.words)
    title = f"{view.words.equity}, {view.currency}"
    inks = curves.beside_another(sheet)
    y = curves.equity(axis, view.curves, title, view.labels, top=y, inks=inks) + curves.SPACE
    y = curves.drawdowns(axis, view.curves, f"{view.words.drawdown}, %", top=y, inks=inks)
    axis.time_labels(y)
    return sheet


def _height(view: ComparisonPicture) -> float:
    return (
        _TOP
        + _HEADLINE
        + _ROW * (1 + min(len(view.rows), _MOST_ROWS))
        + 12
        + _NOTE * min(len(view.notes), _MOST_NOTES)
        + 2 * HEADING
        + curves.EQUITY_HEIGHT
        + curves.DRAWDOWN_HEIGHT
        + curves.SPACE
        + TIME_LABELS
        + _BOTTOM
    )


def _table(sheet: Sheet, view: ComparisonPicture, *, top: float) -> float:
    """Write the rows under the names of the runs, each in the colour of its curve."""
    one, other = view.curves.lines
    columns = (style.WIDTH - 2 * style.MARGIN - _NAME_ROOM) / 3
    edges = [style.MARGIN + _NAME_ROOM + columns * k for k in (1, 2, 3)]
    head = Compared(name="", one=one.name, other=other.name, difference=view.labels.difference)
    first, second, *_ = curves.beside_another(sheet)
    for k, row in enumerate((head, *view.rows[:_MOST_ROWS])):
        y = top + _ROW * (k + 0.5)
        sheet.text(style.MARGIN, y, row.name, colour=sheet.colours.muted, room=_NAME_ROOM - _GAP)
        inks = (first, second, sheet.colours.muted) if k == 0 else (None, None, None)
        for edge, text, ink in zip(edges, (row.one, row.other, row.difference), inks, strict=True):
            sheet.text(edge, y, text, colour=ink, bold=k == 0, align="right", room=columns - _GAP)
    return top + _ROW * (1 + min(len(view.rows), _MOST_ROWS)) + 12
