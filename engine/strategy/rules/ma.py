"""MA: the fast average above or below the slow one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.indicators import direct
from engine.indicators.bars import Bars, Floats
from engine.indicators.by_pandas_ta import by_pandas_ta
from engine.strategy.signals import Judged, Values
from engine.strategy.signals_kernels import cross_age, side_of_sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """Plain means of 50 and 200 closes; their difference is measured in ATRs.

    The side is the difference's sign. Strength is linear, 100 at ``full_atr`` ATRs; a golden or
    death cross adds ``fresh_points``, fading over ``fresh_bars``. Neutral when the market has stood
    still for ``atr_length`` bars, because the unit is then gone.
    """

    code: ClassVar[str] = "MA"
    default_weight: ClassVar[float] = 0.13

    fast: int = 50
    slow: int = 200
    atr_length: int = 14
    full_atr: float = 10.0
    fresh_bars: int = 20
    fresh_points: float = 25.0

    @property
    def warmup_bars(self) -> int:
        """The slow mean."""
        return max(self.slow - 1, self.atr_length)

    @property
    def memory_bars(self) -> int:
        """Means forget at once; the ATR, which started before them, and a cross do not."""
        atr = self.atr_length + direct.wilder_memory(self.atr_length) - self.warmup_bars
        return max(atr, self.fresh_bars)

    def values(self, bars: Bars) -> Values:
        """``fast``, ``slow`` and ``atr`` in quote currency."""
        return {
            "fast": direct.mean(bars.close, self.fast),
            "slow": direct.mean(bars.close, self.slow),
            "atr": direct.atr(bars.high, bars.low, bars.close, self.atr_length),
        }

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        (fast,) = by_pandas_ta("sma", bars.close, length=self.fast)
        (slow,) = by_pandas_ta("sma", bars.close, length=self.slow)
        (atr,) = by_pandas_ta(
            "atr", bars.high, bars.low, bars.close, length=self.atr_length, mamode="rma"
        )
        return {"fast": fast, "slow": slow, "atr": atr}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        moving = (values["atr"] > 0) & (bars.still < self.atr_length)
        x: Floats = np.full(len(bars), np.nan)
        np.divide(values["fast"] - values["slow"], values["atr"], out=x, where=moving)
        age = cross_age(x)
        return Judged(*side_of_sign(x, age, self.full_atr, self.fresh_bars, self.fresh_points))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell both means and their distance."""
        pair = f"MA{self.fast} {bar['fast']:.6g}, MA{self.slow} {bar['slow']:.6g}"
        if side == 0:
            return f"{pair}: no direction."
        where, trend = ("above", "up") if side > 0 else ("below", "down")
        atrs = abs(bar["fast"] - bar["slow"]) / bar["atr"]
        return f"{pair}: {atrs:.1f} ATR {where}, the trend is {trend}."


RULE = Averages()
