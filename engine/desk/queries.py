"""Answers from stored records: status, portfolio, opportunities, why. Reads only.

One unit of work per question, so that an answer is one moment's truth. Prices are the market's
newest quote where there is one, else the last stored close, and carry their time.
"""

from datetime import datetime
from decimal import Decimal

from engine.desk.calibrated import calibration_of
from engine.desk.charts import chart_view
from engine.desk.context import DeskContext
from engine.desk.proofs import noted_drift, proof_of
from engine.domain.decisions import Decision
from engine.domain.desk import Mode, Role
from engine.domain.errors import InvalidValueError, VenueError
from engine.domain.ids import DecisionId, IntentId, intent_id
from engine.domain.market import Symbol
from engine.domain.orders import Order
from engine.domain.portfolio import Holding, Portfolio, Position, Trade
from engine.domain.purchases import Purchase, purchase_note
from engine.domain.values import from_ms
from engine.domain.views import (
    ApprovalRow,
    CardView,
    PurchaseView,
    StatusView,
)
from engine.ports import UnitOfWork

_ZERO = Decimal(0)
_RECENT = 20


def portfolio_now(context: DeskContext) -> Portfolio:
    """Cash and holdings at the newest prices, which are asked for outside any transaction."""
    with context.units(read_only=True) as unit:
        positions = unit.book.positions(context.venue)
        cash = unit.book.balances(context.venue).get(context.quote, _ZERO)
    return Portfolio(
        venue=context.venue,
        quote=context.quote,
        cash_quote=cash,
        holdings=tuple(_holding(context, position) for position in positions),
        at=context.clock.now(),
    )


def status(context: DeskContext) -> StatusView:
    """How the desk is: switches, jobs, queues, what is late."""
    held = portfolio_now(context)
    with context.units(read_only=True) as unit:
        scores = unit.scores.latest(context.venue, context.timeframe)
        proof = proof_of(context, unit, context.strategy.version)
        return StatusView(
            version=context.release,
            mode=context.mode,
            simulated=context.simulated,
            venue=context.venue,
            symbols=context.symbols,
            timeframe=context.timeframe,
            strategy_version=context.strategy.version,
            calibrated=calibration_of(unit, context.strategy.made) is not None,
            now=context.clock.now(),
            started_at=context.started_at,
            controls=unit.desk.controls(),
            risk=unit.book.risk(context.venue),
            last_close=max((from_ms(row.close_ms) for row in scores), default=None),
            open_questions=len(unit.approvals.pending()) + len(unit.changes.pending()),
            open_positions=len(held.holdings),
            unfinished_orders=len(unit.orders.unfinished()),
            jobs=tuple(unit.desk.job_runs()),
            outbox=unit.outbox.counts(),
            quarantined=tuple(unit.quarantine.recent(_RECENT)),
            equity_quote=held.equity_quote,
            quote=context.quote,
            proof=proof,
            drift=noted_drift(unit, context.venue, proof),
        )


def approvals(context: DeskContext) -> tuple[ApprovalRow, ...]:
    """Open questions, oldest first."""
    with context.units(read_only=True) as unit:
        rows = [
            (approval, unit.orders.get(approval.order_id)) for approval in unit.approvals.pending()
        ]
    return tuple(
        ApprovalRow(approval=approval, order=order) for approval, order in rows if order is not None
    )


def trades(context: DeskContext, limit: int) -> tuple[Trade, ...]:
    """Closed trades, newest first."""
    with context.units(read_only=True) as unit:
        return tuple(unit.book.trades(context.venue, limit))


def card(
    context: DeskContext, decision_id: DecisionId, *, with_chart: bool = True
) -> CardView | None:
    """Everything about one decision."""
    with context.units(read_only=True) as unit:
        decision = unit.decisions.get(decision_id)
        if decision is None:
            return None
        return card_of(context, unit, decision, with_chart=with_chart)


