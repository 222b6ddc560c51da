"""An entry through its checks: the first that fails refuses it, the rest are not reached.

Order, each with its value and limit on record: kill switch, desk paused, data fresh, symbol rule,
cooldown, duplicate, daily count, daily loss, drawdown, risk size, clamps, cost at that size, net
edge; then the route. What is granted is taken from the budget before the next symbol is looked at.
"""

import math

from engine.checks.routing import entry_reason
from engine.costs.model import round_trip, slippage_bps
from engine.domain.reasons import (
    ActionCode,
    CheckCode,
    ClampCode,
    ReasonCode,
    RouteCode,
    RuleCode,
    VerdictCode,
)
from engine.kernel import Records, at_most, ceil_count, floor_count, lean
from engine.risk.clamps import meets_minimum, within_count, within_room, within_volume
from engine.risk.drawdown import lost_fraction
from engine.risk.sizing import lots_at_risk, risk_budget_quote
from engine.strategy.book import (
    N_CHECKS,
    N_CLAMPS,
    Book,
    Decided,
    Desk,
    Outcome,
    Row,
    Slot,
    Terms,
    lot_cash,
    lot_quote,
    take_from_budget,
    with_headroom,
)
from engine.strategy.packing import ExitNumbers, StepPolicy


@lean
def note(
    decided: Decided,
    i: int,
    check: int,
    value: float,
    limit: float,
    ok: bool,  # noqa: FBT001 (see above)
) -> bool:
    """Record one check and return whether it passed."""
    decided.check_value[i, check] = value
    decided.check_limit[i, check] = limit
    decided.check_verdict[i, check] = VerdictCode.PASSED if ok else VerdictCode.FAILED
    return ok


@lean
def note_count(decided: Decided, i: int, check: int, value: int, limit: int) -> bool:
    """Record a check of whole numbers: at most the limit passes."""
    return note(decided, i, check, float(value), float(limit), value <= limit)


@lean
def standing_refusal(
    i: int, row: Row, slot: Slot, terms: Terms, desk: Desk, now_ms: int, decided: Decided
) -> int:
    """Make the checks that need no size; return the reason of the first that fails, or `NONE`."""
    if not note_count(decided, i, CheckCode.KILL_SWITCH.value, int(desk.killed), 0):
        return ReasonCode.KILLED.value
    if not note_count(decided, i, CheckCode.DESK_PAUSED.value, int(desk.paused), 0):
        return ReasonCode.DESK_PAUSED.value
    if not note_count(decided, i, CheckCode.DATA_FRESH.value, int(not row.present), 0):
        return ReasonCode.DATA_LATE.value
    if not note_count(decided, i, CheckCode.DATA_FRESH.value, int(row.blocked), 0):
        return ReasonCode.DATA_QUARANTINED.value
    if not note_count(decided, i, CheckCode.SYMBOL_RULE.value, terms.rule, RuleCode.ASK.value):
        return ReasonCode.SYMBOL_DENIED.value
    if terms.rule == RuleCode.ASK:
        decided.check_verdict[i, CheckCode.SYMBOL_RULE.value] = VerdictCode.ASK
    rest_ms = max(0, slot.cooldown_until_ms - now_ms)
    if not note_count(decided, i, CheckCode.COOLDOWN.value, rest_ms, 0):
        return ReasonCode.COOLING_DOWN.value
    if not note_count(decided, i, CheckCode.DUPLICATE.value, int(slot.pending_lots > 0), 0):
        return ReasonCode.DUPLICATE.value
    return ReasonCode.NONE.value


@lean
def loss_refusal(i: int, desk: Desk, policy: StepPolicy, decided: Decided) -> int:
    """Check the day's count and both brakes; return the reason of the first failure, or `NONE`."""
    entries = decided.budget[0].entries_today + 1
    most = policy.routing.max_entries_per_day
    if not note_count(decided, i, CheckCode.DAILY_COUNT.value, entries, most):
        return ReasonCode.DAILY_COUNT_REACHED.value
    day_loss = lost_fraction(desk.day_start_equity_quote, desk.equity_quote)
    limit = policy.risk.max_daily_loss_fraction
    if not note(decided, i, CheckCode.DAILY_LOSS.value, day_loss, limit, not desk.daily_paused):
        return ReasonCode.DAILY_LOSS_REACHED.value
    drawdown = lost_fraction(desk.peak_equity_quote, desk.equity_quote)
    limit = policy.risk.max_drawdown_fraction
    if not note(decided, i, CheckCode.DRAWDOWN.value, drawdown, limit, not desk.drawdown_latched):
        return ReasonCode.DRAWDOWN_LATCHED.value
    return ReasonCode.NONE.value


@lean
def plan_exits(row: Row, terms: Terms, exits: ExitNumbers, outcome: Outcome) -> None:
    """Set stop, target and trail in ticks, from the close and the average true range."""
    close_ticks, atr_ticks = row.close / terms.tick_size, row.atr / terms.tick_size
    outcome.stop_ticks = max(1, floor_count(close_ticks - exits.stop_atr_multiple * atr_ticks))
    outcome.target_ticks = outcome.trail_ticks = 0
    if exits.target_atr_multiple > 0.0:
        outcome.target_ticks = ceil_count(close_ticks + exits.target_atr_multiple * atr_ticks)
    if exits.trailing_atr_multiple > 0.0:
        outcome.trail_ticks = max(1, ceil_count(exits.trailing_atr_multiple * atr_ticks))


