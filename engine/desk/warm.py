"""Loads or compiles the compiled parts before they are needed.

The first call of a compiled function takes from milliseconds (kept on disk) to many seconds (first
start, or after an upgrade). A person who presses a button should not pay for that.
"""

from decimal import Decimal

from engine.desk.context import DeskContext
from engine.desk.recheck import recheck_entry
from engine.desk.scan import Scanner
from engine.domain.decisions import ExitPlan
from engine.domain.ids import intent_id
from engine.domain.market import Quote
from engine.domain.orders import OrderIntent, OrderKind, OrderSide, Purpose


def warm_up(context: DeskContext, scanner: Scanner) -> None:
    """Decide and re-check once for nothing; writes nothing, sends nothing."""
    now = context.clock.now()
    scanner.preview(context.timeframe.floor(now))
    rules = context.strategy.rules[0]
    price = rules.tick_size * 1000
    intent = OrderIntent(
        id=intent_id("warm-up", "entry"),
        venue=context.venue,
        symbol=rules.symbol,
        side=OrderSide.BUY,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY,
        quantity=max(rules.min_quantity, rules.lot_size),
        reference_price=price,
        created_at=now,
        origin="desk",
        exit_plan=ExitPlan(stop_price=price * Decimal("0.9")),
    )
    quote = Quote(symbol=rules.symbol, at=now, bid=price, ask=price, last=price)
    with context.units(read_only=True) as unit:
        recheck_entry(context, unit, intent, quote)
