"""Closed trades in pages, and one of them with what led to it."""

from bisect import bisect_left
from decimal import Decimal

from engine.desk.charts import WARM_UP_BARS, bars_until, overlay_columns, tail
from engine.desk.context import DeskContext
from engine.domain.decisions import ExitPlan
from engine.domain.ids import TradeId
from engine.domain.market import CandleSeries, Timeframe
from engine.domain.portfolio import Trade
from engine.domain.records import TradesPage, TradeView, risk_per_unit
from engine.domain.values import to_ms
from engine.domain.views import ChartView
from engine.indicators.bars import Bars
from engine.ports import UnitOfWork

PAGE_ROWS = 8
_FRACTION = Decimal("1e-8")
_MOST_BARS = 160
_BEFORE = 40
_AFTER = 12


def trades_page(context: DeskContext, page: int) -> TradesPage:
    """A page of closed trades, newest first."""
    with context.units(read_only=True) as unit:
        totals = unit.records.totals(context.venue)
        pages = max(1, -(-totals.closed // PAGE_ROWS))
        page = min(max(page, 0), pages - 1)
        rows = unit.records.trades(context.venue, limit=PAGE_ROWS, offset=page * PAGE_ROWS)
    return TradesPage(rows=tuple(rows), page=page, pages=pages, quote=context.quote, totals=totals)


def trade_view(context: DeskContext, trade_id: TradeId) -> TradeView | None:
    """One closed trade with its decision, its fills and its result in R."""
    with context.units(read_only=True) as unit:
        trade = unit.records.trade(trade_id)
        if trade is None:
            return None
        entry = unit.orders.get(trade.entry_order_id)
        plan = entry.intent.exit_plan if entry else None
        decision = unit.decisions.get(trade.decision_id) if trade.decision_id else None
        entries = tuple(unit.orders.fills(trade.entry_order_id))
        exits = tuple(unit.orders.fills(trade.exit_order_id))
    risk = _risk(trade, plan)
    return TradeView(
        trade=trade,
        decision=decision,
        stop_price=plan.stop_price if plan else None,
        target_price=plan.take_profit_price if plan else None,
        risk_quote=risk,
        r_multiple=(trade.pnl_quote / risk).quantize(_FRACTION) if risk else None,
        pnl_fraction=(trade.pnl_quote / (trade.entry_price * trade.quantity)).quantize(_FRACTION),
        entries=entries,
        exits=exits,
    )


def trade_chart(context: DeskContext, trade_id: TradeId) -> ChartView | None:
    """The bars around a trade, on the finest timeframe that shows it whole."""
    with context.units(read_only=True) as unit:
        trade = unit.records.trade(trade_id)
        if trade is None:
            return None
        frame = _frame(context.timeframe, trade)
        series, cut = _bars(context, unit, trade, frame)
        entry = unit.orders.get(trade.entry_order_id)
    if cut == len(series):
        return None
    plan = entry.intent.exit_plan if entry else None
    levels = {"entry": trade.entry_price}
    if plan is not None:
        levels["stop"] = plan.stop_price
        if plan.take_profit_price is not None:
            levels["target"] = plan.take_profit_price
    columns = overlay_columns(Bars.of(series, frame))
    return ChartView(
        venue=context.venue,
        symbol=trade.symbol,
        timeframe=frame,
        bars=tail(series, cut),
        columns={name: column[cut:].tolist() for name, column in columns.items()},
        levels=levels,
        simulated=context.simulated,
    )


def _risk(trade: Trade, plan: ExitPlan | None) -> Decimal | None:
    unit_risk = risk_per_unit(trade.entry_price, plan.stop_price) if plan else None
    return unit_risk * trade.quantity if unit_risk else None


def _frame(finest: Timeframe, trade: Trade) -> Timeframe:
    held = trade.closed_at - trade.opened_at
    wide = [frame for frame in Timeframe if frame.ms >= finest.ms and frame.ms % finest.ms == 0]
    room = _MOST_BARS - _BEFORE - _AFTER
    return next((frame for frame in wide if held <= frame.delta * room), wide[-1])


def _bars(
    context: DeskContext, unit: UnitOfWork, trade: Trade, frame: Timeframe
) -> tuple[CandleSeries, int]:
    """Bars of the trade behind those that its overlays need, and where the trade's begin."""
    start = frame.floor(trade.opened_at) - frame.delta * _BEFORE
    end = min(frame.floor(trade.closed_at) + frame.delta * (_AFTER + 1), context.clock.now())
    wanted = -((start - end) // frame.delta) + WARM_UP_BARS
    series = bars_until(context, unit, trade.symbol, frame, end, wanted)
    return series, bisect_left(series.open_ms, to_ms(start))