@lean
def size_refusal(i: int, row: Row, terms: Terms, policy: StepPolicy, decided: Decided) -> int:
    """Size the entry by its stop; return the reason if that gives nothing to trade, or `NONE`."""
    outcome, equity = decided.outcomes[i], decided.budget[0].equity_quote
    limit = policy.risk.max_risk_fraction * equity
    if not row.atr > 0.0:
        note(decided, i, CheckCode.RISK_SIZE.value, 0.0, limit, False)  # noqa: FBT003 (as `note`)
        return ReasonCode.NO_STOP_DISTANCE.value
    plan_exits(row, terms, policy.exits, outcome)
    distance = row.close - outcome.stop_ticks * terms.tick_size
    outcome.risk_quote = risk_budget_quote(
        equity, distance, row.atr, row.win_probability, row.payoff, policy.risk
    )
    outcome.lots = lots_at_risk(outcome.risk_quote, distance, terms.lot_size)
    funded = outcome.risk_quote > 0.0
    tradable = meets_minimum(
        outcome.lots, lot_quote(terms, row.close), terms.min_lots, terms.min_notional_quote
    )
    if note(decided, i, CheckCode.RISK_SIZE.value, outcome.risk_quote, limit, funded and tradable):
        return ReasonCode.NONE.value
    return ReasonCode.BELOW_MINIMUM.value if funded else ReasonCode.NO_RISK_BUDGET.value


@lean
def clamp_size(
    i: int,
    lots: int,
    price: float,
    volume: float,
    terms: Terms,
    policy: StepPolicy,
    decided: Decided,
) -> int:
    """Shrink `lots` by every limit at `price`, record each clamp, and return what is left."""
    budget, risk, unit = decided.budget[0], policy.risk, lot_quote(terms, price)
    equity = budget.equity_quote
    for clamp in range(N_CLAMPS):
        decided.clamp_before[i, clamp] = lots
        if clamp == ClampCode.SYMBOL_NOTIONAL:
            lots = within_room(lots, risk.max_symbol_fraction * equity, unit)
        elif clamp == ClampCode.EXPOSURE:
            room = risk.max_exposure_fraction * equity - budget.exposure_quote
            lots = within_room(lots, room, unit)
        elif clamp == ClampCode.OPEN_POSITIONS:
            lots = within_count(lots, budget.positions, risk.max_open_positions)
        elif clamp == ClampCode.CLUSTER:
            room = risk.max_cluster_fraction * equity - decided.cluster_quote[terms.cluster]
            lots = within_room(lots, room, unit)
        elif clamp == ClampCode.LIQUIDITY:
            lots = within_volume(lots, volume, terms.lot_size, risk.max_bar_volume_fraction)
        else:
            lots = within_room(lots, budget.free_cash_quote, lot_cash(terms, price))
        decided.clamp_after[i, clamp] = lots
    return lots


@lean
def clamp_reason(i: int, price: float, terms: Terms, decided: Decided) -> int:
    """Return the clamp that took the size below the venue's minimum at `price`, or `NONE`."""
    unit = lot_quote(terms, price)
    if meets_minimum(
        decided.clamp_after[i, N_CLAMPS - 1], unit, terms.min_lots, terms.min_notional_quote
    ):
        return ReasonCode.NONE.value  # a clamp never raises: what the last left, all left
    for clamp in range(N_CLAMPS):
        after = decided.clamp_after[i, clamp]
        if not meets_minimum(
            after, lot_quote(terms, price), terms.min_lots, terms.min_notional_quote
        ):
            return ReasonCode.SYMBOL_NOTIONAL_FULL.value + clamp
    return ReasonCode.NONE.value


@lean
def clamp_refusal(
    i: int, row: Row, slot: Slot, terms: Terms, policy: StepPolicy, decided: Decided
) -> int:
    """Clamp the size; return the reason if what is left cannot be traded, or `NONE`."""
    outcome = decided.outcomes[i]
    price = with_headroom(row.close, policy)
    outcome.lots = clamp_size(i, outcome.lots, price, slot.last_volume, terms, policy, decided)
    outcome.notional_quote = outcome.lots * lot_quote(terms, row.close)
    outcome.risk_quote = (
        outcome.lots * terms.lot_size * (row.close - outcome.stop_ticks * terms.tick_size)
    )
    why = clamp_reason(i, row.close, terms, decided)
    least = max(float(terms.min_lots), terms.min_notional_quote / lot_quote(terms, row.close))
    note(decided, i, CheckCode.CLAMPS.value, float(outcome.lots), least, why == ReasonCode.NONE)
    return why


