"""The picture of a closed trade: its market, with both deals marked and the way between them."""

from bot.charts import market, score, style, timeaxis
from bot.charts.panel import Box, Panel
from bot.charts.sheet import Sheet
from bot.charts.views import ChartPicture
from bot.charts.views_records import Mark, TradePicture

HEIGHT = 1300.0
_TOP = 22.0
_BOTTOM = 14.0
_DOT = 26.0
_LABEL_HEIGHT = 41.0
_LABEL_GAP = 14.0


def compose(view: TradePicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    chart = view.chart
    sheet = Sheet(height=HEIGHT, theme=chart.theme, width_px=chart.width_px)
    right = _result(sheet, view, top=_TOP)
    score.title(sheet, chart.symbol, chart.timeframe, top=_TOP, right=right - 30)
    y = _TOP + score.TITLE_HEIGHT
    if chart.badges:
        score.badges(sheet, chart.badges, top=y)
        y += score.BADGES_HEIGHT
    market.draw(sheet, chart, top=y + 12, bottom=HEIGHT - _BOTTOM)
    _marks(sheet, view)
    return sheet


def _result(sheet: Sheet, view: TradePicture, *, top: float) -> float:
    right = style.WIDTH - style.MARGIN
    colour = sheet.colours.up if view.is_won else sheet.colours.down
    wide = sheet.text(
        right, top + 26, view.result, size=40.0, bold=True, colour=colour, align="right", room=560
    )
    wide = max(
        wide,
        sheet.text(right, top + 72, view.note, colour=sheet.colours.muted, align="right", room=560),
    )
    return right - wide


def _marks(sheet: Sheet, view: TradePicture) -> None:
    panel, ink = sheet.panels["price"], sheet.colours.ink
    ends = [_place(view.chart, mark) for mark in (view.entry, view.exit)]
    panel.line(
        [x for x, _ in ends], [y for _, y in ends], ink, width=4.0, dashes=(0, (3, 2)), layer=8
    )
    colours = (sheet.colours.lines[1], sheet.colours.up if view.is_won else sheet.colours.down)
    marks = (view.entry, view.exit)
    goes_up = ends[1][1] >= ends[0][1]
    for end, mark, colour, is_above in zip(
        ends, marks, colours, (not goes_up, goes_up), strict=True
    ):
        _mark(sheet, panel, end, mark.name, colour, is_above=is_above)


def _mark(
    sheet: Sheet,
    panel: Panel,
    end: tuple[float, float],
    name: str,
    colour: str,
    *,
    is_above: bool,
) -> None:
    """A dot at the deal and its word above or below it, kept inside the panel."""
    x, y = _on_sheet(panel, end)
    sheet.pill(
        Box(left=x - _DOT / 2, top=y - _DOT / 2, width=_DOT, height=_DOT),
        colour,
        outline=sheet.colours.background,
    )
    width = sheet.measure(name, bold=True) + 28
    left = min(max(x - width / 2, panel.box.left), panel.box.right - width)
    away = _DOT / 2 + _LABEL_GAP
    top = y - away - _LABEL_HEIGHT if is_above else y + away
    top = min(max(top, panel.box.top), panel.box.bottom - _LABEL_HEIGHT)
    sheet.pill(Box(left=left, top=top, width=width, height=_LABEL_HEIGHT), colour, radius=8.0)
    middle = top + _LABEL_HEIGHT / 2
    sheet.text(
        left + width / 2, middle, name, colour=sheet.colours.background, bold=True, align="center"
    )


def _place(chart: ChartPicture, mark: Mark) -> tuple[float, float]:
    """Where a deal lies in the panel: at the bar that holds its moment."""
    return timeaxis.place(chart.bars.open_ms).at(mark.time_ms), mark.price


def _on_sheet(panel: Panel, end: tuple[float, float]) -> tuple[float, float]:
    box = panel.box
    across = (end[0] - panel.x[0]) / (panel.x[1] - panel.x[0])
    up = (end[1] - panel.y[0]) / (panel.y[1] - panel.y[0])
    x, y = box.left + box.width * across, box.bottom - box.height * up
    return min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
