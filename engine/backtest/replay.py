"""The replay loop: bars in, trades and equity out, decided by the desk's own parts of `step`.

Each bar, in this order: the UTC day may begin; exits, then entries decided earlier fill at the
open; stops and targets meet the bar, funding is paid, everything is marked at the close; each
symbol is settled or proposed, proposals are judged. A decision made at a close fills at the next
open at the earliest, and nothing reads a bar before it closed.

The loop is compiled and stops only when the list of trades is full, which `replay` then doubles.
Cost is linear in bars times symbols. Most bars of most symbols decide nothing, so what they cost is
what the loop costs: a symbol that is flat and proposes nothing is asked for its reason straight
from the feed and its bar is not copied; a book without positions or waiting entries skips the
orders; a flat book whose equity has not moved since the day's last mark is not marked again; all
columns are read flat, so that one place `k` serves them all. None of that changes a result.
"""

from collections.abc import Sequence

import numpy as np

from engine.backtest.account import pay_funding
from engine.backtest.feed import Feed, flattened
from engine.backtest.orders import fill_entries, fill_exit, protect
from engine.backtest.quiet import pass_quiet_bars, reason_at
from engine.backtest.state import (
    ApprovalModel,
    ApprovalNumbers,
    State,
    TradeRow,
    new_state,
    pack_approval,
)
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.fills.book import FillNumbers
from engine.fills.triggers import clear_of
from engine.kernel import Records, inlined, lean, records, round_quote
from engine.risk.drawdown import DAY_MS, mark_equity, roll_day
from engine.strategy.book import Row, Terms, lot_quote
from engine.strategy.crossing import LastBar
from engine.strategy.packing import StepPolicy
from engine.strategy.step import judge_entries, settle_held


@lean
def load_bar(k: int, feed: Feed, row: Row) -> None:
    """Put what orders and exits need of the bar at place `k` where they read it."""
    row.present = feed.present[k]
    row.open, row.high = feed.open[k], feed.high[k]
    row.low, row.close = feed.low[k], feed.close[k]
    row.volume, row.score = feed.volume[k], feed.score[k]
    row.exit_flag = feed.exit_flag.shape[0] > 0 and feed.exit_flag[k]


@lean
def load_row(k: int, feed: Feed, row: Row) -> None:
    """Put a whole bar where the judgement of an entry reads it."""
    load_bar(k, feed, row)
    row.rank_fraction = feed.rank[k]
    row.atr, row.regime = feed.atr[k], feed.regime[k]
    row.sigma_day, row.adv_quote = feed.sigma_day[k], feed.adv_quote[k]
    if feed.edge_bps.shape[0] > 0:
        row.edge_bps, row.edge_low_bps = feed.edge_bps[k], feed.edge_low_bps[k]
        row.win_probability, row.payoff = feed.win_probability[k], feed.payoff[k]
        row.calibrated = not np.isnan(row.edge_low_bps)


@lean
def rearm_if_due(
    t: int,
    before_ms: int,
    at_open: bool,  # noqa: FBT001 (compiled code takes no keywords)
    feed: Feed,
    markets: Records[Terms],
    approval: ApprovalNumbers,
    state: State,
) -> None:
    """Let the modelled person re-arm if it is time before `before_ms`.

    The peak becomes the equity of that moment, as `ControlDesk.rearm` sees it: positions at the
    open of the bar that holds the moment, or, in a hole of the timeline, at their last closes.
    """
    desk, tally = state.book.desk[0], state.tally[0]
    if approval.rearm_after_ms < 0 or tally.latched_ms + approval.rearm_after_ms >= before_ms:
        return
    equity = desk.cash_quote
    for i in range(len(markets)):
        slot = state.book.slots[i]
        if slot.lots > 0:
            here = at_open and feed.present[t * len(markets) + i]
            price = feed.open[t * len(markets) + i] if here else slot.last_close
            equity += slot.lots * lot_quote(markets[i], price)
    desk.drawdown_latched = False
    desk.peak_equity_quote = round_quote(equity)
    tally.rearms += 1


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
    """Begin the bar: the day, the bars of symbols with orders, what fills at the open."""
    open_ms = feed.open_ms[t]
    roll_day(state.book.desk[0], open_ms)
    for i in range(len(markets)):
        slot = state.book.slots[i]
        if slot.lots > 0 or slot.pending_lots > 0:
            load_bar(t * len(markets) + i, feed, state.rows[i])
            if slot.exit_in_flight and state.rows[i].present:
                fill_exit(i, markets[i], open_ms, policy.routing, fills, state)
    if state.tally[0].queued > 0:
        fill_entries(markets, open_ms, bar_ms, policy, fills, approval, state)


