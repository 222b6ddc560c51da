"""RSI: oversold buys, overbought sells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.indicators.by_pandas_ta import by_pandas_ta
from engine.kernel import Floats, Ints, compiled
from engine.strategy.signals import Judged, Sides, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsi:
    """Wilder's relative strength index over ``length`` bars; the bounds are in its own points.

    Below ``low`` buys, above ``high`` sells; strength is linear from 0 at the bound to 100 at the
    end of the scale. A market that has stood still for ``length`` bars is neutral: the index then
    only remembers the last move (and is 0 where there never was one).
    """

    code: ClassVar[str] = "RSI"
    default_weight: ClassVar[float] = 0.19

    length: int = 14
    low: float = 30.0
    high: float = 70.0

    @property
    def warmup_bars(self) -> int:
        """The first change needs a bar before it."""
        return self.length

    @property
    def memory_bars(self) -> int:
        """Wilder's smoothing."""
        return direct.wilder_memory(self.length)

    def values(self, bars: Bars) -> Values:
        """``rsi``, 0–100."""
        return {"rsi": direct.rsi(bars.close, self.length)}

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        (rsi,) = by_pandas_ta("rsi", bars.close, length=self.length, scalar=100, drift=1)
        return {"rsi": rsi}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        return Judged(*_judge(values["rsi"], bars.still, self.length, self.low, self.high))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell where the index stands."""
        rsi = bar["rsi"]
        if side > 0:
            return f"RSI({self.length}) is {rsi:.1f}, below {self.low:g}: oversold."
        if side < 0:
            return f"RSI({self.length}) is {rsi:.1f}, above {self.high:g}: overbought."
        if self.low <= rsi <= self.high:
            return f"RSI({self.length}) is {rsi:.1f}, between {self.low:g} and {self.high:g}."
        return f"RSI({self.length}) is {rsi:.1f}, but the price stands still."


@compiled
def _judge(rsi: Floats, still: Ints, length: int, low: float, high: float) -> tuple[Sides, Floats]:
    side = np.zeros(rsi.size, np.int8)
    strength = np.zeros(rsi.size)
    for i in range(rsi.size):
        if still[i] >= length:
            continue
        if rsi[i] < low:
            side[i] = 1
            strength[i] = 100.0 * (low - rsi[i]) / low
        elif rsi[i] > high:
            side[i] = -1
            strength[i] = 100.0 * (rsi[i] - high) / (100.0 - high)
    return side, strength


RULE = Rsi()
