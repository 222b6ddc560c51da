"""The picture of a decision: what each indicator gave, what was needed, which gate stopped it.

Every indicator is a bar around one common zero; the score is the last of them, and the threshold
crosses all. Below stand the gates in their order, passed, failed or never reached.
"""

from bot.charts import score, style
from bot.charts.frame import HEADING, heading
from bot.charts.number_format import UNKNOWN, NumberFormat, signed
from bot.charts.panel import Box
from bot.charts.sheet import Sheet, wrapped
from bot.charts.views_explorer import GateRow, Mark, Part, WhyPicture

_TOP = 22.0
_BOTTOM = 18.0
_LINE = 44.0
_ROW = 46.0
_GATE_ROW = 44.0
_SPACE = 16.0
_BAR = 26.0
_MOST_PARTS = 10
_CODE_ROOM = 132.0
_WEIGHT_ROOM = 96.0
_POINTS_ROOM = 116.0
_THRESHOLD_ROOM = 40.0
_MARK_ROOM = 46.0
_NAME_SHARE = 0.56
_GAP = 14.0
_LEAST_SPAN = 10.0
_MARKS: dict[Mark, str] = {
    "passed": "✓",
    "failed": "✗",
    "asked": "?",
    "unknown": "?",
    "unreached": "·",
}


