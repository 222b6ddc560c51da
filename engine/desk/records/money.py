"""The portfolio: one view for the chat, the command line and the pictures.

newest prices (outside any transaction) → one read of sums and single snapshots → ``PortfolioView``.
Nothing here reads the whole history: balances are kept, results are summed by the store, and the
curve comes thinned out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.desk.queries import portfolio_now
from engine.desk.records.currency import last_close, own_money
from engine.domain.portfolio import Holding, Portfolio
from engine.domain.records import (
    PositionView,
    TradeTotals,
    VenueMoney,
    risk_per_unit,
)
from engine.domain.views import PortfolioView
from engine.ports import UnitOfWork

CURVE_SLOTS = 400
_ZERO = Decimal(0)
_FRACTION = Decimal("1e-8")


def portfolio(context: DeskContext) -> PortfolioView:
    """Equity, cash, positions and what they earned."""
    held = portfolio_now(context)
    own = own_money(context)
    positions = tuple(position_view(one) for one in held.holdings)
    with context.units(read_only=True) as unit:
        first = unit.records.equity_first(context.venue)
        totals = unit.records.totals(context.venue, first.at if first else None)
        pnl = _pnl(unit, held, first.at if first else None)
        curve = (
            unit.records.equity_slots(context.venue, first.at, held.at, CURVE_SLOTS)
            if first and first.at <= held.at
            else ()
        )
        venues = _venues(context, unit, held)
    equity = held.equity_quote
    peak = max(equity, *(slot.peak_equity_quote for slot in curve), _ZERO)
    deepest = max((slot.deepest_fraction for slot in curve), default=0.0)
    drawdown = _share(peak - equity, peak)
    at_risk = sum((one.at_risk_quote for one in positions), _ZERO)
    open_fees = sum((h.position.entry_fees_quote for h in held.holdings), _ZERO)
    open_slippage = sum((h.position.entry_slippage_quote for h in held.holdings), _ZERO)
    return PortfolioView(
        mode=context.mode,
        simulated=context.simulated,
        portfolio=held,
        equity_quote=equity,
        start_equity_quote=first.equity_quote if first else equity,
        started_at=first.at if first else None,
        pnl_quote=pnl,
        fees_quote=totals.fees_quote + open_fees,
        slippage_quote=totals.slippage_quote + open_slippage,
        realised_quote=totals.pnl_quote,
        trades_closed=totals.closed,
        trades_won=totals.won,
        win_fraction=win_fraction(totals),
        peak_equity_quote=peak,
        drawdown_fraction=drawdown,
        worst_drawdown_fraction=max(drawdown, Decimal(repr(deepest)).quantize(_FRACTION)),
        at_risk_quote=at_risk,
        at_risk_fraction=_share(at_risk, equity),
        positions=positions,
        venues=venues,
        own=own,
        equity=tuple(slot.point for slot in curve),
    )


def position_view(holding: Holding) -> PositionView:
    """A position with its distances in money, in parts of the price and in R."""
    position, price = holding.position, holding.price
    plan, quantity = position.exit_plan, position.quantity
    target = plan.take_profit_price
    unit_risk = risk_per_unit(position.entry_price, plan.stop_price)
    risk = unit_risk * quantity if unit_risk else _ZERO
    pnl = holding.pnl_quote
    return PositionView(
        symbol=position.symbol,
        entry_order_id=position.entry_order_id,
        decision_id=position.decision_id,
        opened_at=position.opened_at,
        quantity=quantity,
        entry_price=position.entry_price,
        price=price,
        priced_at=holding.priced_at,
        value_quote=holding.value_quote,
        pnl_quote=pnl,
        pnl_fraction=_share(pnl, position.entry_price * quantity),
        fees_quote=position.entry_fees_quote,
        stop_price=position.stop_price,
        stop_fraction=_share(position.stop_price - price, price),
        stop_r=_in_r(position.stop_price - price, unit_risk),
        target_price=target,
        target_fraction=None if target is None else _share(target - price, price),
        target_r=None if target is None else _in_r(target - price, unit_risk),
        at_risk_quote=max(_ZERO, price - position.stop_price) * quantity,
        risk_quote=risk,
        r_multiple=_share(pnl, risk) if risk else None,
    )


def win_fraction(totals: TradeTotals) -> Decimal | None:
    """The share of trades that earned, ``None`` before the first."""
    return _share(Decimal(totals.won), Decimal(totals.closed)) if totals.closed else None


def _pnl(unit: UnitOfWork, held: Portfolio, first_at: datetime | None) -> Mapping[str, Decimal]:
    midnight = held.at.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {
        "today": midnight,
        "week": midnight - timedelta(days=midnight.weekday()),
        "month": midnight.replace(day=1),
        "all": first_at or held.at,
    }
    return {
        name: held.equity_quote - _equity_at(unit, held, max(at, first_at or at))
        for name, at in starts.items()
    }


def _equity_at(unit: UnitOfWork, held: Portfolio, at: datetime) -> Decimal:
    point = unit.records.equity_at(held.venue, at)
    return held.equity_quote if point is None else point.equity_quote


def _venues(context: DeskContext, unit: UnitOfWork, held: Portfolio) -> tuple[VenueMoney, ...]:
    """The traded venue first; accounts elsewhere are worth what their last closes say."""
    others = [name for name in unit.records.venues() if name != context.venue]
    positions = held.equity_quote - held.cash_quote
    own = VenueMoney(
        venue=context.venue,
        cash_quote=held.cash_quote,
        positions_quote=positions,
        equity_quote=held.equity_quote,
        positions=len(held.holdings),
    )
    return (own, *(_elsewhere(context, unit, name) for name in others))


def _elsewhere(context: DeskContext, unit: UnitOfWork, venue: str) -> VenueMoney:
    cash = unit.book.balances(venue).get(context.quote, _ZERO)
    held = unit.book.positions(venue)
    worth, unpriced = _ZERO, 0
    for position in held:
        price, _ = last_close(unit, venue, position.symbol, context.clock.now())
        unpriced += price is None
        worth += position.quantity * (price or position.entry_price)
    return VenueMoney(
        venue=venue,
        cash_quote=cash,
        positions_quote=worth,
        equity_quote=cash + worth,
        positions=len(held),
        unpriced=unpriced,
    )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    share = (part / whole).quantize(_FRACTION) if whole > 0 else _ZERO
    return share or _ZERO  # 0E-8 is zero, and nobody's way to write it


def _in_r(distance: Decimal, unit_risk: Decimal | None) -> Decimal | None:
    return None if unit_risk is None else (distance / unit_risk).quantize(_FRACTION)
