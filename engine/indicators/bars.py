"""Closed bars of one symbol and timeframe as numpy columns, oldest first."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.domain.market import CandleSeries, Timeframe
from engine.domain.values import require

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Bars:
    """Columns of equal length: prices in quote currency, volume in base currency.

    ``open_ms`` is the first instant of each bar in milliseconds since 1970. Prices are taken as the
    firewall let them through: finite, positive and consistent.
    """

    timeframe: Timeframe
    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        """All columns have one length and the types TA-Lib takes."""
        columns = (self.open, self.high, self.low, self.close, self.volume)
        lengths = {column.size for column in (self.open_ms, *columns)}
        require(len(lengths) == 1, "bar columns", "of one length", sorted(lengths))
        kinds = {str(column.dtype) for column in columns}
        require(kinds == {"float64"}, "bar columns", "float64", sorted(kinds))

    @classmethod
    def of(cls, series: CandleSeries, timeframe: Timeframe) -> "Bars":
        """See the candles without copying them."""
        open_ms, *prices = series.columns()
        opened, high, low, close, volume = (np.frombuffer(p, dtype=np.float64) for p in prices)
        return cls(
            timeframe=timeframe,
            open_ms=np.frombuffer(open_ms, dtype=np.int64),
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )

    def __len__(self) -> int:
        return int(self.close.size)

    def between(self, start: int, stop: int) -> "Bars":
        """Bars ``start..stop − 1`` as views."""
        return Bars(
            timeframe=self.timeframe,
            open_ms=self.open_ms[start:stop],
            open=self.open[start:stop],
            high=self.high[start:stop],
            low=self.low[start:stop],
            close=self.close[start:stop],
            volume=self.volume[start:stop],
        )

    @property
    def close_ms(self) -> Ints:
        """The first instant after each bar: from then on it may be known."""
        return self.open_ms + self.timeframe.ms

    @property
    def bars_per_day(self) -> float:
        """How many bars of this timeframe a day of 24 hours has."""
        return Timeframe.D1.ms / self.timeframe.ms

    @cached_property
    def still(self) -> Ints:
        """How many bars in a row, this one included, had a true range of exactly zero.

        Smoothed indicators keep the shape of the last move for ever on a market that has stopped
        (average gain and loss fade alike, so their ratio stands still). Rules read this column to
        say nothing there.
        """
        moved = self.high != self.low
        moved[1:] |= self.close[1:] != self.close[:-1]
        index = np.arange(len(self), dtype=np.int64)
        still: Ints = index - np.maximum.accumulate(np.where(moved, index, -1))
        return still
