"""The desk's stored book as the kernel's crossing reads it.

records → ``BookView``: positions, entries on their way, exits begun, last bars, rests, brakes.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.desk.cooldown import rests_until
from engine.domain.ids import intent_id
from engine.domain.market import Symbol
from engine.domain.orders import Order, OrderIntent, Purpose
from engine.domain.portfolio import Position
from engine.domain.reasons import ReasonCode
from engine.ports import UnitOfWork
from engine.strategy.crossing import BookView, LastBar

_LABELS = {code.label: code for code in ReasonCode}


def read_book(
    context: DeskContext,
    unit: UnitOfWork,
    *,
    last_bars: Mapping[Symbol, LastBar] | None = None,
    also_pending: OrderIntent | None = None,
) -> BookView:
    """The book of now. ``also_pending`` is an entry to be looked at that is not stored yet."""
    unfinished = [o for o in unit.orders.unfinished() if o.intent.venue == context.venue]
    positions = {position.symbol: position for position in unit.book.positions(context.venue)}
    pending = {
        order.intent.symbol: order.intent
        for order in unfinished
        if order.intent.purpose is Purpose.ENTRY
    }
    if also_pending is not None:
        pending[also_pending.symbol] = also_pending
    in_flight = {o.intent.symbol for o in unfinished if o.intent.purpose is Purpose.EXIT}
    begun = {symbol: exit_begun(unit, position) for symbol, position in positions.items()}
    return BookView(
        cash_quote=unit.book.balances(context.venue).get(context.quote, Decimal(0)),
        positions=positions,
        pending=pending,
        leaving={symbol: _reason(order) for symbol, order in begun.items() if order is not None},
        in_flight=frozenset(in_flight),
        last_bars=read_last_bars(context, unit) if last_bars is None else last_bars,
        cooldown_until=_cooldowns(context, unit),
        risk=unit.book.risk(context.venue),
        controls=unit.desk.controls(),
    )


def read_last_bars(context: DeskContext, unit: UnitOfWork) -> dict[Symbol, LastBar]:
    """Close and volume of every symbol's newest closed bar."""
    now = context.clock.now()
    found: dict[Symbol, LastBar] = {}
    for symbol in context.symbols:
        bars = unit.candles.window(context.venue, symbol, context.timeframe, until=now, limit=1)
        if len(bars):
            found[symbol] = LastBar(close=bars.close[-1], volume=bars.volume[-1])
    return found


def exit_begun(unit: UnitOfWork, position: Position) -> Order | None:
    """The first exit order of a position, if leaving it was ever decided."""
    return unit.orders.get(intent_id(position.entry_order_id, "exit", 0))


def _reason(order: Order) -> ReasonCode:
    return _LABELS.get(order.intent.exit_reason or "", ReasonCode.EXIT_MANUAL)


def _cooldowns(context: DeskContext, unit: UnitOfWork) -> dict[Symbol, datetime]:
    newest = {trade.symbol: trade for trade in reversed(unit.book.trades(context.venue, limit=200))}
    rests = {
        symbol: rests_until(context, unit, symbol, newest.get(symbol)) for symbol in context.symbols
    }
    return {symbol: until for symbol, until in rests.items() if until is not None}