def purchase(context: DeskContext, order_id: IntentId) -> PurchaseView | None:
    """An order of a purchase, and those that took its place without a question of their own."""
    with context.units(read_only=True) as unit:
        noted = Purchase.of_note(unit.desk.note(purchase_note(order_id)))
        order = unit.orders.get(order_id)
        if noted is None or order is None:
            return None
        orders = [order]
        while (after := unit.orders.get(entry_id(order_id, len(orders)))) is not None:
            orders.append(after)
        asked = {one.id: unit.approvals.of_order(one.id) for one in orders}
        orders = [one for one in orders if one.id == order_id or not asked[one.id]]
        fills = tuple(fill for one in orders for fill in unit.orders.fills(one.id))
        closed = unit.book.trades(context.venue) if fills else ()
        mine = {one.id for one in orders}
        people = unit.desk.people()
        return PurchaseView(
            by=noted.by,
            approvals=tuple(asked[order_id]),
            orders=tuple(orders),
            fills=fills,
            trade=next((trade for trade in closed if trade.entry_order_id in mine), None),
            names={person.user_id: person.name for person in people},
            deciders=sum(person.role is not Role.VIEWER for person in people),
            simulated=context.simulated,
        )


def narration_key(decision_id: DecisionId) -> str:
    """Where the words about a decision are remembered."""
    return f"narration:{decision_id}"


def card_of(
    context: DeskContext, unit: UnitOfWork, decision: Decision, *, with_chart: bool
) -> CardView:
    """Everything about a decision, which need not be stored."""
    orders = _orders_of(unit, decision)
    questions = [a for order in orders for a in unit.approvals.of_order(order.id)]
    fills = tuple(fill for order in orders for fill in unit.orders.fills(order.id))
    entries = {order.id for order in orders}
    closed = unit.book.trades(context.venue) if fills else ()
    words = unit.desk.note(narration_key(decision.id))
    told = words if isinstance(words, dict) else {}
    return CardView(
        decision=decision,
        approvals=tuple(sorted(questions, key=lambda a: (a.created_at, a.round_no))),
        orders=orders,
        fills=fills,
        trade=next((trade for trade in closed if trade.entry_order_id in entries), None),
        narration=str(told["text"]) if told.get("is_from_model") else None,
        narration_is_from_model=bool(told.get("is_from_model")),
        narration_language=str(told.get("language") or ""),
        names={person.user_id: person.name for person in unit.desk.people()},
        chart=chart_view(context, unit, decision.symbol, decision=decision) if with_chart else None,
        simulated=context.simulated,
        alert_only=context.mode is Mode.ALERT,
        proof=proof_of(context, unit, decision.strategy_version),
    )


def _orders_of(unit: UnitOfWork, decision: Decision) -> tuple[Order, ...]:
    found: list[Order] = []
    attempt = 0
    while (order := unit.orders.get(entry_id(decision.id, attempt))) is not None:
        found.append(order)
        attempt += 1
    return tuple(found)


def entry_id(source: DecisionId | IntentId, attempt: int) -> IntentId:
    """Id of the ``attempt``-th order that an entry led to (fresh questions, halves)."""
    return intent_id(source, "entry", attempt)


def newest_order(unit: UnitOfWork, order_id: IntentId) -> Order | None:
    """The order that stands for a purchase now: the last of those that took another's place."""
    newest = unit.orders.get(order_id)
    while newest is not None and (after := unit.orders.get(entry_id(newest.id, 1))):
        newest = after
    return newest


def find_symbol(context: DeskContext, text: str) -> Symbol | None:
    """Read ``ETH/USDT``, ``eth-usdt`` or just ``ETH`` as one of the desk's symbols."""
    wanted = text.strip().upper()
    by_base = [symbol for symbol in context.symbols if symbol.base == wanted]
    if by_base:
        return by_base[0]
    try:
        symbol = Symbol.parse(wanted)
    except InvalidValueError:
        return None
    return symbol if symbol in context.symbols else None


def _holding(context: DeskContext, position: Position) -> Holding:
    price, at = last_price(context, position.symbol)
    return Holding(position=position, price=price or position.entry_price, priced_at=at)


def last_price(context: DeskContext, symbol: Symbol) -> tuple[Decimal | None, datetime]:
    """The newest price and its time: a quote, else the last stored close, else ``None``."""
    now = context.clock.now()
    try:
        quote = context.market.quote(symbol)
    except VenueError:
        quote = None
    if quote is not None:
        return quote.last, quote.at
    with context.units(read_only=True) as unit:
        bars = unit.candles.window(context.venue, symbol, context.timeframe, until=now, limit=1)
    if not len(bars):
        return None, now
    return Decimal(repr(bars.close[-1])), bars.candle(-1).closed_at(context.timeframe)
