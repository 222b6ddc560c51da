"""What to do with a position at a close: leave it, follow it with the stop, or hold it.

Order: an exit begun and not finished, the strategy's own exit, the score, time, the
trailing stop. No check stops any of them.
"""

from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.kernel import at_most, floor_count, lean
from engine.strategy.book import Outcome, Row, Slot, Terms
from engine.strategy.packing import ExitNumbers


@lean
def exit_reason(row: Row, slot: Slot, exits: ExitNumbers) -> int:
    """Return why the position should be closed at the next open, or `NONE`."""
    if slot.exiting != ReasonCode.NONE:
        return ReasonCode.EXIT_UNFINISHED.value
    if row.exit_flag:
        return ReasonCode.EXIT_CUSTOM.value
    if at_most(row.score, exits.exit_score):
        return ReasonCode.EXIT_SCORE.value
    if 0 < exits.time_stop_bars <= slot.bars_held:
        return ReasonCode.EXIT_TIME.value
    return ReasonCode.NONE.value


@lean
def trailed_stop(row: Row, slot: Slot, terms: Terms) -> int:
    """Return the stop in ticks that the bar's high allows; never below the present one.

    Only the newest high is needed: the present stop remembers the highest before it.
    """
    if slot.trail_ticks == 0:
        return slot.stop_ticks
    return max(slot.stop_ticks, floor_count(row.high / terms.tick_size) - slot.trail_ticks)


@lean
def judge_position(
    row: Row, slot: Slot, terms: Terms, exits: ExitNumbers, outcome: Outcome
) -> None:
    """Write the outcome of a symbol that is held and whose bar is here."""
    outcome.lots = slot.lots
    outcome.price = row.close
    outcome.stop_ticks = slot.stop_ticks
    outcome.target_ticks = slot.target_ticks
    outcome.trail_ticks = slot.trail_ticks
    outcome.reason = ReasonCode.HOLDING
    if slot.exit_in_flight:
        return
    why = exit_reason(row, slot, exits)
    if why != ReasonCode.NONE:
        outcome.action, outcome.route, outcome.reason = ActionCode.EXIT, RouteCode.AUTO, why
        return
    stop = trailed_stop(row, slot, terms)
    if stop > slot.stop_ticks:
        outcome.action, outcome.route = ActionCode.AMEND_STOP, RouteCode.AUTO
        outcome.reason, outcome.stop_ticks = ReasonCode.TRAIL_STOP, stop
