"""What the trade that follows a bar would have come to, for every bar, before costs.

bars and columns → entry at the next open under the strategy's exit plan → stop, target, trail, time
and the strategy's own exits, bar by bar → basis points of the entry price and multiples of the risk

Choices:
- Plan, stop, target, trail and exits are the compiled functions of the desk and the replay. What
  is written here is only their order, which is the replay's: the open, stop and target inside the
  bar, then the close. A test plays single trades through the replay and compares.
- Every bar gets its own trade, as if the book were flat. Neighbouring outcomes therefore overlap:
  whoever averages them must not count them as independent (see ``calibration_cells``).
- A trade that has not ended by the last bar has no outcome (NaN), nor has one whose next bar is
  missing or opens beyond its stop: the desk would not have entered.
- Risk is the distance from the decision's close to the stop, as sizing measures it.
- A short trade is the mirror image of a long one about the decision's close, without the strategy's
  exit rule, which is written for longs. Spot does not open it; it is there to be reported.
- Cost is linear in bars times the bars a trade lasts.
"""

from typing import NamedTuple

import numpy as np

from engine.checks.policy import ApprovalPolicy
from engine.checks.routing import drift_bps
from engine.costs.model import CostNumbers, round_trip, slippage_bps
from engine.domain.reasons import ReasonCode
from engine.domain.values import require
from engine.fills.triggers import protection
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, Ints, Records, at_most, lean, records
from engine.risk.sizing import RiskNumbers
from engine.strategy.book import Outcome, Row, Slot, Terms, new_rows
from engine.strategy.columns import ScoreColumns
from engine.strategy.packing import ExitNumbers
from engine.strategy.signals import Sides
from engine.strategy.step_entry import plan_exits
from engine.strategy.step_exits import exit_reason, trailed_stop

_MAX_DRIFT_BPS = ApprovalPolicy().max_drift_bps


class Outcomes(NamedTuple):
    """Per bar; NaN, −1 and `NONE` where there is no outcome.

    ``bps`` is of the entry price, ``risk_bps`` the distance to the stop likewise, so that their
    quotient is in R. ``left`` is the index of the bar in which the trade ended, ``reason`` why.
    """

    bps: Floats
    risk_bps: Floats
    left: Ints
    reason: Ints

    @property
    def risk_multiple(self) -> Floats:
        """The result in units of the initial risk."""
        return np.asarray(self.bps / self.risk_bps)


class _Tape(NamedTuple):
    """What the compiled loop reads, one element per bar."""

    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    atr: Floats
    score: Floats
    regime: Sides
    exit_flag: Bools


class _Desk(NamedTuple):
    """The records that the decision path works on, one of each."""

    rows: Records[Row]
    slots: Records[Slot]
    outcomes: Records[Outcome]


def follow(
    bars: Bars,
    scored: ScoreColumns,
    terms: Terms,
    exits: ExitNumbers,
    *,
    direction: int = 1,
    exit_flag: Bools | None = None,
    max_drift_bps: float = _MAX_DRIFT_BPS,
) -> Outcomes:
    """Return the outcome of an entry after every scored bar; ``direction`` is 1 or −1.

    ``max_drift_bps`` is the owner's: an open further from the close moves stop and target along.
    """
    require(direction in (-1, 1), "direction", "-1 or 1", direction)
    count = len(bars)
    flags = exit_flag if exit_flag is not None and direction > 0 else np.zeros(count, np.bool_)
    tape = _Tape(
        open_ms=bars.open_ms,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        atr=scored.atr,
        score=np.where(scored.regime < 0, np.nan, direction * scored.score),
        regime=scored.regime,
        exit_flag=flags,
    )
    desk = _Desk(new_rows(1), records(Slot, 1), records(Outcome, 1))
    found = Outcomes(
        bps=np.full(count, np.nan),
        risk_bps=np.full(count, np.nan),
        left=np.full(count, -1, np.int64),
        reason=np.full(count, ReasonCode.NONE.value, np.int64),
    )
    bar_ms = bars.timeframe.ms
    follow_all(_own(tape), direction, terms, exits, bar_ms, max_drift_bps, desk, found)
    return found


def _own(tape: _Tape) -> _Tape:
    """Return every column writeable: compiled code is made for that one layout."""
    return _Tape._make(np.require(column, requirements=("C", "W")) for column in tape)


@lean
def load_bar(tape: _Tape, t: int, direction: int, about: float, row: Row) -> None:
    """Put a bar where the decision path reads it, mirrored about `about` for a short."""
    row.score, row.exit_flag, row.atr = tape.score[t], tape.exit_flag[t], tape.atr[t]
    if direction > 0:
        row.open, row.close = tape.open[t], tape.close[t]
        row.high, row.low = tape.high[t], tape.low[t]
    else:
        row.open, row.close = 2.0 * about - tape.open[t], 2.0 * about - tape.close[t]
        row.high, row.low = 2.0 * about - tape.low[t], 2.0 * about - tape.high[t]