@inlined
def hold_one(
    k: int,
    i: int,
    open_ms: int,
    close_ms: int,
    terms: Terms,
    feed: Feed,
    policy: StepPolicy,
    fills: FillNumbers,
    state: State,
) -> None:
    """Take one position through its bar at place `k`: stop and target, then the close."""
    row, slot = state.rows[i], state.book.slots[i]
    if not clear_of(slot.stop_ticks, slot.target_ticks, row.high, row.low, terms.tick_size):
        protect(k, i, open_ms, close_ms, terms, feed.finer, policy.routing, fills, state)
    slot.bars_held += 1
    slot.last_close, slot.last_volume = row.close, row.volume
    if feed.funding_bps.shape[0] > 0 and slot.lots > 0:
        value = slot.lots * lot_quote(terms, row.close)
        pay_funding(value, feed.funding_bps[k], state.lanes[i], state.book.desk[0], state.tally[0])


@inlined
def hold_bar(
    t: int,
    feed: Feed,
    markets: Records[Terms],
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    state: State,
) -> float:
    """Take all positions through the bar; return what they are worth at its close."""
    open_ms, exposure = feed.open_ms[t], 0.0
    for i in range(len(markets)):
        slot, terms = state.book.slots[i], markets[i]
        if slot.lots > 0:
            if state.rows[i].present:
                k = t * len(markets) + i
                hold_one(k, i, open_ms, open_ms + bar_ms, terms, feed, policy, fills, state)
            exposure += slot.lots * lot_quote(terms, slot.last_close)
    return exposure


@inlined
def mark_bar(
    t: int, exposure_quote: float, close_ms: int, policy: StepPolicy, state: State
) -> None:
    """Mark the book at the close; a mark that would change nothing is left out."""
    desk, tally = state.book.desk[0], state.tally[0]
    equity = desk.cash_quote + exposure_quote
    if tally.held > 0 or equity != desk.equity_quote or close_ms // DAY_MS != desk.day:
        was_latched = desk.drawdown_latched
        mark_equity(desk, equity, close_ms, policy.risk)
        if desk.drawdown_latched and not was_latched:
            tally.latched_ms = close_ms
    state.equity_quote[t] = equity
    state.exposure_quote[t] = exposure_quote


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
    lane.score, lane.regime = state.rows[i].score, state.rows[i].regime
    lane.due_ms = close_ms + (approval.delay_bars * bar_ms if lane.asks else 0)
    tally = state.tally[0]
    state.queue[tally.queued] = i
    tally.queued += 1


@inlined
def note_outcome(
    t: int, i: int, action: int, route: int, reason: int, lots: int, state: State
) -> None:
    """Count what was decided for a symbol, and keep it if decisions are kept."""
    state.decided_count[reason] += 1
    if state.log.action.shape[0] > 0:
        state.log.action[t, i], state.log.route[t, i] = action, route
        state.log.reason[t, i], state.log.lots[t, i] = reason, lots


