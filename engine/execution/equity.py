"""What the account was worth right after a fill, from what is stored in the same commit.

The filled symbol counts at its fill's price, every other one at its last stored close: asking the
market for quotes would hold a transaction open for as long as a venue takes to answer.
"""

from decimal import Decimal

from engine.domain.market import Timeframe
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Position
from engine.ports import UnitOfWork


def equity_after(unit: UnitOfWork, order: Order, fill: Fill, timeframe: Timeframe) -> Decimal:
    """Cash and positions in quote currency, once the fill is booked."""
    intent = order.intent
    worth = unit.book.balances(intent.venue).get(intent.symbol.quote, Decimal(0))
    for position in unit.book.positions(intent.venue):
        is_filled = position.symbol == intent.symbol
        price = fill.price if is_filled else _last_close(unit, position, fill, timeframe)
        worth += position.quantity * price
    return worth


def _last_close(unit: UnitOfWork, position: Position, fill: Fill, timeframe: Timeframe) -> Decimal:
    bars = unit.candles.window(
        position.venue, position.symbol, timeframe, until=fill.filled_at, limit=1
    )
    return Decimal(repr(bars.close[-1])) if len(bars) else position.entry_price
