"""What happens to orders inside one bar: exits and entries at its open, then stops and targets.

Where finer bars of it are known, a stop and a target meet those, one after the other.

Exits fill before entries, as reducing orders do on the desk, so their cash is there. Automatic
entries fill before those that a person must answer, each kind in the order of its decisions; each
passes `recheck` at the open it would fill at, as the desk's gateway makes it pass. An entry that
the recheck changed is asked of the modelled person; it expires when the first one would have.
"""

import math

from engine.backtest.account import (
    close_position,
    forget_entry,
    market_of,
    open_position,
)
from engine.backtest.finer import Finer
from engine.backtest.state import ApprovalNumbers, Lane, State
from engine.checks.routing import RoutingNumbers, cooldown_after_refusal
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.fills.book import (
    BUY,
    SELL,
    FillNumbers,
    adverse_ticks,
    executed,
    fill_market,
)
from engine.fills.chance import uniform
from engine.fills.triggers import Trigger, protection
from engine.kernel import Records, at_most, lean
from engine.strategy.book import Slot, Terms
from engine.strategy.packing import StepPolicy
from engine.strategy.step_recheck import Recheck, recheck


@lean
def fill_exit(
    i: int,
    terms: Terms,
    open_ms: int,
    routing: RoutingNumbers,
    fills: FillNumbers,
    state: State,
) -> None:
    """Sell a position whose exit was decided at the last close, at this bar's open."""
    slot, row = state.book.slots[i], state.rows[i]
    execution = fill_market(
        SELL, slot.lots, row.open, slot.last_volume, open_ms, market_of(terms), fills
    )
    slot.exit_in_flight = False
    close_position(i, execution, slot.exiting, open_ms, routing, state)


@lean
def fill_protection(
    i: int,
    trigger: Trigger,
    terms: Terms,
    open_ms: int,
    close_ms: int,
    routing: RoutingNumbers,
    fills: FillNumbers,
    state: State,
) -> None:
    """Sell at the stop or the target; the moment inside the bar counts as its close.

    `open_ms` and `close_ms` are those of the finest bar in which it was met.
    """
    slot = state.book.slots[i]
    market = market_of(terms)
    reason = trigger.kind
    if trigger.kind == ReasonCode.STOP_HIT:
        execution = fill_market(
            SELL, slot.lots, trigger.price, slot.last_volume, open_ms, market, fills
        )
        if slot.stop_ticks > slot.initial_stop_ticks:
            reason = ReasonCode.TRAILING_STOP_HIT.value
    else:
        ticks = adverse_ticks(SELL, trigger.price, market.tick_size)
        execution = executed(ticks, slot.lots, trigger.price, market.maker_fee_bps, market)
    close_position(i, execution, reason, close_ms, routing, state)


@lean
def first_met(at: int, slot: Slot, tick_size: float, finer: Finer) -> int:
    """Return which finer bar of bar `t` first meets a stop or a target, or -1 if none is known."""
    if finer.begin.shape[0] > 0:
        for k in range(finer.begin[at], finer.end[at]):
            met = protection(
                slot.stop_ticks,
                slot.target_ticks,
                finer.open[k],
                finer.high[k],
                finer.low[k],
                tick_size,
            )
            if met.kind != ReasonCode.NONE:
                return k
    return -1


@lean
def protect(
    at: int,
    i: int,
    open_ms: int,
    close_ms: int,
    terms: Terms,
    finer: Finer,
    routing: RoutingNumbers,
    fills: FillNumbers,
    state: State,
) -> None:
    """Let a position's stop and target meet the bar, and its finer bars if it met one."""
    slot, row = state.book.slots[i], state.rows[i]
    met = protection(
        slot.stop_ticks, slot.target_ticks, row.open, row.high, row.low, terms.tick_size
    )
    if met.kind == ReasonCode.NONE:
        return
    k = first_met(at, slot, terms.tick_size, finer)
    if k >= 0:
        met = protection(
            slot.stop_ticks,
            slot.target_ticks,
            finer.open[k],
            finer.high[k],
            finer.low[k],
            terms.tick_size,
        )
        open_ms = finer.open_ms[k]
        close_ms = open_ms + finer.bar_ms[i]
    fill_protection(i, met, terms, open_ms, close_ms, routing, fills, state)


@lean
def approved(lane: Lane, terms: Terms, approval: ApprovalNumbers) -> bool:
    """Draw the modelled person's answer to this round of the question."""
    draw = uniform(approval.seed, terms.symbol_key, lane.decided_ms, lane.rounds)
    return draw < approval.probability


