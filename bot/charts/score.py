"""The top and the foot of a card: who, which way, how strong, and why."""

import math

from bot.charts import style
from bot.charts.frame import HEADING, heading
from bot.charts.number_format import signed
from bot.charts.panel import Box
from bot.charts.sheet import Sheet
from bot.charts.views import CardPicture, Contribution, Side
from bot.charts.words import Words

TITLE_HEIGHT = 92.0
BADGES_HEIGHT = 58.0
BAR_HEIGHT = 96.0
CONTRIBUTIONS_HEIGHT = HEADING + 174.0
_COLUMNS_HEIGHT = 88.0
_FEWEST_COLUMNS = 5
_MOST_CONTRIBUTIONS = 8
_TIMEFRAME_ROOM = 150.0
_TRACK = 20.0
_SYMBOL_SIZES = (style.TITLE, 44.0, style.SUBTITLE, 30.0)
_SCORE_TOP = 100.0


def side_word(side: Side, words: Words) -> str:
    """Return the word on the side's badge."""
    return {"long": words.long, "short": words.short, "close": words.close}[side]


def title(sheet: Sheet, symbol: str, timeframe: str, *, top: float, right: float) -> float:
    """Write symbol and timeframe; return where they end. They stay left of `right`."""
    y = top + TITLE_HEIGHT / 2
    size = style.SUBTITLE
    beside = min(sheet.measure(timeframe, size=size), _TIMEFRAME_ROOM)
    x = style.MARGIN
    room = right - x - beside - 18
    # A name gets smaller before it is cut: its end tells what it is quoted in.
    fits = (one for one in _SYMBOL_SIZES if sheet.measure(symbol, size=one, bold=True) <= room)
    chosen = next(fits, _SYMBOL_SIZES[-1])
    x += sheet.text(x, y, symbol, size=chosen, bold=True, room=room) + 18
    return x + sheet.text(x, y + 6, timeframe, size=size, colour=sheet.colours.muted, room=beside)


def badge(sheet: Sheet, x: float, y: float, text: str, colour: str, *, filled: bool) -> float:
    """Draw a word in a rounded box that starts at `x`; return where it ends."""
    room = style.WIDTH - style.MARGIN - x - 36
    shown = sheet.fitted(text, room, size=style.SMALL, bold=True)
    if not shown:
        return x
    width = sheet.measure(shown, bold=True) + 36
    box = Box(left=x, top=y - 23, width=width, height=46)
    surface = sheet.colours.background
    sheet.pill(box, colour if filled else surface, outline=None if filled else colour)
    sheet.text(
        x + width / 2, y, shown, bold=True, colour=surface if filled else colour, align="center"
    )
    return x + width


def badges(sheet: Sheet, texts: tuple[str, ...], *, top: float) -> None:
    """Draw the states of a picture in one row, as many as fit."""
    x = style.MARGIN
    for text in texts:
        if x > style.WIDTH - 160:
            break
        x = badge(sheet, x, top + 23, text, sheet.colours.warning, filled=False) + 14


def card_title(sheet: Sheet, view: CardPicture, *, top: float) -> None:
    """Write symbol, timeframe and side on the left and the score on the right."""
    colour = sheet.colours.side(view.side)
    number = view.words.numbers.plain(view.score, 0)
    right = style.WIDTH - style.MARGIN
    y = top + TITLE_HEIGHT / 2
    right -= sheet.text(right, y, number, size=style.HUGE, bold=True, colour=colour, align="right")
    word = side_word(view.side, view.words)
    right -= sheet.measure(word, bold=True) + 36 + 40
    x = title(sheet, view.symbol, view.timeframe, top=top, right=right)
    badge(sheet, x + 20, y, word, colour, filled=True)


def score_bar(sheet: Sheet, view: CardPicture, *, top: float) -> None:
    """Draw the score from 0 to 100 as a bar, with the threshold of the alert across it."""
    colours = sheet.colours
    track = Box(left=style.MARGIN, top=top, width=style.WIDTH - 2 * style.MARGIN, height=_TRACK)
    sheet.pill(track, colours.surface)
    reached = max(_TRACK, track.width * view.score / _SCORE_TOP)
    bar = Box(left=track.left, top=top, width=reached, height=_TRACK)
    sheet.pill(bar, colours.side(view.side))
    y = top + _TRACK + 28
    start = _threshold(sheet, view, track, y)
    text = f"{view.words.score} {_points(view, view.score, view.threshold)} / {_SCORE_TOP:.0f}"
    width = sheet.measure(text)
    # On the left, unless the threshold stands there.
    x = track.left if track.left + width + 24 < start else track.right - width
    sheet.text(x, y, text, colour=colours.muted)


def _threshold(sheet: Sheet, view: CardPicture, track: Box, y: float) -> float:
    if view.threshold is None:
        return math.inf
    x = track.left + track.width * view.threshold / _SCORE_TOP
    sheet.lines([[(x, track.top - 7), (x, track.bottom + 9)]], sheet.colours.ink, width=4.0)
    text = f"{view.words.alert_from} {_points(view, view.threshold, view.score)}"
    width = sheet.measure(text)
    middle = min(max(x, track.left + width / 2), track.right - width / 2)
    sheet.text(middle, y, text, align="center")
    return middle - width / 2


def _points(view: CardPicture, value: float, other: float | None) -> str:
    """A score, never looking like the other one while it is not the same."""
    numbers = view.words.numbers
    return numbers.bare(value) if value == round(value) else numbers.apart(value, other)


def contributions(sheet: Sheet, view: CardPicture, *, top: float) -> None:
    """Draw what each indicator added as columns around zero, the strongest first."""
    shown = strongest(view.contributions, _MOST_CONTRIBUTIONS, view.words.other)
    if not shown:
        return
    heading(sheet, top + 17, view.words.contributions)
    colours = sheet.colours
    gain = max(0.0, *(c.points for c in shown), 0.0)
    loss = max(0.0, *(-c.points for c in shown), 0.0)
    scale = _COLUMNS_HEIGHT / ((gain + loss) or 1.0)
    values_y = top + HEADING + 18
    zero = values_y + 24 + gain * scale
    width = (style.WIDTH - 2 * style.MARGIN) / max(len(shown), _FEWEST_COLUMNS)
    sheet.lines([[(style.MARGIN, zero), (style.WIDTH - style.MARGIN, zero)]], colours.grid, width=2)
    for k, part in enumerate(shown):
        x = style.MARGIN + width * (k + 0.5)
        length = max(2.0, scale * abs(part.points))
        colour = colours.up if part.points >= 0 else colours.down
        y = zero - length if part.points >= 0 else zero
        sheet.rectangle(Box(left=x - 0.3 * width, top=y, width=0.6 * width, height=length), colour)
        points = signed(view.words.numbers.plain(part.points, 1))
        room = width - 8
        sheet.text(x, values_y, points, colour=colour, align="center", room=room)
        codes_y = values_y + 24 + _COLUMNS_HEIGHT + 24
        sheet.text(x, codes_y, part.code, bold=True, align="center", room=room)


def strongest(parts: tuple[Contribution, ...], most: int, other: str) -> list[Contribution]:
    """Return the parts by size, what exceeds `most` summed up as the last one."""
    ranked = sorted(parts, key=lambda c: -abs(c.points))
    if len(ranked) <= most:
        return ranked
    rest = sum(c.points for c in ranked[most - 1 :])
    return [*ranked[: most - 1], Contribution(code=other, points=rest)]
