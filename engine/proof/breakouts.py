"""The yardstick: the average of four breakouts, long or flat, scaled by volatility.

closes → for 10, 20, 40 and 80 days: long from a close above all of the days before, flat from one
below all of them → mean of the four, divided by volatility → returns after costs, by day

A strategy that cannot beat this adds only work. It uses the same bars as the strategy it is held
against, trades at the close after which it decides, and pays the same rate on every change. What it
holds is scaled so that each symbol is meant to contribute the same volatility.
"""

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, compiled
from engine.proof.daily import DAY_MS, calendar
from engine.proof.ground import Ground

HORIZONS_DAYS = (10, 20, 40, 80)
COST_BPS = 12.5
_TARGET_DAY = 0.10 / np.sqrt(365.25)
_VOLATILITY_DAYS = 30
_MOST = 1.0  # of a symbol's share: nothing is borrowed


def breakout_average(ground: Ground, *, start_ms: int, end_ms: int) -> Floats:
    """Return the daily returns of the yardstick in `[start_ms, end_ms)`, days without bars as 0."""
    first, count = calendar(start_ms, end_ms)
    total = np.zeros(count)
    listed = np.zeros(count)
    for bars in ground.bars:
        held = _held(bars)
        change = np.concatenate(([0.0], bars.close[1:] / bars.close[:-1] - 1.0))
        before = np.concatenate(([0.0], held[:-1]))
        cost = np.abs(np.diff(held, prepend=0.0)) * COST_BPS / 1e4
        day = bars.open_ms // DAY_MS - first
        inside = (day >= 0) & (day < count)
        np.add.at(total, day[inside], (before * change - cost)[inside])
        listed[np.unique(day[inside])] += 1.0
    returns: Floats = total / np.maximum(listed, 1.0)
    return returns


def _held(bars: Bars) -> Floats:
    """Share of a symbol's money that is held after each close, 0 to 1."""
    per_day = bars.bars_per_day
    states = [_breakout(bars, round(days * per_day)) for days in HORIZONS_DAYS]
    length = round(_VOLATILITY_DAYS * per_day)
    change = np.diff(np.log(bars.close), prepend=np.nan)
    deviation: Floats = direct.call("STDDEV", change, timeperiod=length, nbdev=1)
    sigma: Floats = deviation * np.sqrt(per_day)
    scale = np.minimum(_MOST, _TARGET_DAY / np.where(sigma > 0, sigma, np.inf))
    mean: Floats = np.mean(states, axis=0)
    held: Floats = mean * np.nan_to_num(scale)
    return held


def _breakout(bars: Bars, length: int) -> Floats:
    high = direct.before(direct.highest(bars.close, length))
    low = direct.before(direct.lowest(bars.close, length))
    return _state(bars.close > high, bars.close < low)


@compiled
def _state(enter: Bools, leave: Bools) -> Floats:
    state = np.zeros(enter.size)
    inside = 0.0
    for i in range(enter.size):
        if enter[i]:
            inside = 1.0
        elif leave[i]:
            inside = 0.0
        state[i] = inside
    return state
