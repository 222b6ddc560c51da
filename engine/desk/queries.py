"""Answers from stored records: status, portfolio, opportunities, why. Reads only.

One unit of work per question, so that an answer is one moment's truth. Prices are the market's
newest quote where there is one, else the last stored close, and carry their time.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.calibrated import calibration_of
from engine.desk.charts import chart_view
from engine.desk.context import DeskContext
from engine.desk.proofs import noted_drift, proof_of
from engine.domain.decisions import CheckRecord, Decision
from engine.domain.desk import Mode
from engine.domain.errors import InvalidValueError, VenueError
from engine.domain.ids import DecisionId, IntentId, intent_id
from engine.domain.market import Symbol
from engine.domain.orders import Order
from engine.domain.portfolio import EquityPoint, Holding, Portfolio, Position, Trade
from engine.domain.reasons import VerdictCode
from engine.domain.values import from_ms, require
from engine.domain.views import (
    ApprovalRow,
    CardView,
    OpportunitiesView,
    OpportunityRow,
    PortfolioView,
    StatusView,
    WhyView,
)
from engine.ports import UnitOfWork

type Narrate = Callable[[Decision, str], str]
"""Words in a language for a decision that has none yet: the template."""

PAGE_ROWS = 8
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


def portfolio(context: DeskContext) -> PortfolioView:
    """Equity, cash, positions and what they earned."""
    held = portfolio_now(context)
    with context.units(read_only=True) as unit:
        points = tuple(unit.book.equity(context.venue))
        trades = unit.book.trades(context.venue)
        start = points[0].equity_quote if points else held.equity_quote
    trades = [trade for trade in trades if not points or trade.closed_at >= points[0].at]
    open_fees = sum((h.position.entry_fees_quote for h in held.holdings), _ZERO)
    return PortfolioView(
        mode=context.mode,
        simulated=context.simulated,
        portfolio=held,
        start_equity_quote=start,
        pnl_quote=_pnl(held, points),
        fees_quote=sum((trade.fees_quote for trade in trades), open_fees),
        realised_quote=sum((trade.pnl_quote for trade in trades), _ZERO),
        trades_closed=len(trades),
        trades_won=sum(trade.pnl_quote > 0 for trade in trades),
        drawdown_fraction=_drawdown(held, points),
        equity=points,
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
            open_questions=len(unit.approvals.pending()),
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


def opportunities(context: DeskContext, page: int = 0) -> OpportunitiesView:
    """The newest decision of every symbol, strongest first."""
    with context.units(read_only=True) as unit:
        latest = [d for symbol in context.symbols for d in unit.decisions.latest(symbol)]
    rows = sorted(
        (_opportunity(decision) for decision in latest if decision.score is not None),
        key=lambda row: (-abs(row.signed_score), str(row.symbol)),
    )
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    page = min(max(page, 0), pages - 1)
    shown = rows[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    return OpportunitiesView(rows=tuple(shown), page=page, pages=pages)


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
        return _card(context, unit, decision, with_chart=with_chart)


def why(context: DeskContext, query: str | None, language: str, narrate: Narrate) -> WhyView | None:
    """Explain a decision: by id, by symbol (its newest), or the newest that proposed something."""
    with context.units(read_only=True) as unit:
        decision = _find_decision(context, unit, query)
        if decision is None:
            return None
        view = _card(context, unit, decision, with_chart=False)
    gate = next((c for c in decision.checks if c.verdict is VerdictCode.FAILED), None)
    return WhyView(
        card=view,
        gate=gate.name if gate else None,
        gate_value=gate.value if gate else None,
        gate_limit=gate.limit if gate else None,
        distance=_distance(gate),
        text=view.narration or narrate(decision, language),
    )


def narration_key(decision_id: DecisionId) -> str:
    """Where the words about a decision are remembered."""
    return f"narration:{decision_id}"


def _card(
    context: DeskContext, unit: UnitOfWork, decision: Decision, *, with_chart: bool
) -> CardView:
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


def _find_decision(context: DeskContext, unit: UnitOfWork, query: str | None) -> Decision | None:
    if query is None:
        asked = unit.approvals.recent(1)
        proposed = asked[0].decision_id if asked else None
        if proposed is not None:
            return unit.decisions.get(proposed)
        newest = [d for symbol in context.symbols for d in unit.decisions.latest(symbol)]
        newest.sort(key=lambda d: (d.closed_at, str(d.symbol)))
        return newest[-1] if newest else None
    by_id = unit.decisions.get(DecisionId(query.strip().lower()))
    if by_id is not None:
        return by_id
    symbol = find_symbol(context, query)
    latest = unit.decisions.latest(symbol) if symbol else []
    return latest[0] if latest else None


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


def _distance(gate: CheckRecord | None) -> Decimal | None:
    if gate is None or gate.value is None or gate.limit is None:
        return None
    return abs(gate.value - gate.limit)


def _opportunity(decision: Decision) -> OpportunityRow:
    score = decision.score
    require(score is not None, "score", "present", score)
    assert score is not None
    return OpportunityRow(
        symbol=decision.symbol,
        timeframe=decision.timeframe,
        closed_at=decision.closed_at,
        signed_score=score.signed,
        rank_fraction=score.rank_fraction,
        threshold_rank_fraction=score.threshold_rank_fraction,
        decision=decision,
    )


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


def _pnl(held: Portfolio, points: tuple[EquityPoint, ...]) -> Mapping[str, Decimal]:
    midnight = held.at.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {
        "today": midnight,
        "week": midnight - timedelta(days=midnight.weekday()),
        "month": midnight.replace(day=1),
        "all": points[0].at if points else held.at,
    }
    return {name: held.equity_quote - _equity_at(points, at, held) for name, at in starts.items()}


def _equity_at(points: tuple[EquityPoint, ...], at: datetime, held: Portfolio) -> Decimal:
    before = [point for point in points if point.at <= at]
    if before:
        return before[-1].equity_quote
    return points[0].equity_quote if points else held.equity_quote


def _drawdown(held: Portfolio, points: tuple[EquityPoint, ...]) -> Decimal:
    peak = max((point.equity_quote for point in points), default=held.equity_quote)
    peak = max(peak, held.equity_quote)
    return (peak - held.equity_quote) / peak if peak > 0 else _ZERO
