"""A person moves a stop: only closer to the price, only of the position they meant.

choices (break-even, half the way, one ATR) → a button bound to the entry order and to the price it
shows → at the press price and position are looked at again → the one gateway, at the venue first.

A stop that is moved away from the price would raise what the entry was approved to risk; that is
refused, and nothing here can do it.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from engine.desk.context import DeskContext
from engine.desk.queries import last_price
from engine.desk.records.money import position_view
from engine.domain.desk import Person, Role
from engine.domain.errors import InvalidValueError
from engine.domain.ids import IntentId
from engine.domain.market import MarketRules, Symbol
from engine.domain.portfolio import Holding, Position
from engine.domain.records import StopChoice, StopKind, StopOutcome, StopResult, StopView
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.ports import UnitOfWork
from engine.strategy.columns import WINDOW_BARS
from engine.strategy.crossing import market_numbers

_ATR_BARS = 14
_BPS = Decimal(10_000)


def stops(context: DeskContext, entry_order_id: IntentId) -> StopView | None:
    """Where the stop may go; ``None`` when the position is gone or has no price."""
    position = held_by(context, entry_order_id)
    if position is None:
        return None
    price, at = last_price(context, position.symbol)
    if price is None:
        return None
    wished = (
        (StopKind.BREAK_EVEN, _break_even(context, position)),
        (StopKind.HALF, position.stop_price + (price - position.stop_price) / 2),
        (StopKind.ATR, _one_atr_below(context, position.symbol, price)),
    )
    rules = _rules(context, position.symbol)
    on_ticks = [
        (kind, _on_tick(wish, rules, is_up=kind is StopKind.BREAK_EVEN))
        for kind, wish in wished
        if wish is not None
    ]
    return StopView(
        position=position_view(Holding(position=position, price=price, priced_at=at)),
        choices=tuple(
            StopChoice(kind=kind, price=stop)
            for kind, stop in on_ticks
            if position.stop_price < stop < price
        ),
    )


def move_stop(
    context: DeskContext, entry_order_id: IntentId, stop_price: Decimal | str, by: Person | None
) -> StopOutcome:
    """Move it if it is closer to the price than the present one; safe to repeat."""
    if by is None or by.role is Role.VIEWER:
        return StopOutcome(result=StopResult.NOT_ALLOWED)
    position = held_by(context, entry_order_id)
    if position is None:
        return StopOutcome(result=StopResult.GONE)
    wished = _read(stop_price)
    if wished is None:
        return _told(StopResult.BAD_PRICE, position)
    price, _ = last_price(context, position.symbol)
    rules = _rules(context, position.symbol)
    wished = _on_tick(wished, rules, is_up=False)
    refusal = _refusal(position, wished, price)
    if refusal is not None:
        return _told(refusal, position, price)
    context.gateway.move_stop(
        position.symbol,
        wished,
        entry_order_id=entry_order_id,
        actor=f"person:{by.user_id}",
    )
    after = held_by(context, entry_order_id)
    if after is None:
        return StopOutcome(result=StopResult.GONE, symbol=position.symbol)
    is_moved = after.stop_price == wished
    return _told(StopResult.MOVED if is_moved else StopResult.NOT_MOVED, after, price)


def held_by(context: DeskContext, entry_order_id: IntentId) -> Position | None:
    """The open position that this order opened."""
    with context.units(read_only=True) as unit:
        return next(
            (one for one in _positions(context, unit) if one.entry_order_id == entry_order_id),
            None,
        )


def entry_of(context: DeskContext, symbol: Symbol) -> IntentId | None:
    """The order that opened the position in ``symbol``."""
    with context.units(read_only=True) as unit:
        held = _positions(context, unit)
    return next((one.entry_order_id for one in held if one.symbol == symbol), None)


def _positions(context: DeskContext, unit: UnitOfWork) -> tuple[Position, ...]:
    return tuple(unit.book.positions(context.venue))


def _refusal(position: Position, wished: Decimal, price: Decimal | None) -> StopResult | None:
    if wished == position.stop_price:
        return StopResult.ALREADY_THERE
    if wished < position.stop_price:
        return StopResult.FURTHER
    if price is None:
        return StopResult.NO_PRICE
    return StopResult.BEYOND_PRICE if wished >= price else None


def _told(result: StopResult, position: Position, price: Decimal | None = None) -> StopOutcome:
    return StopOutcome(
        result=result, symbol=position.symbol, stop_price=position.stop_price, price=price
    )


def _read(stop_price: Decimal | str) -> Decimal | None:
    try:
        wished = Decimal(stop_price)
    except InvalidOperation:
        return None
    return wished if wished.is_finite() and wished > 0 else None


def _rules(context: DeskContext, symbol: Symbol) -> MarketRules | None:
    """The venue's steps, ``None`` for a market that is not watched any more."""
    try:
        return context.strategy.rules[context.strategy.place(symbol)]
    except InvalidValueError:
        return None


def _on_tick(price: Decimal, rules: MarketRules | None, *, is_up: bool) -> Decimal:
    if rules is None:
        return price
    rounding = ROUND_CEILING if is_up else ROUND_FLOOR
    ticks = (price / rules.tick_size).to_integral_value(rounding=rounding)
    return rules.price(int(ticks))


def _break_even(context: DeskContext, position: Position) -> Decimal | None:
    """The stop at which entry and exit fees and the spread are just paid for."""
    rules = _rules(context, position.symbol)
    if rules is None:
        return None
    numbers = market_numbers(rules, context.policies.costs)
    lost = Decimal(repr(numbers.taker_fee_bps + numbers.half_spread_bps)) / _BPS
    paid = position.entry_price * position.quantity + position.entry_fees_quote
    return paid / (position.quantity * (1 - lost))


def _one_atr_below(context: DeskContext, symbol: Symbol, price: Decimal) -> Decimal | None:
    with context.units(read_only=True) as unit:
        series = unit.candles.window(
            context.venue,
            symbol,
            context.timeframe,
            until=context.clock.now(),
            limit=WINDOW_BARS,
        )
    if len(series) <= _ATR_BARS:
        return None
    bars = Bars.of(series, context.timeframe)
    atr = Decimal(repr(float(direct.atr(bars.high, bars.low, bars.close, _ATR_BARS)[-1])))
    stop = price - atr
    return stop if atr > 0 and stop > 0 else None