def compose(view: WhyPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    parts = strongest(view.parts, view.words.other)
    sheet = Sheet(height=_height(view, len(parts)), theme=view.theme, width_px=view.width_px)
    y = _head(sheet, view)
    if parts and view.score is not None:
        y = _contributions(sheet, view, parts, view.score, top=y + _SPACE)
    if view.gates:
        y = _gates(sheet, view, top=y + _SPACE)
    if view.note:
        sheet.text(style.MARGIN, y + _LINE / 2, view.note, colour=sheet.colours.muted, room=_room())
    return sheet


def strongest(parts: tuple[Part, ...], other: str) -> list[Part]:
    """Return the parts by size, what exceeds ten summed up as the last one."""
    ranked = sorted(parts, key=lambda part: -abs(part.points))
    if len(ranked) <= _MOST_PARTS:
        return ranked
    rest = ranked[_MOST_PARTS - 1 :]
    points, weight = sum(p.points for p in rest), sum(p.weight_fraction for p in rest)
    return [*ranked[: _MOST_PARTS - 1], Part(code=other, points=points, weight_fraction=weight)]


def _height(view: WhyPicture, parts: int) -> float:
    height = _TOP + score.TITLE_HEIGHT + (1 + len(_verdict(view))) * _LINE + _BOTTOM
    height += score.BADGES_HEIGHT if view.badges else 0.0
    if parts and view.score is not None:
        height += _SPACE + HEADING + _THRESHOLD_ROOM + _ROW * (parts + 1) + _GAP
    if view.gates:
        height += _SPACE + HEADING + _GATE_ROW * len(view.gates)
    return height + (_LINE if view.note else 0.0)


def _room() -> float:
    return style.WIDTH - 2 * style.MARGIN


def _head(sheet: Sheet, view: WhyPicture) -> float:
    right = style.WIDTH - style.MARGIN
    y = _TOP + score.TITLE_HEIGHT / 2
    text = UNKNOWN if view.score is None else _score(view, view.score)
    colour = sheet.colours.side(view.side)
    right -= sheet.text(right, y, text, size=style.HUGE, bold=True, colour=colour, align="right")
    score.title(sheet, view.symbol, view.timeframe, top=_TOP, right=right - 30)
    y = _TOP + score.TITLE_HEIGHT
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    muted = sheet.colours.muted
    sheet.text(style.MARGIN, y + _LINE / 2, view.moment, colour=muted, room=_room())
    y += _LINE
    for line in _verdict(view):
        sheet.text(style.MARGIN, y + _LINE / 2, line, bold=True, room=_room())
        y += _LINE
    return y


def _verdict(view: WhyPicture) -> list[str]:
    return wrapped(view.verdict, _room(), bold=True, most=2)


def _contributions(
    sheet: Sheet, view: WhyPicture, parts: list[Part], total: float, *, top: float
) -> float:
    heading(sheet, top + 17, view.words.contributions)
    colours = sheet.colours
    left = style.MARGIN + _CODE_ROOM + _WEIGHT_ROOM
    right = style.WIDTH - style.MARGIN - _POINTS_ROOM
    line = _signed_threshold(view, total)
    ends = [part.points for part in parts] + [total, 0.0] + ([] if line is None else [line])
    low, high = min(ends), max(ends)
    unit = (right - left) / max(high - low, _LEAST_SPAN)
    zero = left - low * unit
    y = top + HEADING + _THRESHOLD_ROOM
    bottom = y + _ROW * (len(parts) + 1) + _GAP
    sheet.lines([[(zero, y), (zero, bottom)]], colours.grid, width=2.0)
    numbers = view.words.numbers
    for part in parts:
        weight, points = numbers.share(part.weight_fraction, 0), _points(numbers, part.points)
        told = (part.code, weight, points)
        _bar(sheet, y, told, part.points, zero=zero, unit=unit, is_sum=False)
        y += _ROW
    sheet.lines(
        [[(style.MARGIN, y + _GAP / 2), (style.WIDTH - style.MARGIN, y + _GAP / 2)]],
        colours.grid,
        width=2.0,
    )
    y += _GAP
    told = (view.words.score, "", _score(view, total))
    _bar(sheet, y, told, total, zero=zero, unit=unit, is_sum=True)
    if line is not None:
        _threshold(sheet, view, zero + line * unit, top + HEADING, bottom)
    return bottom


def _signed_threshold(view: WhyPicture, total: float) -> float | None:
    if view.needed is None:
        return None
    return -view.needed if total < 0 else view.needed


def _bar(
    sheet: Sheet,
    top: float,
    told: tuple[str, str, str],
    points: float,
    *,
    zero: float,
    unit: float,
    is_sum: bool,
) -> None:
    code, weight, figure = told
    colours = sheet.colours
    y = top + _ROW / 2
    room = _CODE_ROOM - _GAP
    sheet.text(style.MARGIN, y, code, bold=True, room=room if weight else room + _WEIGHT_ROOM)
    end = style.MARGIN + _CODE_ROOM + _WEIGHT_ROOM - 2 * _GAP
    sheet.text(end, y, weight, colour=colours.muted, align="right", room=_WEIGHT_ROOM - _GAP)
    colour = colours.up if points >= 0 else colours.down
    length = max(2.0, abs(points) * unit)
    size = _BAR if is_sum else 0.7 * _BAR
    start = zero if points >= 0 else zero - length
    sheet.rectangle(Box(left=start, top=y - size / 2, width=length, height=size), colour)
    right = style.WIDTH - style.MARGIN
    sheet.text(
        right,
        y,
        figure,
        bold=is_sum,
        colour=colour,
        align="right",
        room=_POINTS_ROOM - _GAP,
    )


def _threshold(sheet: Sheet, view: WhyPicture, x: float, top: float, bottom: float) -> None:
    """Draw the line that the score has to reach, with its words above it."""
    y, dash = top + _THRESHOLD_ROOM, 11.0
    dashes = []
    while y < bottom:
        dashes.append([(x, y), (x, min(y + dash, bottom))])
        y += 2 * dash
    sheet.lines(dashes, sheet.colours.ink, width=3.0)
    text = sheet.fitted(view.needed_text, _room(), size=style.SMALL, bold=False)
    width = sheet.measure(text)
    middle = min(max(x, style.MARGIN + width / 2), style.WIDTH - style.MARGIN - width / 2)
    sheet.text(middle, top + _THRESHOLD_ROOM / 2, text, align="center")


def _gates(sheet: Sheet, view: WhyPicture, *, top: float) -> float:
    heading(sheet, top + 17, view.gates_title)
    y = top + HEADING
    for gate in view.gates:
        _gate(sheet, gate, y)
        y += _GATE_ROW
    return y


def _gate(sheet: Sheet, gate: GateRow, top: float) -> None:
    colours = sheet.colours
    y = top + _GATE_ROW / 2
    stopped = gate.mark == "failed" and not gate.is_supposed
    if stopped:
        box = Box(
            left=style.MARGIN / 2,
            top=top + 1,
            width=style.WIDTH - style.MARGIN,
            height=_GATE_ROW - 2,
        )
        sheet.rectangle(box, colours.surface)
    colour = {
        "passed": colours.up,
        "failed": colours.stop,
        "asked": colours.warning,
        "unknown": colours.warning,
        "unreached": colours.muted,
    }[gate.mark]
    sheet.text(
        style.MARGIN + _MARK_ROOM / 2 - 8,
        y,
        _MARKS[gate.mark],
        bold=True,
        colour=colour,
        align="center",
    )
    is_quiet = gate.is_supposed or gate.mark == "unreached"
    ink = colours.muted if is_quiet else colours.ink
    x, right = style.MARGIN + _MARK_ROOM, style.WIDTH - style.MARGIN
    # The figures take what they need, as long as the name keeps its share.
    beside = min(sheet.measure(gate.figures), _room() * (1 - _NAME_SHARE))
    room = right - beside - _GAP - x
    used = sheet.text(x, y, gate.name, bold=stopped, colour=ink, room=room)
    sheet.text(right, y, gate.figures, colour=ink, align="right", room=right - x - used - _GAP)


def _points(numbers: NumberFormat, value: float) -> str:
    return signed(numbers.plain(value, 1))


def _score(view: WhyPicture, total: float) -> str:
    """The score, never looking like the one that is needed while it is another."""
    return signed(view.words.numbers.apart(total, _signed_threshold(view, total)))
