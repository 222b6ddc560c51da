"""Candle columns as numpy arrays, and the feed they belong to.

``CandleSeries`` (domain, standard library only) ⇄ ``Columns`` (numpy, no validation). Going in is
free of copies; going out copies once.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.domain.market import CandleSeries, Symbol, Timeframe

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream of candles: venue, symbol and timeframe."""

    venue: str
    symbol: Symbol
    timeframe: Timeframe

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} {self.timeframe}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Candles as arrays of equal length; ``ms`` is the open time. Nothing is promised of them."""

    ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ms)

    @property
    def values(self) -> tuple[Floats, ...]:
        """``open, high, low, close, volume``."""
        return (self.open, self.high, self.low, self.close, self.volume)

    def take(self, index: Ints | Mask) -> "Columns":
        """The rows at ``index``, in its order."""
        return Columns(
            ms=self.ms[index],
            open=self.open[index],
            high=self.high[index],
            low=self.low[index],
            close=self.close[index],
            volume=self.volume[index],
        )

    def row(self, index: int) -> tuple[int, float, float, float, float, float]:
        """One row as plain numbers, open time first."""
        o, h, l, c, v = (float(column[index]) for column in self.values)  # noqa: E741 - OHLCV
        return (int(self.ms[index]), o, h, l, c, v)

    def same_rows(self, other: "Columns") -> Mask:
        """Where both, of equal length, hold equal rows."""
        same: Mask = self.ms == other.ms
        for mine, theirs in zip(self.values, other.values, strict=True):
            same &= mine == theirs
        return same

    @classmethod
    def join(cls, parts: "Sequence[Columns]") -> Self:
        """One after the other; at least one part."""
        open_, high, low, close, volume = (
            np.concatenate(column) for column in zip(*(p.values for p in parts), strict=True)
        )
        ms = np.concatenate([part.ms for part in parts])
        return cls(ms=ms, open=open_, high=high, low=low, close=close, volume=volume)

    def series(self) -> CandleSeries:
        """As the domain's columns; the rows must be oldest first."""
        return CandleSeries(
            open_ms=_int_array(self.ms),
            open=_float_array(self.open),
            high=_float_array(self.high),
            low=_float_array(self.low),
            close=_float_array(self.close),
            volume=_float_array(self.volume),
        )

    @classmethod
    def of(cls, series: CandleSeries) -> Self:
        """A view of a series, without a copy."""
        return cls(
            ms=np.frombuffer(series.open_ms, dtype=np.int64),
            open=np.frombuffer(series.open, dtype=np.float64),
            high=np.frombuffer(series.high, dtype=np.float64),
            low=np.frombuffer(series.low, dtype=np.float64),
            close=np.frombuffer(series.close, dtype=np.float64),
            volume=np.frombuffer(series.volume, dtype=np.float64),
        )


def _int_array(column: Ints) -> "array[int]":
    out: array[int] = array("q")
    out.frombytes(np.ascontiguousarray(column, dtype=np.int64).tobytes())
    return out


def _float_array(column: Floats) -> "array[float]":
    out: array[float] = array("d")
    out.frombytes(np.ascontiguousarray(column, dtype=np.float64).tobytes())
    return out