@lean
def refused_by_person(
    lane: Lane, terms: Terms, policy: StepPolicy, approval: ApprovalNumbers
) -> int:
    """Return why an asked entry is not wanted: too late, or said no; `NONE` if it is."""
    if not lane.asks:
        return ReasonCode.NONE.value
    if lane.due_ms - lane.asked_ms >= policy.routing.expires_after_ms:
        return ReasonCode.QUESTION_EXPIRED.value
    if not approved(lane, terms, approval):
        return ReasonCode.NOT_APPROVED.value
    return ReasonCode.NONE.value


@lean
def drop_entry(i: int, reason: int, now_ms: int, policy: StepPolicy, state: State) -> None:
    """Let a waiting entry come to nothing; a person's no lets the symbol rest."""
    slot = state.book.slots[i]
    state.later_count[reason] += 1
    if reason == ReasonCode.QUESTION_EXPIRED or reason == ReasonCode.NOT_APPROVED:  # noqa: PLR1714 (a set allocates)
        slot.cooldown_until_ms = cooldown_after_refusal(now_ms, policy.routing)
    forget_entry(slot, state.lanes[i])


@lean
def buy(i: int, terms: Terms, open_ms: int, fills: FillNumbers, state: State) -> int:
    """Fill an entry at the open if the cash is there; return why not, or `NONE`."""
    slot, row, desk = state.book.slots[i], state.rows[i], state.book.desk[0]
    execution = fill_market(
        BUY, slot.pending_lots, row.open, slot.last_volume, open_ms, market_of(terms), fills
    )
    if execution.lots == 0:
        return ReasonCode.NO_DEPTH.value
    if not at_most(execution.notional_quote + execution.fee_quote, desk.cash_quote):
        return ReasonCode.INSUFFICIENT_FUNDS.value
    open_position(slot, state.lanes[i], desk, state.tally[0], execution, open_ms)
    forget_entry(slot, state.lanes[i])
    return ReasonCode.NONE.value


@lean
def ask_afresh(
    i: int, check: Recheck, open_ms: int, bar_ms: int, approval: ApprovalNumbers, state: State
) -> None:
    """Turn a waiting entry into a fresh question with the numbers of the recheck."""
    slot, lane = state.book.slots[i], state.lanes[i]
    state.later_count[check.reason] += 1
    slot.pending_lots, slot.pending_price = check.lots, check.price
    slot.pending_stop_ticks = check.stop_ticks
    slot.pending_target_ticks = check.target_ticks
    lane.asks = True
    lane.rounds += 1
    lane.due_ms = open_ms + approval.delay_bars * bar_ms


@lean
def try_entry(
    i: int,
    markets: Records[Terms],
    open_ms: int,
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    approval: ApprovalNumbers,
    state: State,
) -> bool:
    """Take a due entry to its end; return False if it was asked afresh and still waits."""
    lane, row, terms = state.lanes[i], state.rows[i], markets[i]
    why = refused_by_person(lane, terms, policy, approval)
    if why == ReasonCode.NONE:
        price = row.open if row.present and lane.due_ms == open_ms else math.nan
        check = recheck(i, price, markets, state.book, policy, state.decided)
        if check.status == RecheckCode.REFUSED:
            why = check.reason
        elif check.status == RecheckCode.CHANGED:
            was_asked = lane.asks
            ask_afresh(i, check, open_ms, bar_ms, approval, state)
            if approval.delay_bars > 0 or not was_asked:
                return False
            why = refused_by_person(lane, terms, policy, approval)
    if why == ReasonCode.NONE:
        why = buy(i, terms, open_ms, fills, state)
    if why != ReasonCode.NONE:
        drop_entry(i, why, open_ms, policy, state)
    return True


@lean
def fill_some(
    asked: bool,  # noqa: FBT001 (compiled code takes no keywords)
    markets: Records[Terms],
    open_ms: int,
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    approval: ApprovalNumbers,
    state: State,
) -> None:
    """Try the due entries that ask a person, or those that do not, and keep all others.

    Kept ones stay in order; automatic ones that became questions follow them.
    """
    tally, changed = state.tally[0], state.decided.order  # free until the next `step`
    kept, fresh = 0, 0
    for k in range(tally.queued):
        i = state.queue[k]
        if state.lanes[i].asks != asked or state.lanes[i].due_ms > open_ms:
            state.queue[kept] = i
            kept += 1
        elif not try_entry(i, markets, open_ms, bar_ms, policy, fills, approval, state):
            changed[fresh] = i
            fresh += 1
    for k in range(fresh):
        state.queue[kept + k] = changed[k]
    tally.queued = kept + fresh


@lean
def fill_entries(
    markets: Records[Terms],
    open_ms: int,
    bar_ms: int,
    policy: StepPolicy,
    fills: FillNumbers,
    approval: ApprovalNumbers,
    state: State,
) -> None:
    """Try the entries that are due: automatic ones at once, then those a person has answered."""
    for turn in range(2):
        fill_some(turn == 1, markets, open_ms, bar_ms, policy, fills, approval, state)
