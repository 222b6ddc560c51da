"""What the limits remember: the day's start, the peak, and the two brakes.

A daily loss pauses entries until 00:00 UTC; a drawdown from the peak latches until a person
re-arms. Losing exactly the limit is inside it.
"""

from typing import Protocol

from engine.kernel import at_most, lean
from engine.risk.sizing import RiskNumbers

DAY_MS = 86_400_000


class RiskMemory(Protocol):
    """The fields that these rules read and write; `engine.strategy.book.Desk` has them."""

    equity_quote: float
    day: int
    day_start_equity_quote: float
    entries_today: int
    daily_paused: bool
    peak_equity_quote: float
    drawdown_latched: bool


@lean
def lost_fraction(from_quote: float, to_quote: float) -> float:
    """Return the loss between two equities as a share of the first; a gain is 0."""
    if not from_quote > 0.0:
        return 0.0
    return max(0.0, (from_quote - to_quote) / from_quote)


@lean
def roll_day(memory: RiskMemory, now_ms: int) -> None:
    """Begin a new UTC day at the equity last marked: count and daily brake start afresh."""
    day = now_ms // DAY_MS
    if day != memory.day:
        memory.day = day
        memory.day_start_equity_quote = memory.equity_quote
        memory.entries_today = 0
        memory.daily_paused = False


@lean
def mark_equity(memory: RiskMemory, equity_quote: float, now_ms: int, risk: RiskNumbers) -> None:
    """Take note of the equity at a close and apply both brakes."""
    memory.equity_quote = equity_quote
    roll_day(memory, now_ms)
    memory.peak_equity_quote = max(memory.peak_equity_quote, equity_quote)
    if not at_most(
        lost_fraction(memory.day_start_equity_quote, equity_quote), risk.max_daily_loss_fraction
    ):
        memory.daily_paused = True
    if not at_most(
        lost_fraction(memory.peak_equity_quote, equity_quote), risk.max_drawdown_fraction
    ):
        memory.drawdown_latched = True
