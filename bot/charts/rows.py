"""Horizontal bars with a name on the left and figures on the right.

Shares grow from the left; profits and losses grow from a common zero to either side.
"""

from dataclasses import dataclass

from bot.charts import style
from bot.charts.frame import HEADING, heading
from bot.charts.number_format import UNKNOWN, signed
from bot.charts.panel import Box
from bot.charts.sheet import Sheet
from bot.charts.views import Holding, PortfolioPicture, Profit

ROW = 47.0
_MOST_ROWS = 6
_NAME_ROOM = 250.0
_SHARE_ROOM = 160.0
_AMOUNT_ROOM = 260.0
_GAP = 22.0
_BAR = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bar: `value` sets its length, `amount` and `share` are written beside it."""

    name: str
    value: float
    amount: str
    share: str
    colour: str


def height(count: int) -> float:
    """Return the height of a block with `count` entries."""
    return HEADING + ROW * max(1, min(count, _MOST_ROWS)) + 16.0


def allocation(sheet: Sheet, view: PortfolioPicture, *, top: float) -> None:
    """Draw where the money lies, cash in its own colour; shares are of the sum shown."""
    words, colours = view.words, sheet.colours
    heading(sheet, top + 17, f"{words.allocation}, {view.currency}")
    held = _largest_holdings(view.holdings, words.other)
    total = sum(abs(h.value_quote) for h in view.holdings)
    rows = [
        Row(
            name=h.name,
            value=abs(h.value_quote),
            amount=words.numbers.amount(h.value_quote, view.equity_quote),
            share=words.numbers.share(h.value_quote / total) if total > 0 else UNKNOWN,
            colour=colours.band if h.is_cash else colours.up,
        )
        for h in held
    ]
    _draw(sheet, rows, top=top + HEADING, empty=words.nothing_held)


def profits(sheet: Sheet, view: PortfolioPicture, *, top: float) -> None:
    """Draw what each open position has gained or lost."""
    words, colours = view.words, sheet.colours
    heading(sheet, top + 17, f"{words.open_profit}, {view.currency}")
    rows = [
        Row(
            name=p.name,
            value=p.amount_quote,
            amount=signed(words.numbers.amount(p.amount_quote, view.equity_quote)),
            share="" if p.fraction is None else words.numbers.percent(p.fraction),
            colour=colours.up if p.amount_quote >= 0 else colours.down,
        )
        for p in _largest_profits(view.positions, words.other)
    ]
    _draw(sheet, rows, top=top + HEADING, empty=words.nothing_open)


def amount_texts(profit: Profit, view: PortfolioPicture) -> tuple[str, ...]:
    """Return the profit in words, the fullest first: "+12,345.60", "+12.3k"."""
    numbers = view.words.numbers
    full = numbers.amount(profit.amount_quote, view.equity_quote)
    short = numbers.compact(profit.amount_quote)
    return signed(full), signed(short)


def _draw(sheet: Sheet, rows: list[Row], *, top: float, empty: str) -> None:
    muted = sheet.colours.muted
    if not rows:
        sheet.text(style.MARGIN, top + ROW / 2, empty, colour=muted)
        return
    end = style.WIDTH - style.MARGIN
    shares = min(_SHARE_ROOM, max(sheet.measure(row.share) for row in rows))
    amounts = min(_AMOUNT_ROOM, max(sheet.measure(row.amount) for row in rows))
    left = style.MARGIN + _NAME_ROOM
    right = end - shares - amounts - 2 * _GAP
    low = min(0.0, *(row.value for row in rows), 0.0)
    high = max(0.0, *(row.value for row in rows), 0.0)
    unit = (right - left) / ((high - low) or 1.0)
    zero = left - low * unit
    for k, row in enumerate(rows):
        y = top + ROW * (k + 0.5)
        sheet.text(style.MARGIN, y, row.name, room=_NAME_ROOM - _GAP)
        length = max(3.0, abs(row.value) * unit)
        start = zero if row.value >= 0 else zero - length
        bar = Box(left=start, top=y - _BAR / 2, width=length, height=_BAR)
        sheet.pill(bar, row.colour, radius=min(5.0, length / 2))
        sheet.text(end - shares - _GAP, y, row.amount, align="right", room=amounts)
        sheet.text(end, y, row.share, colour=muted, align="right", room=shares)


def _largest_holdings(holdings: tuple[Holding, ...], other: str) -> list[Holding]:
    ranked = sorted(holdings, key=lambda h: (h.is_cash, -abs(h.value_quote)))
    if len(ranked) <= _MOST_ROWS:
        return ranked
    cash = [h for h in ranked if h.is_cash]
    kept = ranked[: _MOST_ROWS - 1 - min(1, len(cash))]
    rest = [h for h in ranked[len(kept) :] if not h.is_cash or h not in cash[:1]]
    summed = Holding(name=f"{other} ({len(rest)})", value_quote=sum(h.value_quote for h in rest))
    return [*kept, summed, *cash[:1]]


def _largest_profits(positions: tuple[Profit, ...], other: str) -> list[Profit]:
    ranked = sorted(positions, key=lambda p: -abs(p.amount_quote))
    if len(ranked) <= _MOST_ROWS:
        return sorted(ranked, key=lambda p: -p.amount_quote)
    kept = sorted(ranked[: _MOST_ROWS - 1], key=lambda p: -p.amount_quote)
    rest = ranked[_MOST_ROWS - 1 :]
    amount = sum(p.amount_quote for p in rest)
    return [*kept, Profit(name=f"{other} ({len(rest)})", amount_quote=amount)]
