"""The picture of a calibration's honesty: what each score promised, and what came of it.

Two panels over the score: the mean result with the line that costs draw, and the share of trades
won. A promise is a broad bar as wide as its range of scores; what came is a dot with its 95 %
interval. The promise is kept where the whisker touches the bar. Below stands n, which counts
independent trades.
"""

import numpy as np

from bot.charts import numbers, style
from bot.charts.frame import HEADING, heading
from bot.charts.number_format import NumberFormat
from bot.charts.panel import Box, Panel
from bot.charts.sheet import Sheet
from bot.charts.views_reliability import ReliabilityPicture
from engine.domain.reliability import ReliabilityRow

_TOP = 22.0
_HEADLINE = 150.0
_HEIGHT = 400.0
_SPACE = 18.0
_SCORES = 126.0
_POINTS = (0.0, 100.0)
_NARROW = 0.8
_AIR = 0.08

type Interval = tuple[float, float, float, float]
"""Promised, realised, lower and upper end."""


def compose(view: ReliabilityPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    height = _TOP + _HEADLINE + 2 * (HEADING + _HEIGHT) + _SPACE + _SCORES
    sheet = Sheet(height=height, theme=view.theme, width_px=view.width_px)
    room = style.WIDTH - 2 * style.MARGIN
    muted = sheet.colours.muted
    sheet.text(style.MARGIN, _TOP + 40, view.title, size=style.TITLE, bold=True, room=room)
    sheet.text(style.MARGIN, _TOP + 100, view.labels.title, colour=muted, room=room)
    rows, y = view.reliability.rows, _TOP + _HEADLINE
    if not rows:
        sheet.text(style.MARGIN, y + 40, view.labels.nothing, colour=muted, room=room)
        return sheet
    edges = [(r.promised_bps, r.realised_bps, r.low_bps, r.high_bps) for r in rows]
    y = _panel(sheet, view, edges, "edge", top=y)
    wins = [(100 * r.promised_win, 100 * r.won, 100 * r.won_low, 100 * r.won_high) for r in rows]
    y = _panel(sheet, view, wins, "won", top=y + _SPACE)
    _scores(sheet, view, top=y)
    return sheet


def _panel(
    sheet: Sheet, view: ReliabilityPicture, values: list[Interval], name: str, *, top: float
) -> float:
    colours, labels = sheet.colours, view.labels
    legend = [(labels.promised, colours.band), (labels.realised, colours.up)]
    if name == "edge":
        legend.append(
            (
                f"{labels.costs} {view.words.numbers.plain(view.reliability.cost_bps, 0)}",
                colours.down,
            )
        )
    heading(sheet, top + 17, labels.edge if name == "edge" else labels.won)
    heading(sheet, top + 17 + HEADING, "", entries=legend)
    top += HEADING
    low, high = _limits(values, (0.0, view.reliability.cost_bps) if name == "edge" else ())
    box = Box(
        left=style.MARGIN,
        top=top + HEADING,
        width=_right(sheet) - style.MARGIN,
        height=_HEIGHT - HEADING,
    )
    panel = sheet.panel(name, box, x=_POINTS, y=(low, high))
    _grid(sheet, panel, view.words.numbers)
    if name == "edge":
        panel.line(_POINTS, (0.0, 0.0), colours.muted, width=2.5, layer=1)
        cost = view.reliability.cost_bps
        panel.line(_POINTS, (cost, cost), colours.down, width=3.0, dashes=(0, (5, 4)), layer=1.5)
    for row, value in zip(view.reliability.rows, values, strict=True):
        _mark(panel, row, value, sheet)
    return box.bottom


def _mark(panel: Panel, row: ReliabilityRow, value: Interval, sheet: Sheet) -> None:
    """One range of scores: the promise as a bar, the outcome as a dot on its whisker."""
    promised, realised, low, high = value
    colours = sheet.colours
    middle = (row.score_from + row.score_to) / 2
    half = _NARROW * (row.score_to - row.score_from) / 2
    panel.line(
        (middle - half, middle + half), (promised, promised), colours.band, width=11.0, layer=2
    )
    panel.line((middle, middle), (low, high), colours.up, width=5.0, layer=3)
    panel.curve(np.array([middle]), np.array([realised]), colours.up, width=6.5, layer=4)


def _grid(sheet: Sheet, panel: Panel, figures: NumberFormat) -> None:
    low, high = panel.y
    colours = sheet.colours
    ticks = numbers.round_ticks(low, high, 4)
    panel.segments(
        [[(_POINTS[0], t), (_POINTS[1], t)] for t in ticks], colours.grid, width=1.5, layer=0
    )
    for tick in ticks:
        y = panel.box.top + panel.box.height * (high - tick) / (high - low)
        text = figures.bare(tick)
        sheet.text(panel.box.right + 12, y, text, colour=colours.muted)


def _scores(sheet: Sheet, view: ReliabilityPicture, *, top: float) -> None:
    """The ranges of scores and their n below the panels."""
    colours, labels = sheet.colours, view.labels
    left, right = style.MARGIN, _right(sheet)
    unit = (right - left) / (_POINTS[1] - _POINTS[0])
    for row in view.reliability.rows:
        x = left + unit * (row.score_from + row.score_to) / 2
        room = unit * (row.score_to - row.score_from) - 4
        is_last = row.score_to >= _POINTS[1]
        span = f"{row.score_from:.0f}{'+' if is_last else f'–{row.score_to:.0f}'}"
        sheet.text(x, top + 24, span, align="center", room=room)
        count = view.words.numbers.compact(float(row.n)) if row.n > 999 else str(row.n)  # noqa: PLR2004 - width
        sheet.text(x, top + 60, count, align="center", colour=colours.muted, room=room)
    sheet.text(right + 12, top + 60, labels.n, colour=colours.muted)
    sheet.text(style.MARGIN, top + 98, labels.score, colour=colours.muted)


def _right(sheet: Sheet) -> float:
    return style.WIDTH - style.MARGIN - sheet.measure("−100")


def _limits(values: list[Interval], also: tuple[float, ...]) -> tuple[float, float]:
    every = [*(number for value in values for number in value), *also]
    low, high = min(every), max(every)
    air = _AIR * max(high - low, 1.0)
    return low - air, high + air
