"""An entry looked at again at the price of now: one call around the kernel's ``recheck``."""

from dataclasses import dataclass, replace
from decimal import Decimal

import structlog

from engine.desk.bookview import read_book
from engine.desk.context import DeskContext
from engine.domain.decisions import ExitPlan
from engine.domain.errors import VenueError
from engine.domain.lifecycles import OrderState
from engine.domain.market import Quote, Symbol
from engine.domain.orders import OrderIntent
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import Size
from engine.ports import UnitOfWork
from engine.strategy import crossing_back
from engine.strategy.crossing import mark, pack_book

_log = structlog.get_logger()
_UNDER_WAY = (OrderState.SUBMITTING, OrderState.UNKNOWN, OrderState.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """``OK``, ``CHANGED`` (with the numbers to ask about afresh) or ``REFUSED`` with the reason."""

    status: RecheckCode
    reason: ReasonCode
    quantity: Decimal
    price: Decimal
    exit_plan: ExitPlan


def fetch_quote(context: DeskContext, symbol: Symbol) -> Quote | None:
    """The price of now, or ``None`` if the venue has none or cannot be reached."""
    try:
        return context.market.quote(symbol)
    except VenueError as err:
        _log.warning("no_price", symbol=str(symbol), detail=str(err))
        return None


def recheck_entry(
    context: DeskContext, unit: UnitOfWork, intent: OrderIntent, quote: Quote | None
) -> Rechecked:
    """Does this entry still stand? Price, balance, limits, brakes and switches are those of now.

    Nothing is sent while another entry in the same symbol is at the venue, or may be; nothing that
    was decided for another venue, or in a symbol that is not traded any more; and nothing by rules
    that the venue has not confirmed since the start.
    """
    if intent.venue != context.venue or intent.symbol not in context.symbols:
        return _refused(intent, ReasonCode.NO_FRESH_PRICE)
    if not context.strategy.is_heard:
        return _refused(intent, ReasonCode.VENUE_AWAY)
    if _another_is_under_way(unit, intent):
        return _refused(intent, ReasonCode.DUPLICATE)
    strategy = context.strategy
    place = strategy.place(intent.symbol)
    view = read_book(context, unit, also_pending=intent)
    book = pack_book(view, strategy.rules)
    mark(book, strategy.markets, strategy.numbers, context.clock.now())
    plan = intent.exit_plan
    assert plan is not None  # an entry has one
    found = crossing_back.recheck_entry(
        place,
        None if quote is None else quote.mid,
        strategy.markets,
        book,
        strategy.numbers,
        rules=strategy.rules[place],
        exit_plan=plan,
    )
    return Rechecked(
        status=found.status,
        reason=found.reason,
        quantity=found.quantity,
        price=found.price if found.price is not None else intent.reference_price,
        exit_plan=found.exit_plan,
    )


def _another_is_under_way(unit: UnitOfWork, intent: OrderIntent) -> bool:
    return any(
        order.state in _UNDER_WAY
        and order.id != intent.id
        and order.intent.symbol == intent.symbol
        and not order.intent.is_reducing
        for order in unit.orders.unfinished()
    )


def _refused(intent: OrderIntent, reason: ReasonCode) -> Rechecked:
    assert intent.exit_plan is not None  # an entry has one
    return Rechecked(
        status=RecheckCode.REFUSED,
        reason=reason,
        quantity=intent.quantity,
        price=intent.reference_price,
        exit_plan=intent.exit_plan,
    )


def resized(context: DeskContext, intent: OrderIntent, size: Size) -> OrderIntent | None:
    """The same entry at a part of its size, whole lots, never more; ``None`` if that is nothing."""
    rules = context.strategy.rules[context.strategy.place(intent.symbol)]
    if size.fraction is not None:
        wanted = intent.quantity * size.fraction
    else:
        assert size.amount_quote is not None  # a size has one of the two
        wanted = size.amount_quote / intent.reference_price
    quantity = rules.quantity(rules.quantity_lots(min(wanted, intent.quantity)))
    return replace(intent, quantity=quantity) if quantity > 0 else None
