"""The figures of one variant, from its equity at the end of each day and its trades."""

import numpy as np

from engine.backtest.state import State
from engine.kernel import Floats, lean

FIGURES = (
    "final_equity",
    "return_fraction",
    "sharpe",
    "max_drawdown_fraction",
    "trades",
    "win_rate_fraction",
    "profit_factor",
)
UNFINISHED = -1.0
"""In place of the trades, where the list of trades was too short."""

TRADES = FIGURES.index("trades")

_SMALLEST_DEVIATION = 1e-12


@lean
def change(before: float, now: float) -> float:
    """Return the change of equity as a fraction; an account at 0 has nothing left to change."""
    return now / before - 1.0 if before != 0.0 else 0.0


@lean
def summarise(
    start: float, days_per_year: float, daily: Floats, state: State, figures: Floats
) -> None:
    """Write the figures of a finished replay; what has no meaning is NaN."""
    days = len(daily)
    mean, before, peak, depth = 0.0, start, start, 0.0
    for d in range(days):
        mean += change(before, daily[d])
        before = daily[d]
        peak = max(peak, daily[d])
        depth = max(depth, 1.0 - daily[d] / peak)
    mean /= days
    squares, before = 0.0, start
    for d in range(days):
        squares += (change(before, daily[d]) - mean) ** 2
        before = daily[d]
    deviation = np.sqrt(squares / (days - 1)) if days > 1 else 0.0
    count, won, gained, lost = state.tally[0].trades, 0, 0.0, 0.0
    for k in range(count):
        pnl = state.trades[k].pnl_quote
        won += pnl > 0.0
        gained += max(pnl, 0.0)
        lost += max(-pnl, 0.0)
    figures[0], figures[1] = daily[days - 1], daily[days - 1] / start - 1.0
    figures[2] = np.nan
    if deviation > _SMALLEST_DEVIATION:
        figures[2] = mean / deviation * np.sqrt(days_per_year)
    figures[3], figures[4] = depth, count
    figures[5] = won / count if count > 0 else np.nan
    figures[6] = gained / lost if lost > 0.0 else np.nan
