"""The replay loop: bars in, trades and equity out, decided by the desk's own `step`.

Each bar, in this order: the UTC day may begin; exits, then entries decided earlier fill at the
open; stops and targets meet the bar; everything is marked at the close; `step` decides. A decision
made at a close fills at the next open at the earliest, and nothing reads a bar before it closed.

The loop is compiled and stops only when the list of trades is full, which `replay` then doubles.
Cost is linear in bars times symbols.
"""

from collections.abc import Sequence

import numpy as np

from engine.backtest.feed import Feed
from engine.backtest.orders import fill_entries, fill_exit, fill_protection
from engine.backtest.state import (
    ApprovalModel,
    ApprovalNumbers,
    State,
    TradeRow,
    new_state,
)
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.fills.book import FillNumbers
from engine.fills.triggers import protection
from engine.kernel import Records, inlined, lean, records
from engine.risk.drawdown import mark_equity, roll_day
from engine.strategy.book import Row, Terms, lot_quote
from engine.strategy.crossing import LastBar
from engine.strategy.packing import StepPolicy
from engine.strategy.step import step


@lean
def load_row(t: int, i: int, feed: Feed, row: Row) -> None:
    """Put one bar of the feed where `step` reads it."""
    row.present = feed.present[t, i]
    row.open, row.high = feed.open[t, i], feed.high[t, i]
    row.low, row.close = feed.low[t, i], feed.close[t, i]
    row.volume = feed.volume[t, i]
    row.score, row.rank_fraction = feed.score[t, i], feed.rank[t, i]
    row.atr, row.regime = feed.atr[t, i], feed.regime[t, i]
    row.sigma_day, row.adv_quote = feed.sigma_day[t, i], feed.adv_quote[t, i]
    row.exit_flag = feed.exit_flag.shape[0] > 0 and feed.exit_flag[t, i]
    if feed.edge_bps.shape[0] > 0:
        row.edge_bps, row.edge_low_bps = feed.edge_bps[t, i], feed.edge_low_bps[t, i]
        row.win_probability, row.payoff = feed.win_probability[t, i], feed.payoff[t, i]
        row.calibrated = not np.isnan(row.edge_low_bps)


@inlined
def open_bar(
    t: int,
    feed: Feed,
    markets: Records[Terms],
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    approval: ApprovalNumbers,
    state: State,
) -> None:
    """Begin the bar: the day, the rows, the orders that fill at its open."""
    open_ms = feed.open_ms[t]
    roll_day(state.book.desk[0], open_ms)
    for i in range(len(markets)):
        load_row(t, i, feed, state.rows[i])
        if state.book.slots[i].exit_in_flight and state.rows[i].present:
            fill_exit(i, markets[i], open_ms, policy.routing, fills, state)
    if state.tally[0].queued > 0:
        fill_entries(markets, open_ms, bar_ms, policy, fills, approval, state)


@inlined
def close_bar(
    t: int,
    feed: Feed,
    markets: Records[Terms],
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    state: State,
) -> None:
    """End the bar: stops and targets inside it, then the marks at its close."""
    open_ms, close_ms = feed.open_ms[t], feed.open_ms[t] + bar_ms
    exposure = 0.0
    for i in range(len(markets)):
        row, slot = state.rows[i], state.book.slots[i]
        if row.present:
            if slot.lots > 0:
                trigger = protection(
                    slot.stop_ticks,
                    slot.target_ticks,
                    row.open,
                    row.high,
                    row.low,
                    markets[i].tick_size,
                )
                if trigger.kind != ReasonCode.NONE:
                    fill_protection(
                        i, trigger, markets[i], open_ms, close_ms, policy.routing, fills, state
                    )
                slot.bars_held += 1
            slot.last_close, slot.last_volume = row.close, row.volume
        if slot.lots > 0:
            exposure += slot.lots * lot_quote(markets[i], slot.last_close)
    desk = state.book.desk[0]
    mark_equity(desk, desk.cash_quote + exposure, close_ms, policy.risk)
    state.equity_quote[t] = desk.equity_quote
    state.exposure_quote[t] = exposure


