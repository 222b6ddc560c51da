"""Made-up one-minute candles for benchmarks, the same on every machine.

seed → normal draws → GARCH(1,1) returns → closes, opens, highs, lows, volumes → columns.

The returns are a GARCH(1,1) process with α = 0.08, β = 0.90 and a long-run deviation of 8 basis
points a minute (Bollerslev 1986), less half the variance, so that the price has no drift. The order
of the draws is part of the format: expected trades are known for seed 7.
"""

import math
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.domain.market import CandleSeries, Timeframe
from engine.indicators.bars import Bars
from engine.kernel import Floats, compiled

YEAR_BARS = 525_600
SEED = 7

_VARIANCE = 6.4e-7
_ALPHA, _BETA = 0.08, 0.90
_START_PRICE = 100.0
_OPEN_NOISE = 2e-5
_WICK = 0.4
_USUAL_DEVIATION = 8e-4
_PLACES = 4
_FIRST_MS = 1_672_531_200_000  # 2023-01-01
_COLUMNS = ("open_ms", "open", "high", "low", "close", "volume")


def make_bars(count: int, seed: int = SEED) -> Bars:
    """``count`` one-minute bars from 2023 on; prices to 4 places, volume in base units to 3."""
    draw = np.random.default_rng(seed)
    returns, variance = _garch(draw.standard_normal(count))
    deviation = np.sqrt(variance)
    close = _START_PRICE * np.exp(np.cumsum(returns - 0.5 * variance))
    open_ = np.full(count, _START_PRICE)
    open_[1:] = close[:-1] * (1.0 + _OPEN_NOISE * draw.standard_normal(count - 1))
    above, below = (np.abs(draw.standard_normal(count)) * deviation * _WICK for _ in range(2))
    high = np.round(np.maximum(open_, close) * (1.0 + above), _PLACES)
    low = np.round(np.minimum(open_, close) * (1.0 - below), _PLACES)
    volume = np.exp(draw.standard_normal(count) * 0.5 + 3.0) * (deviation / _USUAL_DEVIATION)
    open_, close = np.round(open_, _PLACES), np.round(close, _PLACES)
    return Bars(
        timeframe=Timeframe.M1,
        open_ms=_FIRST_MS + np.arange(count, dtype=np.int64) * Timeframe.M1.ms,
        open=open_,
        high=np.maximum(high, np.maximum(open_, close)),
        low=np.minimum(low, np.minimum(open_, close)),
        close=close,
        volume=np.round(volume, 3),
    )


def save_bars(bars: Bars, path: Path, **more: Floats) -> None:
    """Write the columns, and more of them, as ``.npz``, which any engine's process can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {name: getattr(bars, name) for name in _COLUMNS}
    np.savez(path, **columns, **more)  # type: ignore[arg-type]  # its one option is named otherwise


def load_bars(path: Path) -> Bars:
    """Read what ``save_bars`` wrote."""
    with np.load(path) as stored:
        return Bars(timeframe=Timeframe.M1, **{name: stored[name] for name in _COLUMNS})


def series_of(bars: Bars) -> CandleSeries:
    """Return the bars as the domain keeps candles."""
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    opened, high, low, close, volume = (array("d", column.tobytes()) for column in prices)
    return CandleSeries(
        open_ms=array("q", bars.open_ms.tobytes()),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


def as_hourly(series: CandleSeries) -> CandleSeries:
    """The same prices, an hour apart."""
    first = series.open_ms[0]
    times = (first + number * Timeframe.H1.ms for number in range(len(series)))
    return replace(series, open_ms=array("q", times))


@compiled
def _garch(normal: Floats) -> tuple[Floats, Floats]:
    """Returns and their variances."""
    returns, variances = np.empty(normal.size), np.empty(normal.size)
    variance = _VARIANCE
    for i in range(normal.size):
        variances[i] = variance
        returns[i] = math.sqrt(variance) * normal[i]
        # Each product is rounded by itself, as the expected trades were made.
        variance = _VARIANCE * 0.02 + _ALPHA * (returns[i] * returns[i]) + _BETA * variance
    return returns, variances