@lean
def open_trade(
    price: float, terms: Terms, max_drift_bps: float, row: Row, slot: Slot, outcome: Outcome
) -> bool:
    """Enter at `price` under the outcome's plan, which moves along as `recheck` moves it."""
    shift = 0
    if not at_most(drift_bps(row.close, price), max_drift_bps):
        shift = round((price - row.close) / terms.tick_size)
    slot.stop_ticks = max(1, outcome.stop_ticks + shift)
    slot.target_ticks = outcome.target_ticks + shift if outcome.target_ticks > 0 else 0
    slot.trail_ticks = outcome.trail_ticks
    slot.bars_held = 0
    slot.exiting = ReasonCode.NONE
    return not at_most(price / terms.tick_size, slot.stop_ticks)


@lean
def follow_one(
    t: int,
    tape: _Tape,
    direction: int,
    terms: Terms,
    exits: ExitNumbers,
    bar_ms: int,
    max_drift_bps: float,
    desk: _Desk,
    found: Outcomes,
) -> None:
    """Write the outcome of the trade that follows bar `t`."""
    row, slot, outcome = desk.rows[0], desk.slots[0], desk.outcomes[0]
    count, about = len(tape.open_ms), tape.close[t]
    load_bar(tape, t, direction, about, row)
    if t + 1 >= count or tape.open_ms[t + 1] != tape.open_ms[t] + bar_ms or not row.atr > 0.0:
        return
    plan_exits(row, terms, exits, outcome)
    distance = row.close - outcome.stop_ticks * terms.tick_size
    paid = tape.open[t + 1]
    entry = paid if direction > 0 else 2.0 * about - paid
    if not distance > 0.0 or not open_trade(entry, terms, max_drift_bps, row, slot, outcome):
        return
    for j in range(t + 1, count):
        load_bar(tape, j, direction, about, row)
        hit = protection(
            slot.stop_ticks, slot.target_ticks, row.open, row.high, row.low, terms.tick_size
        )
        slot.bars_held += 1
        reason, left, price = hit.kind, j, hit.price
        if reason == ReasonCode.NONE:
            reason, left = exit_reason(row, slot, exits), j + 1
            if reason != ReasonCode.NONE:
                if left == count:
                    return
                price = tape.open[left] if direction > 0 else 2.0 * about - tape.open[left]
        if reason != ReasonCode.NONE:
            found.bps[t] = (price - entry) / paid * 1e4
            found.risk_bps[t] = distance / paid * 1e4
            found.left[t], found.reason[t] = left, reason
            return
        slot.stop_ticks = trailed_stop(row, slot, terms)


@lean
def follow_all(
    tape: _Tape,
    direction: int,
    terms: Terms,
    exits: ExitNumbers,
    bar_ms: int,
    max_drift_bps: float,
    desk: _Desk,
    found: Outcomes,
) -> None:
    """Write the outcome of the trade that follows each scored bar."""
    for t in range(len(tape.open_ms)):
        if tape.regime[t] >= 0:
            follow_one(t, tape, direction, terms, exits, bar_ms, max_drift_bps, desk, found)


def expected_costs(
    found: Outcomes,
    scored: ScoreColumns,
    terms: Terms,
    costs: CostNumbers,
    risk: RiskNumbers,
    *,
    equity_quote: float,
) -> Floats:
    """Return the round trip's cost per bar in basis points, at the size of a fixed fraction.

    NaN where volume or volatility is unknown: the desk refuses such an entry.
    """
    expected = np.full(len(found.bps), np.nan)
    cost_all(
        found.risk_bps,
        scored.adv_quote,
        scored.sigma_day,
        terms,
        costs,
        risk,
        equity_quote,
        expected,
    )
    return expected


@lean
def cost_all(
    risk_bps: Floats,
    adv_quote: Floats,
    sigma_day: Floats,
    terms: Terms,
    costs: CostNumbers,
    risk: RiskNumbers,
    equity_quote: float,
    expected: Floats,
) -> None:
    """Price every trade at the size that loses the fixed fraction at its stop, within the limit."""
    for t in range(len(risk_bps)):
        if risk_bps[t] > 0.0:
            share = min(risk.risk_fraction * 1e4 / risk_bps[t], risk.max_symbol_fraction)
            slippage = slippage_bps(share * equity_quote, adv_quote[t], sigma_day[t], np.nan, costs)
            expected[t] = round_trip(
                terms.taker_fee_bps, terms.half_spread_bps, slippage, costs
            ).total_bps
