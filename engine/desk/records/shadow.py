"""One vetoed proposal taken through closed bars, with the parts the desk itself trades with.

bar → due entry at its open → exit decided earlier at its open → stop and target inside it → the
desk's own decision at its close (leave, follow with the stop, hold). No simulator of its own:

- what an order meets and takes is ``execution.paper_book`` over ``fills.book``: the synthesised
  book, the spread, the slippage and the fees of the paper venue and of the backtest;
- what a fill does to a position is ``execution.booking``, which books the desk's own fills;
- when a stop or target is met is ``fills.triggers``, the worse order of events inside a bar;
- what to do at a close is ``crossing_back.decide``, the compiled ``step`` of the desk.

Only their order is written here, and it is that of the replay. A test plays the same candles
through the backtest and compares to the cent.

Choices:
- The order is filled whole from the book, without regard to cash and limits: what other trades
  would have left of them is another story for every veto.
- An entry fills at the open of the first bar that opens at or after ``due_at``; if that bar is
  missing, or opens at or below the stop, there would have been no trade (``VOID``). A price that
  has drifted beyond the owner's limit moves stop and target along, as the re-check does.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from engine.checks.routing import drift_bps
from engine.domain.ids import intent_id
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, MarketRules, Timeframe
from engine.domain.orders import Fill, OrderIntent, OrderKind, OrderReport, OrderSide, Purpose
from engine.domain.reasons import ActionCode, ReasonCode
from engine.domain.shadows import ShadowState, ShadowTrade
from engine.execution.booking import book_fills
from engine.execution.paper_book import PaperMarket, rest, synthesised, take
from engine.fills.book import FillNumbers
from engine.fills.triggers import protection
from engine.kernel import Records, at_most
from engine.strategy.book import Row, Terms, new_rows
from engine.strategy.columns import ScoreColumns
from engine.strategy.crossing import BookView, LastBar, pack_book, put_row
from engine.strategy.crossing_back import decide
from engine.strategy.packing import StepPolicy

_LABELS: Mapping[str, ReasonCode] = {code.label: code for code in ReasonCode}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowMarket:
    """One market and the policies of now, as the parts below want them; ``terms`` holds one."""

    paper: PaperMarket
    fills: FillNumbers
    terms: Records[Terms]
    policy: StepPolicy
    timeframe: Timeframe

    @property
    def rules(self) -> MarketRules:
        """The venue's steps."""
        return self.paper.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowBar:
    """A closed bar, the volume of the one before it, and what the decision path reads of it."""

    bar: Candle
    previous_volume: float
    row: Records[Row]


def bar_of(
    bar: Candle, previous_volume: float, scored: ScoreColumns, index: int, *, exit_flag: bool
) -> ShadowBar:
    """A bar with its columns at ``index``; an unscored one has no score."""
    rows = new_rows(1)
    put_row(rows[0], bar=bar, scored=scored, index=index, exit_flag=exit_flag)
    if scored.regime[index] < 0:
        rows[0].score = math.nan
    return ShadowBar(bar=bar, previous_volume=previous_volume, row=rows)


def meet(shadow: ShadowTrade, seen: ShadowBar, market: ShadowMarket) -> ShadowTrade:
    """The shadow after a bar; bars must come oldest first, and one seen before changes nothing."""
    closed_at = seen.bar.closed_at(market.timeframe)
    if shadow.followed_until is not None and closed_at <= shadow.followed_until:
        return shadow
    if shadow.state is ShadowState.WAITING and seen.bar.opened_at >= shadow.due_at:
        shadow = _entered(shadow, seen, market)
    elif shadow.leaving is not None:
        shadow = _left(shadow, seen, market)
    if shadow.position is not None:
        shadow = _protected(shadow, seen, market)
    if shadow.position is not None:
        shadow = _decided(shadow, seen, market)
    return replace(shadow, followed_until=closed_at) if shadow.is_unfinished else shadow


def voided(shadow: ShadowTrade, reason: str, at: datetime) -> ShadowTrade:
    """It would not have become a trade either."""
    return replace(shadow, state=ShadowState.VOID, exit_reason=reason, closed_at=at)


def _entered(shadow: ShadowTrade, seen: ShadowBar, market: ShadowMarket) -> ShadowTrade:
    bar = seen.bar
    if bar.opened_at - shadow.due_at >= market.timeframe.delta:
        return voided(shadow, ReasonCode.NO_FRESH_PRICE.label, bar.opened_at)
    intent = _at_open(shadow.intent, bar, market)
    plan = intent.exit_plan
    assert plan is not None  # an entry has one
    if at_most(bar.open / float(market.rules.tick_size), market.rules.price_ticks(plan.stop_price)):
        return voided(shadow, ReasonCode.STOP_PASSED.label, bar.opened_at)
    fills = _taken(intent, seen, market, reference=bar.open)
    if not fills:
        return voided(shadow, ReasonCode.NO_DEPTH.label, bar.opened_at)
    position = book_fills(None, intent, fills).position
    return replace(
        shadow, intent=intent, state=ShadowState.OPEN, position=position, opened_at=bar.opened_at
    )