@lean
def cost_refusal(i: int, row: Row, terms: Terms, policy: StepPolicy, decided: Decided) -> int:
    """Price the round trip at the size; return the reason if it is unknown or too dear."""
    outcome = decided.outcomes[i]
    slippage = slippage_bps(
        outcome.notional_quote, row.adv_quote, row.sigma_day, row.book_slippage_bps, policy.costs
    )
    cost = round_trip(terms.taker_fee_bps, terms.half_spread_bps, slippage, policy.costs)
    outcome.fee_bps, outcome.spread_bps = cost.fee_bps, cost.spread_bps
    outcome.slippage_bps, outcome.funding_bps = cost.slippage_bps, cost.funding_bps
    outcome.transfer_bps, outcome.cost_bps = cost.transfer_bps, cost.total_bps
    most = policy.costs.max_cost_bps
    if note(decided, i, CheckCode.COST.value, cost.total_bps, most, at_most(cost.total_bps, most)):
        return ReasonCode.NONE.value
    unknown = math.isnan(cost.total_bps)
    return ReasonCode.COST_UNKNOWN.value if unknown else ReasonCode.COST_TOO_HIGH.value


@lean
def edge_refusal(i: int, row: Row, policy: StepPolicy, decided: Decided) -> int:
    """Hold the measured edge after costs against its minimum; an unmeasured one is `UNKNOWN`."""
    outcome, least = decided.outcomes[i], policy.routing.min_net_edge_bps
    if not row.calibrated:
        outcome.net_edge_bps = outcome.net_edge_low_bps = math.nan
        note(decided, i, CheckCode.NET_EDGE.value, math.nan, least, True)  # noqa: FBT003 (as `note`)
        decided.check_verdict[i, CheckCode.NET_EDGE.value] = VerdictCode.UNKNOWN
        return ReasonCode.NONE.value
    outcome.net_edge_bps = row.edge_bps - outcome.cost_bps
    low = outcome.net_edge_low_bps = row.edge_low_bps - outcome.cost_bps
    enough = at_most(least, low)
    note(decided, i, CheckCode.NET_EDGE.value, low, least, enough)
    return ReasonCode.NONE.value if enough else ReasonCode.EDGE_TOO_SMALL.value


@lean
def first_refusal(
    i: int,
    row: Row,
    terms: Terms,
    book: Book,
    policy: StepPolicy,
    now_ms: int,
    decided: Decided,
) -> int:
    """Make all checks in order; return the reason of the first that fails, or `NONE`."""
    slot, desk = book.slots[i], book.desk[0]
    why = standing_refusal(i, row, slot, terms, desk, now_ms, decided)
    if why == ReasonCode.NONE:
        why = loss_refusal(i, desk, policy, decided)
    if why == ReasonCode.NONE:
        why = size_refusal(i, row, terms, policy, decided)
    if why == ReasonCode.NONE:
        why = clamp_refusal(i, row, slot, terms, policy, decided)
    if why == ReasonCode.NONE:
        why = cost_refusal(i, row, terms, policy, decided)
    if why == ReasonCode.NONE:
        why = edge_refusal(i, row, policy, decided)
    return why


@lean
def forget(i: int, price: float, decided: Decided) -> None:
    """Clear what an earlier close left in a symbol's place."""
    outcome = decided.outcomes[i]
    outcome.proposed = True
    outcome.price = price
    outcome.lots = outcome.stop_ticks = outcome.target_ticks = outcome.trail_ticks = 0
    outcome.notional_quote = outcome.risk_quote = 0.0
    outcome.fee_bps = outcome.spread_bps = outcome.slippage_bps = math.nan
    outcome.funding_bps = outcome.transfer_bps = outcome.cost_bps = math.nan
    outcome.net_edge_bps = outcome.net_edge_low_bps = math.nan
    for check in range(N_CHECKS):
        decided.check_value[i, check] = decided.check_limit[i, check] = math.nan
        decided.check_verdict[i, check] = VerdictCode.NOT_REACHED
    for clamp in range(N_CLAMPS):
        decided.clamp_before[i, clamp] = decided.clamp_after[i, clamp] = 0


@lean
def judge_entry(
    i: int,
    rows: Records[Row],
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    now_ms: int,
    decided: Decided,
) -> None:
    """Write the outcome of a proposed entry and, if it is granted, take it from the budget."""
    row, terms, outcome = rows[i], markets[i], decided.outcomes[i]
    forget(i, row.close, decided)
    fresh = row.present and not row.blocked
    outcome.action = ActionCode.ENTER if fresh else ActionCode.NONE
    outcome.route = RouteCode.REFUSE
    outcome.reason = first_refusal(i, row, terms, book, policy, now_ms, decided)
    if outcome.reason != ReasonCode.NONE:
        return
    outcome.reason = entry_reason(
        outcome.notional_quote,
        decided.budget[0].equity_quote,
        terms.rule,
        row.calibrated,
        row.caution,
        policy.routing,
    )
    if outcome.reason == ReasonCode.UNCALIBRATED_REFUSED:
        return
    automatic = outcome.reason == ReasonCode.ENTER_AUTO
    outcome.route = RouteCode.AUTO if automatic else RouteCode.ASK
    take_from_budget(terms, outcome.lots, with_headroom(row.close, policy), decided)
