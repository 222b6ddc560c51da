"""The orders that make a position smaller: its protection and its exit.

position → intent. The attempt is part of an order's id: it counts the orders of that purpose that
have ended, so the same wish gives the same id until its order has ended, and a new one afterwards.
"""

from datetime import datetime
from decimal import Decimal

from engine.domain.ids import IntentId, intent_id
from engine.domain.lifecycles import is_final
from engine.domain.orders import OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.portfolio import Position
from engine.ports import UnitOfWork


def protection_intent(unit: UnitOfWork, position: Position, now: datetime) -> OrderIntent:
    """A resting stop, and a target where the plan has one, for the whole position."""
    attempt = 0
    while unit.orders.get(_protection_id(position, attempt)) is not None:
        attempt += 1
    return OrderIntent(
        id=_protection_id(position, attempt),
        venue=position.venue,
        symbol=position.symbol,
        side=OrderSide.SELL,
        kind=OrderKind.PROTECT,
        purpose=Purpose.PROTECTION,
        quantity=position.quantity,
        reference_price=position.entry_price,
        created_at=now,
        origin="desk",
        decision_id=position.decision_id,
        stop_price=position.stop_price,
        limit_price=position.exit_plan.take_profit_price,
    )


def exit_intent(
    unit: UnitOfWork,
    position: Position,
    *,
    reason: str,
    origin: str,
    price: Decimal,
    now: datetime,
) -> OrderIntent:
    """A sale of the whole position at market; later attempts keep the first one's reason."""
    first = known = unit.orders.get(intent_id(position.entry_order_id, "exit", 0))
    attempt = 0
    while known is not None and is_final(known.state):
        attempt += 1
        known = unit.orders.get(intent_id(position.entry_order_id, "exit", attempt))
    return OrderIntent(
        id=intent_id(position.entry_order_id, "exit", attempt),
        venue=position.venue,
        symbol=position.symbol,
        side=OrderSide.SELL,
        kind=OrderKind.MARKET,
        purpose=Purpose.EXIT,
        quantity=position.quantity,
        reference_price=price,
        created_at=now,
        origin=origin,
        decision_id=position.decision_id,
        exit_reason=first.intent.exit_reason if first else reason,
    )


def _protection_id(position: Position, attempt: int) -> IntentId:
    return intent_id(position.entry_order_id, "protection", attempt)
