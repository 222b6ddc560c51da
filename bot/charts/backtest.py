"""The picture of a backtest: result, key figures, equity, drawdown, and what the months gave."""

from bot.charts import curves, score, style
from bot.charts.frame import HEADING, TIME_LABELS
from bot.charts.sheet import Sheet
from bot.charts.views_backtest import BacktestPicture, Figure

_TOP = 22.0
_BOTTOM = 10.0
_HEADLINE = 128.0
_NOTE = 42.0
_FIGURES_ROW = 92.0
_COLUMNS = 3
_MOST_FIGURES = 9
_MOST_NOTES = 2


def compose(view: BacktestPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    y = _headline(sheet, view, top=_TOP)
    y = figures(sheet, view.figures, top=y)
    axis = curves.time_frame(sheet, view.curves, zone_name=view.zone_name, words=view.words)
    title = f"{view.words.equity}, {view.currency}"
    y = curves.equity(axis, view.curves, title, view.labels, top=y) + curves.SPACE
    y = curves.drawdowns(axis, view.curves, f"{view.words.drawdown}, %", top=y)
    if view.months:
        y = curves.months(axis, view.months, view.labels.monthly, top=y + curves.SPACE)
    axis.time_labels(y)
    return sheet


def _height(view: BacktestPicture) -> float:
    rows = -(-min(len(view.figures), _MOST_FIGURES) // _COLUMNS)
    panels = [curves.EQUITY_HEIGHT, curves.DRAWDOWN_HEIGHT]
    if view.months:
        panels.append(curves.MONTHS_HEIGHT)
    return (
        _TOP
        + _HEADLINE
        + _NOTE * min(len(view.notes), _MOST_NOTES)
        + (score.BADGES_HEIGHT if view.badges else 0.0)
        + _FIGURES_ROW * rows
        + sum(height + HEADING for height in panels)
        + curves.SPACE * (len(panels) - 1)
        + TIME_LABELS
        + _BOTTOM
    )


def _headline(sheet: Sheet, view: BacktestPicture, *, top: float) -> float:
    right = style.WIDTH - style.MARGIN
    change = view.words.numbers.percent(view.return_fraction)
    colour = sheet.colours.up if view.return_fraction >= 0 else sheet.colours.down
    wide = sheet.text(
        right, top + 40, change, size=style.HUGE, bold=True, colour=colour, align="right"
    )
    room = right - wide - 30 - style.MARGIN
    sheet.text(style.MARGIN, top + 40, view.title, size=style.TITLE, bold=True, room=room)
    muted, whole = sheet.colours.muted, right - style.MARGIN
    sheet.text(style.MARGIN, top + 100, view.subtitle, colour=muted, room=whole)
    y = top + _HEADLINE
    for note in view.notes[:_MOST_NOTES]:
        sheet.text(style.MARGIN, y + 12, note, room=whole)
        y += _NOTE
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    return y


def figures(sheet: Sheet, shown: tuple[Figure, ...], *, top: float) -> float:
    """Write named figures in rows of three; return where they end."""
    width = (style.WIDTH - 2 * style.MARGIN) / _COLUMNS
    kept = shown[:_MOST_FIGURES]
    for k, figure in enumerate(kept):
        row, column = divmod(k, _COLUMNS)
        x, y, room = style.MARGIN + column * width, top + row * _FIGURES_ROW, width - 16
        sheet.text(x, y + 16, figure.name, colour=sheet.colours.muted, room=room)
        sheet.text(x, y + 54, figure.text, size=style.SUBTITLE, bold=True, room=room)
    return top + _FIGURES_ROW * -(-len(kept) // _COLUMNS)
