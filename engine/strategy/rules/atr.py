"""ATR: a bar much larger than usual that closes at its end goes on."""

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
class Breakout:
    """Volatility breakout: a true range beyond ``trigger_atr`` times the ATR before the bar.

    The ATR is the one of the bar before, so that a large bar is not measured with itself. A close
    in the upper ``outer_fraction`` of the bar buys, in the lower one sells; in between, and on calm
    bars, neutral. Strength is linear from 0 at the trigger to 100 at ``full_atr``. After a market
    that stood still for ``length`` bars any tick would be large: neutral.
    """

    code: ClassVar[str] = "ATR"
    default_weight: ClassVar[float] = 0.06

    length: int = 14
    trigger_atr: float = 1.5
    full_atr: float = 4.0
    outer_fraction: float = 0.25

    @property
    def warmup_bars(self) -> int:
        """The ATR, and the bar after it."""
        return self.length + 1

    @property
    def memory_bars(self) -> int:
        """Wilder's smoothing."""
        return direct.wilder_memory(self.length)

    def values(self, bars: Bars) -> Values:
        """``true_range``, ``atr_before`` in quote currency; ``close_position`` 0–1 in the bar."""
        ranges = direct.true_range(bars.high, bars.low, bars.close)
        return self._values(bars, ranges, direct.atr(bars.high, bars.low, bars.close, self.length))

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        prices = (bars.high, bars.low, bars.close)
        (ranges,) = by_pandas_ta("true_range", *prices, drift=1, prenan=True)
        (atr,) = by_pandas_ta("atr", *prices, length=self.length, mamode="rma")
        return self._values(bars, ranges, atr)

    @staticmethod
    def _values(bars: Bars, ranges: Floats, atr: Floats) -> Values:
        position = np.full(len(bars), 0.5)
        height = bars.high - bars.low
        np.divide(bars.close - bars.low, height, out=position, where=height > 0)
        return {
            "true_range": ranges,
            "atr_before": direct.before(atr),
            "close_position": position,
        }

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        after_still = np.zeros(len(bars), np.bool_)
        after_still[1:] = bars.still[:-1] >= self.length
        return Judged(
            *_judge(
                values["true_range"],
                np.where(after_still, np.nan, values["atr_before"]),
                values["close_position"],
                self.trigger_atr,
                self.full_atr,
                self.outer_fraction,
            )
        )

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell how large the bar was and where it closed."""
        if bar["atr_before"] <= 0:
            return "The average true range is zero: the price stands still."
        atrs = bar["true_range"] / bar["atr_before"]
        if side == 0:
            return f"True range is {atrs:.1f} ATR: no breakout."
        end = "top" if side > 0 else "bottom"
        return f"True range is {atrs:.1f} ATR and the close is at the {end} of the bar: breakout."


@compiled
def _judge(
    true_range: Floats,
    atr_before: Floats,
    position: Floats,
    trigger: float,
    full: float,
    outer: float,
) -> tuple[Sides, Floats]:
    side = np.zeros(true_range.size, np.int8)
    strength = np.zeros(true_range.size)
    for i in range(true_range.size):
        if not atr_before[i] > 0.0:
            continue
        size = true_range[i] / atr_before[i]
        if not size > trigger:
            continue
        if position[i] >= 1.0 - outer:
            side[i] = 1
        elif position[i] <= outer:
            side[i] = -1
        else:
            continue
        strength[i] = min(100.0, 100.0 * (size - trigger) / (full - trigger))
    return side, strength


RULE = Breakout()
