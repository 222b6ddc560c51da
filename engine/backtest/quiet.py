"""Stretches of bars in which nothing can happen, which is most of them.

A book without positions and waiting entries, and no symbol that proposes one: such a bar only
counts its reasons and repeats the equity. The replay passes over a whole stretch at once; what is
left behind is what bar after bar would have left, as the marks in between would have found an
equity that had not moved.
"""

from engine.backtest.feed import Feed
from engine.backtest.state import State
from engine.domain.reasons import ReasonCode
from engine.kernel import inlined
from engine.risk.drawdown import mark_equity
from engine.strategy.packing import StepPolicy
from engine.strategy.step import idle_reason


@inlined
def reason_at(k: int, i: int, feed: Feed, policy: StepPolicy, state: State) -> int:
    """Return why a flat symbol proposes nothing at place `k`, or `NONE`; its bar is noted."""
    slot, present = state.book.slots[i], feed.present[k]
    if present:
        slot.last_close, slot.last_volume = feed.close[k], feed.volume[k]
    return idle_reason(
        present,
        feed.regime[k],
        feed.score[k],
        feed.rank[k],
        slot.last_close,
        policy.min_rank_fraction,
        policy.min_score,
    )


@inlined
def is_quiet(t: int, feed: Feed, policy: StepPolicy, state: State) -> bool:
    """Count the reasons of a bar in which all symbols are idle; leave no count if one is not."""
    symbols = len(state.book.slots)
    idle = 0
    why = ReasonCode.NONE.value
    while idle < symbols:
        why = reason_at(t * symbols + idle, idle, feed, policy, state)
        if why == ReasonCode.NONE:
            break
        state.decided_count[why] += 1
        if state.log.reason.shape[0] > 0:
            state.log.reason[t, idle] = why
        idle += 1
    if idle < symbols:
        for i in range(idle):
            state.decided_count[reason_at(t * symbols + i, i, feed, policy, state)] -= 1
    return idle == symbols


@inlined
def pass_quiet_bars(start: int, feed: Feed, bar_ms: int, policy: StepPolicy, state: State) -> int:
    """Pass over the bars from `start` that propose nothing; return the first that does.

    Only for a flat book that waits for nothing.
    """
    t = start
    while t < len(feed.open_ms) and is_quiet(t, feed, policy, state):
        t += 1
    if t > start:
        desk = state.book.desk[0]
        state.equity_quote[start:t] = desk.cash_quote
        mark_equity(desk, desk.cash_quote, feed.open_ms[t - 1] + bar_ms, policy.risk)
    return t
