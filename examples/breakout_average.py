# ruff: noqa: INP001 - a strategy file stands alone, it is no part of a package
"""The average of four breakouts: a slow, diversified way to follow a trend on daily candles.

For each of 10, 20, 40 and 80 days: was the highest close of that time later than the lowest? Then
the market has broken upwards since, and this horizon votes +1, else −1. The score is the mean of
the votes: −100, −50, 0, +50 or +100.

    enter:  score ≥ +50    three of four horizons point up
    leave:  score ≤ −50    three of four point down; in between, what is held is kept

One horizon is a bet on one speed of trends; the average of four trades less and falls less deep
than any of them. Long or flat, as spot markets allow.

    cryptotrader backtest --strategy examples/breakout_average.py
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.strategy.custom import custom
from engine.strategy.policy import EntryPolicy, ExitPolicy

HORIZONS_DAYS = (10, 20, 40, 80)

type Votes = tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]


def breakout(days: int) -> Callable[[Bars], Votes]:
    """One horizon as a signal: +1 where the highest close is younger than the lowest, else −1.

    A channel that waits for the next break would have to remember the last one, however long ago;
    comparing two ages says nearly the same and needs ``days`` bars only.
    """

    def votes(bars: Bars) -> Votes:
        # The index of the highest and the lowest close among the last ``days``.
        high: npt.NDArray[np.int32] = direct.call("MAXINDEX", bars.close, timeperiod=days)
        low: npt.NDArray[np.int32] = direct.call("MININDEX", bars.close, timeperiod=days)
        side = np.where(high > low, 1, -1).astype(np.int8)
        return side, np.full(len(bars), 100.0)

    return votes


STRATEGY = custom(
    name="breakout_average",
    timeframe="1d",
    signals={f"B{days}": breakout(days) for days in HORIZONS_DAYS},
    warmup_bars=max(HORIZONS_DAYS),
    entry=EntryPolicy(min_rank_fraction=0.0, min_score=50.0),
    # The slow exit is the score. The stop is for the day on which the market falls through
    # everything at once, and sizes the position: half a percent of equity is lost at it.
    exits=ExitPolicy(
        stop_atr_multiple=5.0,
        trailing_atr_multiple=None,
        time_stop_bars=None,
        exit_score=-50.0,
    ),
)
