"""The equity curve of a period beside buy-and-hold of the traded symbols.

snapshots in slots → one close per symbol and slot → points. Both are read at as many moments as a
picture can show, whatever the length of the history.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.market import Symbol
from engine.domain.portfolio import EquityPoint
from engine.domain.records import CurvePoint, CurveView, EquitySlot, Period
from engine.ports import UnitOfWork

SLOTS = 240
_ZERO = Decimal(0)
_LENGTHS = {
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(weeks=1),
    Period.MONTH: timedelta(days=30),
}


def curve(context: DeskContext, period: Period, now: EquityPoint) -> CurveView | None:
    """The curve up to ``now``; ``None`` where there was no snapshot yet."""
    with context.units(read_only=True) as unit:
        begun = unit.records.equity_first(context.venue)
        if begun is None or begun.at >= now.at:
            return None
        start = max(begun.at, now.at - _LENGTHS.get(period, now.at - begun.at))
        slots = _slots(context, unit, start, now)
        worth = _worth(context, unit, begun.at, [slot.point.at for slot in slots])
    begin, first = worth.values.get(slots[0].point.at), slots[0].point.equity_quote
    return CurveView(
        period=period,
        points=tuple(
            CurvePoint(
                at=slot.point.at,
                equity_quote=slot.point.equity_quote,
                deepest_fraction=slot.deepest_fraction,
                hold_quote=_held(first, worth.values.get(slot.point.at), begin),
            )
            for slot in slots
        ),
        held=worth.symbols,
    )


def _slots(
    context: DeskContext, unit: UnitOfWork, start: datetime, now: EquityPoint
) -> Sequence[EquitySlot]:
    """From the snapshot in force when the period began to the equity of now."""
    records = unit.records
    slots = [
        slot
        for slot in records.equity_slots(context.venue, start, now.at, SLOTS)
        if slot.point.at < now.at
    ]
    before = records.equity_at(context.venue, start)
    if before is not None and (not slots or slots[0].point.at > start):
        at_start = EquityPoint(
            venue=before.venue,
            at=start,
            equity_quote=before.equity_quote,
            cash_quote=before.cash_quote,
        )
        slots.insert(0, _slot(at_start, slots[0].peak_equity_quote if slots else _ZERO))
    return [*slots, _slot(now, slots[-1].peak_equity_quote if slots else _ZERO)]


def _slot(point: EquityPoint, peak: Decimal) -> EquitySlot:
    """A single moment, with its fall from the peak known there."""
    peak = max(peak, point.equity_quote)
    fall = float((peak - point.equity_quote) / peak) if peak > 0 else 0.0
    return EquitySlot(point=point, deepest_fraction=fall, peak_equity_quote=peak)


class _Worth:
    """What one unit of money spread over the symbols at the start is worth, by moment."""

    def __init__(self, symbols: tuple[Symbol, ...], values: Mapping[datetime, float]) -> None:
        self.symbols = symbols
        self.values = values


def _worth(
    context: DeskContext, unit: UnitOfWork, first_at: datetime, moments: Sequence[datetime]
) -> _Worth:
    """Equal shares of every symbol whose price is known at the start, never touched again."""
    frame = context.timeframe
    asked = [first_at, *moments]
    opened = {at: frame.floor(at) - frame.delta for at in asked}
    held: list[Symbol] = []
    sums = dict.fromkeys(moments, 0.0)
    for symbol in context.symbols:
        closes = unit.records.closes(context.venue, symbol, frame, sorted(set(opened.values())))
        base = closes.get(opened[first_at])
        if not base:
            continue
        held.append(symbol)
        last = base
        for at in moments:
            last = closes.get(opened[at], last)
            sums[at] += last / base
    values = {at: total / len(held) for at, total in sums.items()} if held else {}
    return _Worth(tuple(held), values)


def _held(first: Decimal, worth: float | None, begin: float | None) -> Decimal | None:
    if worth is None or not begin:
        return None
    return (first * Decimal(repr(worth / begin))).quantize(Decimal("0.01"))
