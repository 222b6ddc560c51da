"""The cash account of the replay: executions in, positions, cash and trades out.

Every change of cash is rounded to 1e-8 as the ledger's is; a fee or a payment of funding enters the
result once: with the trade whose fill or hold it belongs to. Hence the invariant: final equity =
start + profit of all trades + open profit.
"""

from engine.backtest.state import Lane, State, Tally
from engine.checks.routing import RoutingNumbers, cooldown_after_exit
from engine.costs.model import BPS
from engine.domain.reasons import ReasonCode
from engine.fills.book import Execution, Market
from engine.kernel import lean, round_quote
from engine.strategy.book import Desk, Slot, Terms


@lean
def market_of(terms: Terms) -> Market:
    """Return what the fill model needs to know of a market."""
    return Market(
        terms.tick_size,
        terms.lot_size,
        terms.half_spread_bps,
        terms.maker_fee_bps,
        terms.taker_fee_bps,
        terms.symbol_key,
    )


@lean
def count_fill(execution: Execution, tally: Tally) -> None:
    """Add a fill to the running sums."""
    tally.fills += 1
    tally.fees_quote += execution.fee_quote
    tally.slippage_quote += execution.slippage_quote
    tally.traded_quote += execution.notional_quote


@lean
def open_position(
    slot: Slot, lane: Lane, desk: Desk, tally: Tally, execution: Execution, filled_ms: int
) -> None:
    """Turn a filled entry into a position under its plan."""
    desk.cash_quote = round_quote(desk.cash_quote - execution.notional_quote - execution.fee_quote)
    desk.entries_today += 1
    slot.lots = execution.lots
    slot.entry_notional_quote = execution.notional_quote
    slot.entry_fee_quote = execution.fee_quote
    slot.entry_slippage_quote = execution.slippage_quote
    slot.opened_ms = filled_ms
    slot.initial_stop_ticks = slot.stop_ticks = slot.pending_stop_ticks
    slot.target_ticks = slot.pending_target_ticks
    slot.trail_ticks = slot.pending_trail_ticks
    slot.bars_held = 0
    slot.exiting = ReasonCode.NONE
    slot.exit_in_flight = False
    lane.funding_quote = 0.0
    tally.held += 1
    count_fill(execution, tally)


@lean
def pay_funding(
    value_quote: float, funding_bps: float, lane: Lane, desk: Desk, tally: Tally
) -> None:
    """Charge a long that is worth `value_quote` at the close; a negative rate is received.

    It is owed whether or not there is cash: cash below zero is a debt, and buys nothing.
    """
    paid = round_quote(value_quote * funding_bps / BPS)
    desk.cash_quote = round_quote(desk.cash_quote - paid)
    lane.funding_quote += paid
    tally.funding_quote += paid


@lean
def close_position(
    i: int,
    execution: Execution,
    reason: int,
    filled_ms: int,
    routing: RoutingNumbers,
    state: State,
) -> None:
    """Book the filled part of an exit as a trade; what is left stays a position.

    A part carries its share of the entry's notional, fee and funding, rounded; the last part the
    rest.
    """
    slot, desk, lane = state.book.slots[i], state.book.desk[0], state.lanes[i]
    tally = state.tally[0]
    if execution.lots == 0:
        state.later_count[ReasonCode.NO_DEPTH.value] += 1
        return
    whole = execution.lots == slot.lots
    notional = slot.entry_notional_quote
    fee = slot.entry_fee_quote
    slippage, funding = slot.entry_slippage_quote, lane.funding_quote
    if not whole:
        share = execution.lots / slot.lots
        notional, fee = round_quote(notional * share), round_quote(fee * share)
        slippage, funding = slippage * share, round_quote(funding * share)
    pnl = execution.notional_quote - execution.fee_quote - notional - fee - funding
    desk.cash_quote = round_quote(desk.cash_quote + execution.notional_quote - execution.fee_quote)
    count_fill(execution, tally)
    trade = state.trades[tally.trades]
    tally.trades += 1
    trade.symbol = i
    trade.decided_bar = lane.decided_bar
    trade.opened_ms, trade.closed_ms = slot.opened_ms, filled_ms
    trade.lots = execution.lots
    trade.entry_notional_quote = notional
    trade.exit_notional_quote = execution.notional_quote
    trade.fees_quote = fee + execution.fee_quote
    trade.slippage_quote = slippage + execution.slippage_quote
    trade.funding_quote, trade.pnl_quote = funding, pnl
    trade.reason, trade.route, trade.bars_held = reason, lane.route, slot.bars_held
    trade.score, trade.regime = lane.score, lane.regime
    slot.lots -= execution.lots
    slot.entry_notional_quote -= notional
    slot.entry_fee_quote -= fee
    slot.entry_slippage_quote -= slippage
    lane.funding_quote -= funding
    if whole:
        tally.held -= 1
        lane.funding_quote = 0.0
        slot.entry_notional_quote = slot.entry_fee_quote = slot.entry_slippage_quote = 0.0
        slot.stop_ticks = slot.target_ticks = slot.trail_ticks = 0
        slot.exiting, slot.exit_in_flight = ReasonCode.NONE, False
        slot.cooldown_until_ms = cooldown_after_exit(filled_ms, pnl, routing)


@lean
def forget_entry(slot: Slot, lane: Lane) -> None:
    """Clear a waiting entry that was filled or came to nothing."""
    slot.pending_lots = 0
    lane.asks = False
