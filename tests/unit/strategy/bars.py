"""Bars for tests: walks, flats and single shapes."""

import numpy as np
import numpy.typing as npt

from engine.domain.market import Timeframe
from engine.indicators.bars import Bars, Floats

HOUR_MS = 3_600_000


def walk(
    n: int, seed: int, *, start: float = 100.0, step: float = 0.005, timeframe: str = "1h"
) -> Bars:
    """A driftless random walk in log prices with consistent bars and log-normal volume."""
    r = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(r.normal(0, step, n)))
    opened = np.concatenate(([start], close[:-1]))[:n]
    high = np.maximum(opened, close) * (1 + np.abs(r.normal(0, step / 2, n)))
    low = np.minimum(opened, close) * (1 - np.abs(r.normal(0, step / 2, n)))
    frame = Timeframe(timeframe)
    return Bars(
        timeframe=frame,
        open_ms=np.arange(n, dtype=np.int64) * frame.ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=r.lognormal(3, 0.5, n),
    )


def of_closes(close: npt.ArrayLike, *, volume: Floats | None = None) -> Bars:
    """Bars that open at the close before and have no wicks; volume 1 unless given."""
    closes: Floats = np.asarray(close, np.float64)
    opened = np.concatenate((closes[:1], closes[:-1]))
    return Bars(
        timeframe=Timeframe.H1,
        open_ms=np.arange(closes.size, dtype=np.int64) * HOUR_MS,
        open=opened,
        high=np.maximum(opened, closes),
        low=np.minimum(opened, closes),
        close=closes,
        volume=np.ones(closes.size) if volume is None else volume,
    )


def scaled(bars: Bars, price: float, volume: float = 1.0) -> Bars:
    """The same market in another unit."""
    return Bars(
        timeframe=bars.timeframe,
        open_ms=bars.open_ms,
        open=bars.open * price,
        high=bars.high * price,
        low=bars.low * price,
        close=bars.close * price,
        volume=bars.volume * volume,
    )


def joined(first: Bars, second: Bars) -> Bars:
    """One after the other."""
    n = len(first) + len(second)
    return Bars(
        timeframe=first.timeframe,
        open_ms=np.arange(n, dtype=np.int64) * first.timeframe.ms,
        **{
            name: np.concatenate((getattr(first, name), getattr(second, name)))
            for name in ("open", "high", "low", "close", "volume")
        },
    )