def _at_open(intent: OrderIntent, bar: Candle, market: ShadowMarket) -> OrderIntent:
    """The entry as a market order at the open, its plan moved along with a drifted price."""
    plan, rules = intent.exit_plan, market.rules
    assert plan is not None  # an entry has one
    decided = float(intent.reference_price)
    if not at_most(drift_bps(decided, bar.open), market.policy.routing.max_drift_bps):
        shift = rules.price(round((bar.open - decided) / float(rules.tick_size)))
        target = plan.take_profit_price
        plan = replace(
            plan,
            stop_price=max(rules.price(1), plan.stop_price + shift),
            take_profit_price=None if target is None else target + shift,
        )
    return replace(intent, kind=OrderKind.MARKET, limit_price=None, exit_plan=plan)


def _left(shadow: ShadowTrade, seen: ShadowBar, market: ShadowMarket) -> ShadowTrade:
    """An exit that was decided at an earlier close, sold at this open."""
    intent = _exit(shadow, shadow.leaving)
    fills = _taken(intent, seen, market, reference=seen.bar.open)
    return _closed(shadow, intent, fills)


def _protected(shadow: ShadowTrade, seen: ShadowBar, market: ShadowMarket) -> ShadowTrade:
    """Stop and target meet the bar; the moment inside it counts as its close."""
    position, bar, rules = shadow.position, seen.bar, market.rules
    assert position is not None  # the caller has looked
    target = position.exit_plan.take_profit_price
    met = protection(
        rules.price_ticks(position.stop_price),
        rules.price_ticks(target) if target else 0,
        bar.open,
        bar.high,
        bar.low,
        float(rules.tick_size),
    )
    closed_at = bar.closed_at(market.timeframe)
    if met.kind == ReasonCode.TARGET_HIT:
        intent = _exit(shadow, None, limit_price=target)
        report = OrderReport(order_id=intent.id, state=OrderState.OPEN)
        fills = rest(
            intent, report, market.paper, met.price, closed_at, trigger=ReasonCode.TARGET_HIT
        )
        return _closed(shadow, intent, fills)
    if met.kind != ReasonCode.STOP_HIT:
        return shadow
    intent = _exit(shadow, None)
    taken = _taken(intent, seen, market, reference=met.price, trigger=ReasonCode.STOP_HIT)
    return _closed(shadow, intent, tuple(replace(fill, filled_at=closed_at) for fill in taken))


def _decided(shadow: ShadowTrade, seen: ShadowBar, market: ShadowMarket) -> ShadowTrade:
    """The desk's own decision at the close about what would be held."""
    position = shadow.position
    assert position is not None  # the caller has looked
    position = replace(position, bars_held=position.bars_held + 1)
    leaving = {} if shadow.leaving is None else {shadow.symbol: _LABELS[shadow.leaving]}
    view = BookView(
        cash_quote=Decimal(0),
        positions={shadow.symbol: position},
        leaving=leaving,
        last_bars={shadow.symbol: LastBar(close=seen.bar.close, volume=seen.bar.volume)},
    )
    (verdict,) = decide(
        seen.row,
        market.terms,
        pack_book(view, (market.rules,)),
        market.policy,
        rules=(market.rules,),
        now=seen.bar.closed_at(market.timeframe),
    )
    if verdict.action is ActionCode.EXIT:
        shadow = replace(shadow, leaving=shadow.leaving or verdict.reason.label)
    elif verdict.action is ActionCode.AMEND_STOP and verdict.new_stop_price is not None:
        position = replace(position, stop_price=verdict.new_stop_price)
    return replace(shadow, position=position)


def _taken(
    intent: OrderIntent,
    seen: ShadowBar,
    market: ShadowMarket,
    *,
    reference: float,
    trigger: ReasonCode | None = None,
) -> tuple[Fill, ...]:
    """What the order gets of the book made up around ``reference`` in this bar."""
    moment = synthesised(
        intent,
        market.paper,
        market.fills,
        reference=reference,
        volume=seen.previous_volume,
        at=seen.bar.opened_at,
        timeframe=market.timeframe,
    )
    report = OrderReport(order_id=intent.id, state=OrderState.OPEN)
    return take(intent, report, market.paper, moment, trigger=trigger)


def _exit(
    shadow: ShadowTrade, reason: str | None, *, limit_price: Decimal | None = None
) -> OrderIntent:
    position = shadow.position
    assert position is not None  # there is nothing to sell otherwise
    return OrderIntent(
        id=intent_id(f"shadow:{shadow.id}", "exit", position.bars_held),
        venue=shadow.venue,
        symbol=shadow.symbol,
        side=OrderSide.SELL,
        kind=OrderKind.MARKET,
        purpose=Purpose.EXIT,
        quantity=position.quantity,
        reference_price=position.entry_price,
        created_at=position.opened_at,
        origin="desk",
        limit_price=limit_price,
        exit_reason=reason,
    )


def _closed(shadow: ShadowTrade, intent: OrderIntent, fills: tuple[Fill, ...]) -> ShadowTrade:
    """Book what was sold; what the book could not give stays, and its exit goes on."""
    if not fills:
        return shadow
    booked = book_fills(shadow.position, intent, fills)
    trade = booked.trade
    assert trade is not None  # a sale of what is held makes one
    is_over = booked.position is None
    return replace(
        shadow,
        state=ShadowState.CLOSED if is_over else ShadowState.OPEN,
        position=booked.position,
        closed_at=trade.closed_at if is_over else None,
        pnl_quote=shadow.pnl_quote + trade.pnl_quote,
        fees_quote=shadow.fees_quote + trade.fees_quote,
        slippage_quote=shadow.slippage_quote + trade.slippage_quote,
        exit_reason=trade.exit_reason,
        leaving=None if is_over else shadow.leaving,
    )
