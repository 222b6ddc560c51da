"""HL: a close beyond the highest high or lowest low of the bars before it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.indicators.by_pandas_ta import by_pandas_ta
from engine.kernel import Floats, compiled
from engine.strategy.signals import Judged, Sides, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class HighLow:
    """Breakout of the range of the ``length`` bars before this one.

    A close above its high buys, below its low sells; equal is inside. Strength is 50 at the edge
    and grows with the distance in ATRs (of the bar before) to 100 at ``full_atr``.
    """

    code: ClassVar[str] = "HL"
    default_weight: ClassVar[float] = 0.06

    length: int = 20
    atr_length: int = 14
    full_atr: float = 2.0

    @property
    def warmup_bars(self) -> int:
        """The range, and the bar after it."""
        return max(self.length, self.atr_length + 1)

    @property
    def memory_bars(self) -> int:
        """The ATR."""
        return direct.wilder_memory(self.atr_length)

    def values(self, bars: Bars) -> Values:
        """``close``, ``high_before``, ``low_before`` and ``atr_before`` in quote currency."""
        return self._values(
            bars,
            direct.highest(bars.high, self.length),
            direct.lowest(bars.low, self.length),
            direct.atr(bars.high, bars.low, bars.close, self.atr_length),
        )

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        lower, _, upper = by_pandas_ta(
            "donchian", bars.high, bars.low, lower_length=self.length, upper_length=self.length
        )
        (atr,) = by_pandas_ta(
            "atr", bars.high, bars.low, bars.close, length=self.atr_length, mamode="rma"
        )
        return self._values(bars, upper, lower, atr)

    @staticmethod
    def _values(bars: Bars, highest: Floats, lowest: Floats, atr: Floats) -> Values:
        return {
            "close": bars.close,
            "high_before": direct.before(highest),
            "low_before": direct.before(lowest),
            "atr_before": direct.before(atr),
        }

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        del bars
        edges = (values["high_before"], values["low_before"])
        return Judged(*_judge(values["close"], *edges, values["atr_before"], self.full_atr))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell the close and the edge it passed."""
        close, high, low = bar["close"], bar["high_before"], bar["low_before"]
        if side > 0:
            return f"Close {close:.6g} is above the {self.length}-bar high of {high:.6g}."
        if side < 0:
            return f"Close {close:.6g} is below the {self.length}-bar low of {low:.6g}."
        return f"Close {close:.6g} is inside the {self.length}-bar range {low:.6g} to {high:.6g}."


@compiled
def _judge(
    close: Floats, high_before: Floats, low_before: Floats, atr_before: Floats, full: float
) -> tuple[Sides, Floats]:
    side = np.zeros(close.size, np.int8)
    strength = np.zeros(close.size)
    for i in range(close.size):
        if close[i] > high_before[i]:
            side[i] = 1
            beyond = close[i] - high_before[i]
        elif close[i] < low_before[i]:
            side[i] = -1
            beyond = low_before[i] - close[i]
        else:
            continue
        unit = full * atr_before[i]
        strength[i] = 50.0 + 50.0 * min(1.0, beyond / unit) if unit > 0.0 else 100.0
    return side, strength


RULE = HighLow()