@inlined
def settle_bar(
    t: int, feed: Feed, markets: Records[Terms], policy: StepPolicy, state: State
) -> int:
    """Settle positions and idle symbols as `step` does; return how many entries are proposed."""
    proposals = 0
    for i in range(len(markets)):
        slot, outcome = state.book.slots[i], state.decided.outcomes[i]
        if slot.lots > 0:
            settle_held(state.rows[i], slot, markets[i], policy, outcome)
            if outcome.action == ActionCode.EXIT:
                slot.exit_in_flight = True
                if slot.exiting == ReasonCode.NONE:
                    slot.exiting = outcome.reason
            elif outcome.action == ActionCode.AMEND_STOP:
                slot.stop_ticks = outcome.stop_ticks
            note_outcome(t, i, outcome.action, outcome.route, outcome.reason, outcome.lots, state)
            continue
        why = reason_at(t * len(markets) + i, i, feed, policy, state)
        if why != ReasonCode.NONE:
            note_outcome(t, i, ActionCode.NONE, RouteCode.NONE, why, 0, state)
        else:
            load_row(t * len(markets) + i, feed, state.rows[i])
            state.decided.order[proposals] = i
            proposals += 1
    return proposals


@inlined
def decide_bar(
    t: int,
    feed: Feed,
    markets: Records[Terms],
    bar_ms: int,
    policy: StepPolicy,
    approval: ApprovalNumbers,
    state: State,
) -> None:
    """Decide for all symbols at the close and send what was granted."""
    close_ms = feed.open_ms[t] + bar_ms
    proposals = settle_bar(t, feed, markets, policy, state)
    judge_entries(proposals, state.rows, markets, state.book, policy, close_ms, state.decided)
    for k in range(proposals):
        i = state.decided.order[k]
        one = state.decided.outcomes[i]
        note_outcome(t, i, one.action, one.route, one.reason, one.lots, state)
        if one.route != RouteCode.REFUSE:
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
    desk, tally = state.book.desk[0], state.tally[0]
    t = start
    while t < len(feed.open_ms) and tally.trades <= room:
        if tally.held == 0 and tally.queued == 0 and not desk.drawdown_latched:
            t = pass_quiet_bars(t, feed, bar_ms, policy, state)
            if t == len(feed.open_ms):
                break
        open_ms, exposure = feed.open_ms[t], 0.0
        if desk.drawdown_latched:
            rearm_if_due(t, open_ms, False, feed, markets, approval, state)  # noqa: FBT003 (as above)
        if tally.held > 0 or tally.queued > 0:
            open_bar(t, feed, markets, bar_ms, policy, fills, approval, state)
        if desk.drawdown_latched:
            rearm_if_due(t, open_ms + bar_ms, True, feed, markets, approval, state)  # noqa: FBT003 (as above)
        if tally.held > 0:
            exposure = hold_bar(t, feed, markets, bar_ms, policy, fills, state)
        mark_bar(t, exposure, open_ms + bar_ms, policy, state)
        decide_bar(t, feed, markets, bar_ms, policy, approval, state)
        t += 1
    return t


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
    numbers = pack_approval(approval or ApprovalModel())
    state = new_state(len(feed.open_ms), len(markets), cash_quote, keep_log=keep_log)
    for row in (state.rows[i] for i in range(len(markets))):
        row.book_slippage_bps = row.edge_bps = row.edge_low_bps = np.nan
        row.win_probability = row.payoff = np.nan
    for i, bar in enumerate(before):
        if bar is not None:
            state.book.slots[i].last_close, state.book.slots[i].last_volume = bar.close, bar.volume
    flat = flattened(feed)
    done = run_bars(0, flat, markets, bar_ms, policy, fills, numbers, state)
    while done < len(feed.open_ms):
        state = state._replace(trades=_doubled(state.trades))
        done = run_bars(done, flat, markets, bar_ms, policy, fills, numbers, state)
    return state


def _doubled(trades: Records[TradeRow]) -> Records[TradeRow]:
    """Return a list of trades with as much room again."""
    more = records(TradeRow, 2 * len(trades))
    np.asarray(more)[: len(trades)] = np.asarray(trades)
    return more
