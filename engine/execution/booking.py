"""What a fill does to the desk's book: pure accounting.

fills of one report → position, trade, ledger entries. Money is rounded once per amount, to 1e-8
half-even, which is what the compiled kernel does, so that the ledger and a backtest agree. A fee is
its own entry; slippage is contained in the price and only recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from engine.domain.errors import InvalidValueError
from engine.domain.ids import TradeId, digest
from engine.domain.orders import Fill, OrderIntent, OrderSide
from engine.domain.portfolio import LedgerEntry, Position, Trade
from engine.domain.reasons import ReasonCode

QUOTE_STEP = Decimal("1e-8")
_ROUNDING = Decimal("1e-6")


def round_quote(amount: Decimal) -> Decimal:
    """Round a quote amount to 1e-8, ties to even."""
    return amount.quantize(QUOTE_STEP, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The book after some fills; ``position`` is ``None`` when nothing is left of it."""

    position: Position | None
    trade: Trade | None
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Execution:
    """Fills of one order that came together, added up; the notional is that of the ledger."""

    quantity: Decimal
    notional_quote: Decimal
    fee_quote: Decimal
    slippage_quote: Decimal
    last: Fill

    @property
    def price(self) -> Decimal:
        return self.notional_quote / self.quantity


def book_fills(position: Position | None, intent: OrderIntent, fills: Sequence[Fill]) -> Booked:
    """Apply the fills of one report, which are one execution: an exit of many is one trade.

    ``InvalidValueError`` for a sale of what is not held.
    """
    done = _added_up(fills)
    entries = tuple(entry for fill in fills for entry in entries_of(intent.venue, fill))
    if intent.side is OrderSide.BUY:
        grown = _opened(intent, done) if position is None else _grown(position, done)
        return Booked(position=grown, trade=None, entries=entries)
    if position is None or done.quantity > position.quantity:
        held = position.quantity if position else 0
        raise InvalidValueError(f"sale of {intent.symbol}", f"<= the {held} held", done.quantity)
    trade, rest = _reduced(position, intent, done)
    return Booked(position=rest, trade=trade, entries=entries)


def _added_up(fills: Sequence[Fill]) -> _Execution:
    return _Execution(
        quantity=sum((fill.quantity for fill in fills), Decimal(0)),
        notional_quote=sum((round_quote(fill.notional_quote) for fill in fills), Decimal(0)),
        fee_quote=sum((fill.fee_quote for fill in fills), Decimal(0)),
        slippage_quote=sum((fill.slippage_quote for fill in fills), Decimal(0)),
        last=fills[-1],
    )


def entries_of(venue: str, fill: Fill) -> tuple[LedgerEntry, ...]:
    """The ledger lines of one fill: base, quote and fee; those of nothing are left out."""
    sign = 1 if fill.side is OrderSide.BUY else -1
    moves = (
        (fill.symbol.base, sign * fill.quantity, "trade"),
        (fill.symbol.quote, -sign * round_quote(fill.notional_quote), "trade"),
        (fill.symbol.quote, -fill.fee_quote, "fee"),
    )
    return tuple(
        LedgerEntry(
            venue=venue,
            currency=currency,
            amount=amount,
            kind=kind,
            reference=fill.id,
            at=fill.filled_at,
        )
        for currency, amount, kind in moves
        if amount
    )


def _opened(intent: OrderIntent, done: _Execution) -> Position:
    if intent.exit_plan is None:
        raise InvalidValueError("entry", "sent with an exit plan", intent.id)
    return Position(
        venue=intent.venue,
        symbol=intent.symbol,
        quantity=done.quantity,
        entry_price=done.price,
        entry_fees_quote=done.fee_quote,
        entry_slippage_quote=done.slippage_quote,
        opened_at=done.last.filled_at,
        entry_order_id=intent.id,
        decision_id=intent.decision_id,
        exit_plan=intent.exit_plan,
        stop_price=intent.exit_plan.stop_price,
    )


def _grown(position: Position, done: _Execution) -> Position:
    quantity = position.quantity + done.quantity
    spent = position.entry_price * position.quantity + done.notional_quote
    return replace(
        position,
        quantity=quantity,
        entry_price=spent / quantity,
        entry_fees_quote=position.entry_fees_quote + done.fee_quote,
        entry_slippage_quote=position.entry_slippage_quote + done.slippage_quote,
    )


def _exit_reason(position: Position, intent: OrderIntent, fill: Fill) -> str:
    """Why it was left; a stop that has followed the price is told apart from the first one.

    A bar may have met the first one all the same, if it opened before the stop was moved.
    """
    is_stop, first = fill.trigger == ReasonCode.STOP_HIT.label, position.exit_plan.stop_price
    met = fill.price + fill.slippage_quote / fill.quantity
    if is_stop and position.stop_price > first and abs(met / first - 1) > _ROUNDING:
        return ReasonCode.TRAILING_STOP_HIT.label
    return fill.trigger or intent.exit_reason or ReasonCode.EXIT_MANUAL.label


def _reduced(
    position: Position, intent: OrderIntent, done: _Execution
) -> tuple[Trade, Position | None]:
    """A part carries its share of the entry's cost and fee, rounded; the last part the rest.

    What is left keeps the cost that was not carried away, exactly, so that the parts of a position
    add up to what was paid for it.
    """
    whole = spent = round_quote(position.entry_price * position.quantity)
    fees, slippage = position.entry_fees_quote, position.entry_slippage_quote
    is_closed = done.quantity == position.quantity
    if not is_closed:
        share = done.quantity / position.quantity
        spent, fees, slippage = (round_quote(part * share) for part in (spent, fees, slippage))
    trade = Trade(
        id=TradeId(f"t{digest(position.entry_order_id, done.last.id)[:20]}"),
        venue=position.venue,
        symbol=position.symbol,
        opened_at=position.opened_at,
        closed_at=done.last.filled_at,
        entry_price=spent / done.quantity,
        exit_price=done.price,
        quantity=done.quantity,
        fees_quote=fees + done.fee_quote,
        slippage_quote=slippage + done.slippage_quote,
        pnl_quote=done.notional_quote - spent - fees - done.fee_quote,
        exit_reason=_exit_reason(position, intent, done.last),
        entry_order_id=position.entry_order_id,
        exit_order_id=intent.id,
        decision_id=position.decision_id,
    )
    if is_closed:
        return trade, None
    left = position.quantity - done.quantity
    return trade, replace(
        position,
        quantity=left,
        entry_price=(whole - spent) / left,
        entry_fees_quote=position.entry_fees_quote - fees,
        entry_slippage_quote=position.entry_slippage_quote - slippage,
    )
