"""The picture of a verdict: every criterion as a bar beside its limit, and the stitched curve.

All bars share one scale, the figure over its limit, with the limit as a line in the middle; what is
twice the limit or more fills the bar. Whether a criterion passed is told by a sign and a colour, so
that nobody has to know which side of the line is the good one.
"""

from bot.charts import curves, style
from bot.charts.frame import HEADING, TIME_LABELS
from bot.charts.panel import Box
from bot.charts.score import badge
from bot.charts.sheet import Sheet
from bot.charts.views_proof import ProofPicture, Verdict

_TOP = 22.0
_BOTTOM = 14.0
_HEADLINE = 92.0
_NOTE = 40.0
_MOST_NOTES = 3
_ROW = 88.0
_MOST_ROWS = 14
_LEGEND = 44.0
_TRACK = 18.0
_SIGN_ROOM = 44.0
_FULL_RATIO = 2.0
# The badge's own air, and a little more: small pictures measure their texts coarsely.
_BADGE = 36.0 + 8.0
_SIGNS = {True: "✓", False: "✗", None: "–"}


def compose(view: ProofPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=_height(view), theme=view.theme, width_px=view.width_px)
    y = _headline(sheet, view, top=_TOP)
    for verdict in view.verdicts[:_MOST_ROWS]:
        _row(sheet, verdict, top=y)
        y += _ROW
    y = _legend(sheet, view, top=y)
    if view.curves is not None:
        axis = curves.time_frame(sheet, view.curves, zone_name=view.zone_name, words=view.words)
        y = curves.equity(axis, view.curves, view.curve_title, view.labels, top=y) + curves.SPACE
        y = curves.drawdowns(axis, view.curves, f"{view.words.drawdown}, %", top=y)
        axis.time_labels(y)
    return sheet


def _height(view: ProofPicture) -> float:
    height = _TOP + _HEADLINE + _NOTE * min(len(view.notes), _MOST_NOTES) + _BOTTOM
    height += _ROW * min(len(view.verdicts), _MOST_ROWS) + _LEGEND
    if view.curves is not None:
        height += curves.EQUITY_HEIGHT + curves.DRAWDOWN_HEIGHT + curves.SPACE
        height += 2 * HEADING + TIME_LABELS
    return height


def _headline(sheet: Sheet, view: ProofPicture, *, top: float) -> float:
    colour = sheet.colours.target if view.passed else sheet.colours.stop
    right = style.WIDTH - style.MARGIN
    wide = min(sheet.measure(view.word, bold=True) + _BADGE, style.WIDTH / 2)
    room = right - wide - 24 - style.MARGIN
    sheet.text(style.MARGIN, top + 34, view.title, size=style.TITLE, bold=True, room=room)
    badge(sheet, right - wide, top + 34, view.word, colour, filled=True)
    y = top + _HEADLINE
    for note in view.notes[:_MOST_NOTES]:
        sheet.text(style.MARGIN, y + 8, note, colour=sheet.colours.muted, room=right - style.MARGIN)
        y += _NOTE
    return y


def _row(sheet: Sheet, verdict: Verdict, *, top: float) -> None:
    colours = sheet.colours
    colour = {True: colours.target, False: colours.stop, None: colours.muted}[verdict.passed]
    right = style.WIDTH - style.MARGIN
    left = style.MARGIN + _SIGN_ROOM
    sheet.text(style.MARGIN, top + 22, _SIGNS[verdict.passed], bold=True, colour=colour)
    wide = sheet.text(right, top + 22, verdict.text, align="right", room=style.WIDTH * 0.45)
    sheet.text(left, top + 22, verdict.name, bold=True, room=right - wide - 24 - left)
    track = Box(left=left, top=top + 48, width=right - left, height=_TRACK)
    sheet.pill(track, colours.surface)
    if verdict.ratio is not None:
        share = min(_FULL_RATIO, max(0.0, verdict.ratio)) / _FULL_RATIO
        bar = Box(left=left, top=track.top, width=max(_TRACK, track.width * share), height=_TRACK)
        sheet.pill(bar, colour)
    middle = left + track.width / _FULL_RATIO
    sheet.lines([[(middle, track.top - 6), (middle, track.bottom + 6)]], colours.ink, width=4.0)


def _legend(sheet: Sheet, view: ProofPicture, *, top: float) -> float:
    """Name the line that every bar has."""
    if view.verdicts:
        left = style.MARGIN + _SIGN_ROOM
        middle = left + (style.WIDTH - style.MARGIN - left) / _FULL_RATIO
        muted = sheet.colours.muted
        sheet.text(middle, top + 8, view.limit, colour=muted, align="center")
    return top + _LEGEND
