"""When a resting order meets a bar, and at which price; the worse order of events is assumed.

- A stop is touched by `low <= stop`. Opened beyond it, it fills at the open (a gap), else at the
  stop. Either way it then walks the book as a market order.
- A limit fills when price trades *through* it, so a mere touch does not count; opened beyond it,
  it is marketable and gets the open, the better price.
- A bar that holds both a stop and a target, with neither decided at the open, is a stop.
"""

from typing import NamedTuple

from engine.domain.reasons import ReasonCode
from engine.fills.book import BUY
from engine.kernel import at_most, lean

_NEARLY = 1.0 + 1e-6  # wider than the tolerance of `at_most` from one tick upwards


class Trigger(NamedTuple):
    """`kind` is `STOP_HIT`, `TARGET_HIT` or `NONE`; `price` is the fill's reference price."""

    kind: int
    price: float


@lean
def protection(
    stop_ticks: int, target_ticks: int, open_: float, high: float, low: float, tick_size: float
) -> Trigger:
    """Tell what becomes of a long position's stop and target in one bar; 0 ticks is no order."""
    open_ticks, high_ticks, low_ticks = open_ / tick_size, high / tick_size, low / tick_size
    if stop_ticks > 0 and at_most(open_ticks, stop_ticks):
        return Trigger(ReasonCode.STOP_HIT.value, open_)
    if target_ticks > 0 and not at_most(open_ticks, target_ticks):
        return Trigger(ReasonCode.TARGET_HIT.value, open_)
    if stop_ticks > 0 and at_most(low_ticks, stop_ticks):
        return Trigger(ReasonCode.STOP_HIT.value, stop_ticks * tick_size)
    if target_ticks > 0 and not at_most(high_ticks, target_ticks):
        return Trigger(ReasonCode.TARGET_HIT.value, target_ticks * tick_size)
    return Trigger(ReasonCode.NONE.value, 0.0)


@lean
def clear_of(stop_ticks: int, target_ticks: int, high: float, low: float, tick_size: float) -> bool:
    """Tell, without a division, that `protection` finds nothing; false where it comes close.

    Most bars of a position touch neither, and three divisions are most of what such a bar costs.
    """
    return low > stop_ticks * tick_size * _NEARLY and (
        target_ticks == 0 or high < target_ticks * tick_size
    )


@lean
def limit_price(
    side: int, limit_ticks: int, open_: float, high: float, low: float, tick_size: float
) -> float:
    """Return the price at which a resting limit order fills in this bar, or 0 if it does not."""
    limit = limit_ticks * tick_size
    if side == BUY:
        if not at_most(limit_ticks, open_ / tick_size):
            return open_
        return 0.0 if at_most(limit_ticks, low / tick_size) else limit
    if not at_most(open_ / tick_size, limit_ticks):
        return open_
    return 0.0 if at_most(high / tick_size, limit_ticks) else limit
