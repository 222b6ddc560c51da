"""What sizing, costs and calibration need to know of each bar, beside the signals.

bars → ATR, regime, daily volatility, daily volume. All of it is causal, and all but the ATR is made
of plain windows, so that it forgets what lies further back than ``LOOKBACK_BARS`` at once.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars, Floats
from engine.kernel import compiled
from engine.strategy.signals import Sides

REGIMES = ("range-calm", "range-wild", "trend-calm", "trend-wild")
"""Names of the regime numbers 0–3: 2 for a trend, plus 1 when wild."""

ATR_LENGTH = 14
LOOKBACK_BARS = 200
_DAYS = 20
_TREND_BARS = 50
_TREND_EFFICIENCY = 0.15
_WILD_BARS = 20


class MarketColumns(NamedTuple):
    """Per bar; NaN (regime −1) while warming up.

    ``atr``: average true range 14 in quote currency. ``regime``: index into ``REGIMES``.
    ``sigma_day``: standard deviation of daily log returns, a fraction. ``adv_quote``: mean volume
    of a day in quote currency.
    """

    atr: Floats
    regime: Sides
    sigma_day: Floats
    adv_quote: Floats


def market_columns(bars: Bars) -> MarketColumns:
    """Compute all four; see each function for its formula."""
    lookback = lookback_bars(bars.bars_per_day)
    logs = np.log(bars.close)
    changes = np.full(len(bars), np.nan)
    np.subtract(logs[1:], logs[:-1], out=changes[1:])
    deviation: Floats = direct.call("STDDEV", changes, timeperiod=lookback, nbdev=1)
    turnover = direct.mean(bars.volume * bars.close, lookback)
    return MarketColumns(
        atr=direct.atr(bars.high, bars.low, bars.close, ATR_LENGTH),
        regime=regime(bars),
        sigma_day=np.multiply(deviation, math.sqrt(bars.bars_per_day), out=deviation),
        adv_quote=np.multiply(turnover, bars.bars_per_day, out=turnover),
    )


def lookback_bars(bars_per_day: float) -> int:
    """Bars behind daily volatility and volume: twenty days, but never more than 200 bars.

    Below 1h that is less than a day, so both then follow the time of day.
    """
    return min(round(_DAYS * bars_per_day), LOOKBACK_BARS)


def regime(bars: Bars) -> Sides:
    """Trend or range, calm or wild, as an index into ``REGIMES``; −1 while warming up.

    Trend: Kaufman's efficiency ratio over 50 bars (net change ÷ sum of absolute changes; about
    1/√50 = 0.14 on a random walk) is at least 0.15. Wild: the mean true range of the last 20 bars,
    as a fraction of the close before, is at least its mean over the last 200. Both compare a market
    with itself and split the reference data near the middle.
    """
    path: Floats = direct.call("SUM", _steps(bars.close), timeperiod=_TREND_BARS)
    size = direct.true_range(bars.high, bars.low, bars.close)
    size[1:] /= bars.close[:-1]
    now, usual = direct.mean(size, _WILD_BARS), direct.mean(size, LOOKBACK_BARS)
    return _numbered(bars.close, path, now, usual)


@compiled
def _steps(close: Floats) -> Floats:
    """Absolute changes of the close; NaN at bar 0."""
    steps = np.full(close.size, np.nan)
    for i in range(1, close.size):
        steps[i] = abs(close[i] - close[i - 1])
    return steps


@compiled
def _numbered(close: Floats, path: Floats, now: Floats, usual: Floats) -> Sides:
    numbers = np.full(close.size, -1, np.int8)
    for i in range(_TREND_BARS, close.size):
        if not np.isnan(usual[i]):
            net = abs(close[i] - close[i - _TREND_BARS])
            trend = path[i] > 0.0 and net >= _TREND_EFFICIENCY * path[i]
            numbers[i] = 2 * trend + (now[i] >= usual[i])
    return numbers
