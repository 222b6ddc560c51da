"""What a purchase would meet if it were confirmed now. Nothing is stored, sent or asked.

switches → price → the order it would be → the kernel's re-check, at the amount and at all the cash

Whoever asks for too much learns what fits before a button is drawn. The press is checked again by
itself: this is a view of one moment, not a promise.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from engine.desk.context import DeskContext
from engine.desk.manual import ManualDesk
from engine.desk.recheck import Rechecked, fetch_quote, recheck_entry
from engine.domain.market import MarketRules, Quote, Symbol
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import BuyPreview
from engine.ports import UnitOfWork

_CENT = Decimal("0.01")
_ZERO = Decimal(0)


def preview_buy(
    context: DeskContext, manual: ManualDesk, symbol: Symbol, amount_quote: Decimal
) -> BuyPreview:
    """Whether this amount could be bought now, and what could."""
    if symbol not in context.symbols:
        return BuyPreview(reason="unknown_symbol", cash_quote=_ZERO)
    with context.units(read_only=True) as unit:
        controls = unit.desk.controls()
        cash = unit.book.balances(context.venue).get(context.quote, _ZERO)
    if controls.killed or controls.paused:
        reason = ReasonCode.KILLED if controls.killed else ReasonCode.DESK_PAUSED
        return BuyPreview(reason=reason.label, cash_quote=cash)
    if not context.strategy.is_heard:
        return BuyPreview(reason=ReasonCode.VENUE_AWAY.label, cash_quote=cash)
    quote = fetch_quote(context, symbol)
    if quote is None:
        return BuyPreview(reason=ReasonCode.NO_FRESH_PRICE.label, cash_quote=cash)
    return _previewed(context, manual, quote, amount_quote, cash)


def _previewed(
    context: DeskContext, manual: ManualDesk, quote: Quote, amount_quote: Decimal, cash: Decimal
) -> BuyPreview:
    rules = context.strategy.rules[context.strategy.place(quote.symbol)]
    minimum = _minimum(rules, quote)
    with context.units(read_only=True) as unit:
        fullest = _rechecked(context, unit, manual, quote, max(cash, minimum))
        wished = _rechecked(context, unit, manual, quote, amount_quote)
    most = _most(fullest, cash)
    if amount_quote < minimum:
        reason = ReasonCode.BELOW_MINIMUM.label
    elif amount_quote > cash:
        reason = ReasonCode.INSUFFICIENT_FUNDS.label
    elif wished is None:
        reason = ReasonCode.NO_STOP_DISTANCE.label
    else:
        reason = "" if wished.status is RecheckCode.OK else wished.reason.label
    return BuyPreview(reason=reason, cash_quote=cash, minimum_quote=minimum, most_quote=most)


def _rechecked(
    context: DeskContext, unit: UnitOfWork, manual: ManualDesk, quote: Quote, amount_quote: Decimal
) -> Rechecked | None:
    """What the kernel says of an amount; ``None`` where it makes no order."""
    intent = manual.draft(quote, amount_quote)
    return None if intent is None else recheck_entry(context, unit, intent, quote)


def _most(fullest: Rechecked | None, cash: Decimal) -> Decimal | None:
    """The largest order in whole cents, rounded down; ``None`` where not even that is known."""
    if fullest is None or fullest.status is RecheckCode.REFUSED:
        return None
    worth = min(fullest.quantity * fullest.price, cash)
    return worth.quantize(_CENT, rounding=ROUND_FLOOR)


def _minimum(rules: MarketRules, quote: Quote) -> Decimal:
    """The smallest order in whole cents, rounded up: whole lots of the venue's least size."""
    least = max(rules.min_quantity, rules.min_notional_quote / quote.mid, rules.lot_size)
    lots = (least / rules.lot_size).to_integral_value(rounding=ROUND_CEILING)
    return (lots * rules.lot_size * quote.mid).quantize(_CENT, rounding=ROUND_CEILING)
