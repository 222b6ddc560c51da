"""STOCH: a cross of the stochastic lines at the end of their scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.indicators.by_pandas_ta import by_pandas_ta
from engine.kernel import Floats, Ints, compiled
from engine.strategy.signals import Judged, Sides, Values
from engine.strategy.signals_kernels import cross_age


@dataclass(frozen=True, slots=True, kw_only=True)
class Stochastic:
    """Slow stochastic 14/3/3.

    Buys when both lines are below ``low`` and %K has crossed above %D within the last
    ``cross_bars`` bars and stands above it still; sells in the mirror image. Strength is linear in
    the mean of both lines, from 0 at the bound to 100 at the end of the scale.
    """

    code: ClassVar[str] = "STOCH"
    default_weight: ClassVar[float] = 0.13

    length: int = 14
    smooth_k: int = 3
    smooth_d: int = 3
    low: float = 20.0
    high: float = 80.0
    cross_bars: int = 3

    @property
    def warmup_bars(self) -> int:
        """The range, then two means over it."""
        return self.length + self.smooth_k + self.smooth_d - 3

    @property
    def memory_bars(self) -> int:
        """Plain windows; only the age of a cross is remembered."""
        return self.cross_bars

    def values(self, bars: Bars) -> Values:
        """``k`` and ``d``, 0–100."""
        k, d = direct.stochastic(
            bars.high,
            bars.low,
            bars.close,
            length=self.length,
            smooth_k=self.smooth_k,
            smooth_d=self.smooth_d,
        )
        return {"k": k, "d": d}

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta, which smooths %K over ``d`` bars: keep them equal."""
        k, d, _ = by_pandas_ta(
            "stoch",
            bars.high,
            bars.low,
            bars.close,
            k=self.length,
            d=self.smooth_d,
            smooth_k=self.smooth_k,
            mamode="sma",
        )
        return {"k": k, "d": d}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        del bars
        k, d = values["k"], values["d"]
        return Judged(*_judge(k, d, cross_age(k - d), self.cross_bars, self.low, self.high))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell both lines and what they did."""
        lines = f"Stochastic %K {bar['k']:.1f}, %D {bar['d']:.1f}"
        if side > 0:
            return f"{lines}: crossed upwards below {self.low:g}."
        if side < 0:
            return f"{lines}: crossed downwards above {self.high:g}."
        return f"{lines}: no cross at an end of the scale."


@compiled
def _judge(
    k: Floats, d: Floats, age: Ints, cross_bars: int, low: float, high: float
) -> tuple[Sides, Floats]:
    side = np.zeros(k.size, np.int8)
    strength = np.zeros(k.size)
    for i in range(k.size):
        if age[i] >= cross_bars:
            continue
        middle = (k[i] + d[i]) / 2.0
        if k[i] > d[i] and k[i] < low and d[i] < low:
            side[i] = 1
            strength[i] = min(100.0, 100.0 * (low - middle) / low)
        elif k[i] < d[i] and k[i] > high and d[i] > high:
            side[i] = -1
            strength[i] = min(100.0, 100.0 * (middle - high) / (100.0 - high))
    return side, strength


RULE = Stochastic()
