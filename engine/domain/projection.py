"""Where a price may go, and how often that was right.

A projection is quantiles of closes to come, made from the bars before them; a hit rate counts how
often such bands held on bars they had not seen. Both travel together: a cone without its record
says nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite, sqrt

from engine.domain.values import require, require_utc

_NORMAL_95 = 1.959963984540054
_SAME = 1e-9


class NoProjection(StrEnum):
    """Why there is none: too short a history, or moves so large that a band would say nothing."""

    TOO_FEW_BARS = "too_few_bars"
    TOO_WILD = "too_wild"


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Quantiles of the closes after ``made_ms``, in quote currency.

    ``prices[i][k]`` is the price below which the close at ``close_ms[k]`` lies with probability
    ``fractions[i]``; fractions rise from 0 to 1, times are UTC milliseconds. ``price`` is the last
    close. The rest says how it was made: by which version, from how many ``bars`` and ``paths``,
    and the standard deviation of one bar's log return now and usually.
    """

    version: str
    made_ms: int
    price: float
    close_ms: tuple[int, ...]
    fractions: tuple[float, ...]
    prices: tuple[tuple[float, ...], ...]
    bars: int
    paths: int
    bar_sigma_now: float
    bar_sigma_usual: float

    def __post_init__(self) -> None:
        """Times rise, every close has all quantiles, in order and positive."""
        require(len(self.close_ms) > 0, "projected closes", "at least one", 0)
        times = [self.made_ms, *self.close_ms]
        require(times == sorted(set(times)), "projected times", "rising", times[:3])
        require(
            list(self.fractions) == sorted(self.fractions), "fractions", "rising", self.fractions
        )
        require(
            len(self.prices) == len(self.fractions),
            "quantiles",
            "one per fraction",
            len(self.prices),
        )
        for row in self.prices:
            require(
                len(row) == len(self.close_ms), "quantile", f"{len(self.close_ms)} long", len(row)
            )
        for column in zip(*self.prices, strict=True):
            require(all(isfinite(p) and p > 0 for p in column), "quantiles", "prices > 0", column)
            require(list(column) == sorted(column), "quantiles", "in order", column)

    @property
    def horizon_bars(self) -> int:
        """How many closes are projected."""
        return len(self.close_ms)

    def quantile(self, fraction: float) -> tuple[float, ...]:
        """Prices of one fraction, one per close; ``InvalidValueError`` for one it does not have."""
        for known, row in zip(self.fractions, self.prices, strict=True):
            if abs(known - fraction) < _SAME:
                return row
        require(ok=False, what="fraction", expected=f"one of {self.fractions}", actual=fraction)
        return ()

    def band(self, level: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Lower and upper edge of the band that holds a close with probability ``level``."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRate:
    """``inside`` of ``n`` closes that ended a horizon lay in the band of probability ``level``.

    The horizons do not overlap on any one market, and no band had seen its outcome. ``markets`` is
    how many were counted together; ``data_from`` and ``data_to`` bound the outcomes.
    """

    level: float
    horizon_bars: int
    inside: int
    n: int
    markets: int = 1
    data_from: datetime
    data_to: datetime

    def __post_init__(self) -> None:
        """A count of something."""
        require(0 < self.level < 1, "level", "between 0 and 1", self.level)
        require(self.horizon_bars > 0, "horizon_bars", "> 0", self.horizon_bars)
        require(0 <= self.inside <= self.n, "inside", f"0 to {self.n}", self.inside)
        require(self.n > 0, "n", "> 0", self.n)
        require_utc("data_from", self.data_from)
        require_utc("data_to", self.data_to)

    @property
    def fraction(self) -> float:
        """Share of outcomes inside."""
        return self.inside / self.n

    @property
    def low(self) -> float:
        """Lower end of Wilson's 95 % interval, as if outcomes were independent of each other."""
        return self._middle - self._half

    @property
    def high(self) -> float:
        """Upper end of Wilson's 95 % interval, as if outcomes were independent of each other."""
        return self._middle + self._half

    @property
    def _middle(self) -> float:
        square = _NORMAL_95**2
        return (self.inside + square / 2) / (self.n + square)

    @property
    def _half(self) -> float:
        square = _NORMAL_95**2
        spread = self.inside * (self.n - self.inside) / self.n + square / 4
        return _NORMAL_95 * sqrt(spread) / (self.n + square)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartProjection:
    """A projection as a chart carries it, with what is known about its band of ``level``.

    ``measured`` is the shipped record over many markets and years (``None`` where there is none, as
    for a simulated market), ``own`` that of this very market on the stored bars before now.
    """

    projection: Projection
    level: float
    measured: HitRate | None
    own: HitRate | None
