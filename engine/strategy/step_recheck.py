"""Does a decided entry still stand? Asked at a person's press, before a submit, and at the fill.

The plan is read from the slot's `pending_*`; price, balance, limits and brakes are those of now.
The answer is one of: `OK` (at the size and price decided), `CHANGED` (a fresh question with the
price and size given here), `REFUSED`. Stop and target keep their distance when the price has
drifted, so the amount at risk does not grow.

Limits were measured with headroom for the drift, so within it a size shrinks only if something else
has used the limit meanwhile.
"""

from typing import NamedTuple

from engine.checks.routing import drift_bps
from engine.domain.reasons import ReasonCode, RecheckCode, RuleCode
from engine.kernel import Records, at_most, lean
from engine.risk.clamps import meets_minimum
from engine.risk.drawdown import lost_fraction
from engine.risk.sizing import RiskNumbers
from engine.strategy.book import Book, Decided, Desk, Slot, Terms, lot_quote, open_budget
from engine.strategy.packing import StepPolicy
from engine.strategy.step_entry import clamp_reason, clamp_size


class Recheck(NamedTuple):
    """`status` is a `RecheckCode`, `reason` a `ReasonCode`, `NONE` if it stands; then the plan."""

    status: int
    reason: int
    lots: int
    price: float
    stop_ticks: int
    target_ticks: int


@lean
def standing_reason(price: float, slot: Slot, terms: Terms, desk: Desk) -> int:
    """Return why an entry may not happen now whatever its size, or `NONE`; NaN is no price."""
    if not price > 0.0:
        return ReasonCode.NO_FRESH_PRICE.value
    if desk.killed:
        return ReasonCode.KILLED.value
    if desk.paused:
        return ReasonCode.DESK_PAUSED.value
    if terms.rule == RuleCode.DENY:
        return ReasonCode.SYMBOL_DENIED.value
    if slot.lots > 0:
        return ReasonCode.DUPLICATE.value
    if desk.daily_paused:
        return ReasonCode.DAILY_LOSS_REACHED.value
    return ReasonCode.DRAWDOWN_LATCHED.value if desk.drawdown_latched else ReasonCode.NONE.value


@lean
def brake_reason(equity_quote: float, desk: Desk, risk: RiskNumbers) -> int:
    """Return the brake that the equity of now would pull, or `NONE`; a close makes it last."""
    day_loss = lost_fraction(desk.day_start_equity_quote, equity_quote)
    if not at_most(day_loss, risk.max_daily_loss_fraction):
        return ReasonCode.DAILY_LOSS_REACHED.value
    drawdown = lost_fraction(desk.peak_equity_quote, equity_quote)
    if not at_most(drawdown, risk.max_drawdown_fraction):
        return ReasonCode.DRAWDOWN_LATCHED.value
    return ReasonCode.NONE.value


@lean
def refused(reason: int, slot: Slot, price: float) -> Recheck:
    """Return the refusal with the plan as it was."""
    return Recheck(
        RecheckCode.REFUSED.value,
        reason,
        slot.pending_lots,
        price,
        slot.pending_stop_ticks,
        slot.pending_target_ticks,
    )


@lean
def recheck(
    i: int,
    price: float,
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    decided: Decided,
) -> Recheck:
    """Look again at the pending entry of symbol `i` at `price`, NaN where there is no fresh one.

    `decided` serves as scratch space; its outcomes are not touched.
    """
    slot, terms = book.slots[i], markets[i]
    why = standing_reason(price, slot, terms, book.desk[0])
    if why != ReasonCode.NONE:
        return refused(why, slot, price)
    open_budget(markets, book, policy, decided, i)
    why = brake_reason(decided.budget[0].equity_quote, book.desk[0], policy.risk)
    if why != ReasonCode.NONE:
        return refused(why, slot, price)
    drifted = not at_most(drift_bps(slot.pending_price, price), policy.routing.max_drift_bps)
    shift = round((price - slot.pending_price) / terms.tick_size) if drifted else 0
    stop = max(1, slot.pending_stop_ticks + shift)
    if at_most(price / terms.tick_size, stop):
        return refused(ReasonCode.STOP_PASSED.value, slot, price)
    wanted = slot.pending_lots
    if not meets_minimum(wanted, lot_quote(terms, price), terms.min_lots, terms.min_notional_quote):
        return refused(ReasonCode.BELOW_MINIMUM.value, slot, price)
    lots = clamp_size(i, wanted, price, slot.last_volume, terms, policy, decided)
    why = clamp_reason(i, price, terms, decided)
    if why != ReasonCode.NONE:
        return refused(why, slot, price)
    target = slot.pending_target_ticks + shift if slot.pending_target_ticks > 0 else 0
    if drifted:
        return Recheck(
            RecheckCode.CHANGED.value, ReasonCode.PRICE_DRIFTED.value, lots, price, stop, target
        )
    if lots < wanted:
        return Recheck(
            RecheckCode.CHANGED.value, ReasonCode.SIZE_SHRUNK.value, lots, price, stop, target
        )
    return Recheck(
        RecheckCode.OK.value, ReasonCode.NONE.value, lots, slot.pending_price, stop, target
    )