@lean
def send_entry(
    i: int, t: int, close_ms: int, bar_ms: int, approval: ApprovalNumbers, state: State
) -> None:
    """Put a granted entry into the queue; a question takes the modelled person's time."""
    outcome, slot, lane = state.decided.outcomes[i], state.book.slots[i], state.lanes[i]
    slot.pending_lots, slot.pending_price = outcome.lots, outcome.price
    slot.pending_stop_ticks = outcome.stop_ticks
    slot.pending_target_ticks = outcome.target_ticks
    slot.pending_trail_ticks = outcome.trail_ticks
    lane.route, lane.rounds = outcome.route, 0
    lane.asks = outcome.route == RouteCode.ASK
    lane.asked_ms = lane.decided_ms = close_ms
    lane.decided_bar = t
    lane.due_ms = close_ms + (approval.delay_bars * bar_ms if lane.asks else 0)
    tally = state.tally[0]
    state.queue[tally.queued] = i
    tally.queued += 1


@inlined
def act(
    t: int, proposals: int, close_ms: int, bar_ms: int, approval: ApprovalNumbers, state: State
) -> None:
    """Turn the outcomes of `step` into orders, and count them."""
    for i in range(len(state.rows)):
        outcome, slot = state.decided.outcomes[i], state.book.slots[i]
        state.decided_count[outcome.reason] += 1
        if outcome.action == ActionCode.EXIT:
            slot.exit_in_flight = True
            if slot.exiting == ReasonCode.NONE:
                slot.exiting = outcome.reason
        elif outcome.action == ActionCode.AMEND_STOP:
            slot.stop_ticks = outcome.stop_ticks
        if state.log.action.shape[0] > 0:
            state.log.action[t, i], state.log.route[t, i] = outcome.action, outcome.route
            state.log.reason[t, i], state.log.lots[t, i] = outcome.reason, outcome.lots
    for k in range(proposals):
        i = state.decided.order[k]
        if state.decided.outcomes[i].route != RouteCode.REFUSE:
            send_entry(i, t, close_ms, bar_ms, approval, state)


@lean
def run_bars(
    start: int,
    feed: Feed,
    markets: Records[Terms],
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    approval: ApprovalNumbers,
    state: State,
) -> int:
    """Play bars from `start` until the end or until a bar's trades might not fit; return where."""
    room = len(state.trades) - 2 * len(markets)  # at most an exit and a stop per symbol and bar
    for t in range(start, len(feed.open_ms)):
        if state.tally[0].trades > room:
            return t
        open_bar(t, feed, markets, bar_ms, policy, fills, approval, state)
        close_bar(t, feed, markets, bar_ms, policy, fills, state)
        close_ms = feed.open_ms[t] + bar_ms
        proposals = step(state.rows, markets, state.book, policy, close_ms, state.decided)
        act(t, proposals, close_ms, bar_ms, approval, state)
    return len(feed.open_ms)


def replay(
    feed: Feed,
    markets: Records[Terms],
    *,
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    cash_quote: float,
    approval: ApprovalModel | None = None,
    before: Sequence[LastBar | None] = (),
    keep_log: bool = False,
) -> State:
    """Play the whole feed from a flat book with `cash_quote`; return everything written down.

    `before` is the last bar of every symbol ahead of the feed, `None` where there is none.
    """
    person = approval or ApprovalModel()
    numbers = ApprovalNumbers(person.probability, person.delay_bars, person.seed)
    state = new_state(len(feed.open_ms), len(markets), cash_quote, keep_log=keep_log)
    for row in (state.rows[i] for i in range(len(markets))):
        row.book_slippage_bps = row.edge_bps = row.edge_low_bps = np.nan
        row.win_probability = row.payoff = np.nan
    for i, bar in enumerate(before):
        if bar is not None:
            state.book.slots[i].last_close, state.book.slots[i].last_volume = bar.close, bar.volume
    done = run_bars(0, feed, markets, bar_ms, policy, fills, numbers, state)
    while done < len(feed.open_ms):
        state = state._replace(trades=_doubled(state.trades))
        done = run_bars(done, feed, markets, bar_ms, policy, fills, numbers, state)
    return state


def _doubled(trades: Records[TradeRow]) -> Records[TradeRow]:
    """Return a list of trades with as much room again."""
    more = records(TradeRow, 2 * len(trades))
    np.asarray(more)[: len(trades)] = np.asarray(trades)
    return more
