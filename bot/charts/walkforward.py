"""The picture of a walk-forward: figures, the stitched curve with its windows, drawdown, drift.

Windows are told apart by uprights through all panels, and by what each returned, written between
them above the curve.
"""

from itertools import pairwise

from bot.charts import curves, style
from bot.charts.backtest import figures
from bot.charts.frame import HEADING, TIME_LABELS, Frame, heading
from bot.charts.panel import Panel
from bot.charts.sheet import Sheet
from bot.charts.views_walkforward import Drift, WalkForwardPicture

_TOP = 22.0
_BOTTOM = 10.0
_HEADLINE = 128.0
_NOTE = 42.0
_FIGURES_ROW = 92.0
_COLUMNS = 3
_RETURNS = 40.0
_DRIFT_HEIGHT = 64.0
_DRIFT_SPACE = 14.0
_MOST_DRIFTS = 6
_MOST_NOTES = 2
_AIR = 0.14  # of a drift panel, above its highest and below its lowest value


def draw_walkforward(view: WalkForwardPicture) -> bytes:
    """Return a walk-forward as PNG, `view.width_px` wide."""
    return compose(view).png()


def compose(view: WalkForwardPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    y = _headline(sheet, view, top=_TOP)
    y = figures(sheet, view.figures, top=y)
    axis = curves.time_frame(sheet, view.curves, zone_name=view.zone_name, words=view.words)
    title = f"{view.words.equity}, {view.currency}"
    y = curves.equity(axis, view.curves, title, view.labels, top=y)
    _window_returns(axis, view, top=y)
    y += _RETURNS
    y = curves.drawdowns(axis, view.curves, f"{view.words.drawdown}, %", top=y)
    for drift in view.drifts[:_MOST_DRIFTS]:
        y = _drift(axis, drift, view.borders_ms, top=y + _DRIFT_SPACE)
    for panel in sheet.panels.values():
        _uprights(axis, panel, view.borders_ms)
    axis.time_labels(y)
    return sheet


def _height(view: WalkForwardPicture) -> float:
    drifts = min(len(view.drifts), _MOST_DRIFTS)
    return (
        _TOP
        + _HEADLINE
        + _NOTE * min(len(view.notes), _MOST_NOTES)
        + _FIGURES_ROW * -(-len(view.figures) // _COLUMNS)
        + 2 * HEADING
        + curves.EQUITY_HEIGHT
        + _RETURNS
        + curves.DRAWDOWN_HEIGHT
        + drifts * (_DRIFT_HEIGHT + HEADING + _DRIFT_SPACE)
        + TIME_LABELS
        + _BOTTOM
    )


def _headline(sheet: Sheet, view: WalkForwardPicture, *, top: float) -> float:
    right = style.WIDTH - style.MARGIN
    colour = sheet.colours.up if view.return_fraction >= 0 else sheet.colours.down
    change = view.words.numbers.percent(view.return_fraction)
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
    return y


def _edges(axis: Frame, borders_ms: tuple[int, ...]) -> list[float]:
    """Positions of all borders, the first and last bar included."""
    inner = [axis.time.at(ms) for ms in borders_ms]
    return [float(axis.time.position[0]), *inner, float(axis.time.position[-1])]


def _window_returns(axis: Frame, view: WalkForwardPicture, *, top: float) -> None:
    """Write each window's return below its part of the curve, where there is room for it."""
    sheet, numbers = axis.sheet, axis.words.numbers
    pairs = pairwise(_edges(axis, view.borders_ms))
    for (first, last), fraction in zip(pairs, view.window_returns, strict=True):
        left, right = axis.x(first), axis.x(last)
        texts = (numbers.percent(fraction), numbers.percent(fraction, 0))
        fits = next((text for text in texts if sheet.measure(text) <= right - left - 6), None)
        if fits is not None:
            colour = sheet.colours.up if fraction >= 0 else sheet.colours.down
            sheet.text((left + right) / 2, top + 20, fits, colour=colour, align="center")


def _uprights(axis: Frame, panel: Panel, borders_ms: tuple[int, ...]) -> None:
    low, high = panel.y
    for ms in borders_ms:
        x = axis.time.at(ms)
        dashes = (0, (3, 4))
        ends = ((x, x), (low, high))
        panel.line(*ends, axis.sheet.colours.band, width=2.0, dashes=dashes, layer=2.5)


def _drift(axis: Frame, drift: Drift, borders_ms: tuple[int, ...], *, top: float) -> float:
    """Draw what one parameter was in each window, as steps with their values."""
    sheet, y = axis.sheet, top + HEADING
    heading(sheet, top + 17, drift.name)
    panel = axis.panel(drift.name, y, _DRIFT_HEIGHT, y=(-_AIR, 1.0 + _AIR))
    ink = sheet.colours.lines[1]
    edges = list(pairwise(_edges(axis, borders_ms)))
    pieces = [
        [(first, height), (last, height)]
        for (first, last), height in zip(edges, drift.heights, strict=True)
    ]
    panel.segments(pieces, ink, width=5.0, layer=4)
    for (first, last), height, text in zip(edges, drift.heights, drift.texts, strict=True):
        room = axis.x(last) - axis.x(first) - 8
        if sheet.measure(text) > room:
            continue
        middle = 0.5
        above = height < middle
        at = y + _DRIFT_HEIGHT * (1.0 + _AIR - height) / (1.0 + 2 * _AIR)
        offset = -19.0 if above else 20.0
        centre = (axis.x(first) + axis.x(last)) / 2
        sheet.text(centre, at + offset, text, colour=sheet.colours.muted, align="center")
    return y + _DRIFT_HEIGHT
