"""MACD: the side of the histogram."""

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
class Macd:
    """Moving average convergence/divergence; its histogram is measured in ATRs.

    The side is the histogram's sign. Strength is linear, 100 at ``full_atr`` ATRs; a cross of line
    and signal line adds ``fresh_points``, fading over ``fresh_bars``. Neutral when the market has
    stood still for ``atr_length`` bars: histogram and ATR then fade alike and their ratio stays.
    """

    code: ClassVar[str] = "MACD"
    default_weight: ClassVar[float] = 0.23

    fast: int = 12
    slow: int = 26
    signal: int = 9
    atr_length: int = 14
    full_atr: float = 0.5
    fresh_bars: int = 5
    fresh_points: float = 25.0

    @property
    def warmup_bars(self) -> int:
        """The slow average, then the signal line over it."""
        return max(self.slow + self.signal - 2, self.atr_length)

    @property
    def memory_bars(self) -> int:
        """The signal line smooths what the slow average has smoothed: both in turn."""
        averages = direct.ema_memory(self.slow) + direct.ema_memory(self.signal)
        return max(averages, direct.wilder_memory(self.atr_length)) + self.fresh_bars

    def values(self, bars: Bars) -> Values:
        """``macd``, ``signal``, ``histogram`` and ``atr`` in quote currency."""
        line, signal, histogram = direct.macd(
            bars.close, fast=self.fast, slow=self.slow, signal=self.signal
        )
        atr = direct.atr(bars.high, bars.low, bars.close, self.atr_length)
        return {"macd": line, "signal": signal, "histogram": histogram, "atr": atr}

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        line, histogram, signal = by_pandas_ta(
            "macd", bars.close, fast=self.fast, slow=self.slow, signal=self.signal
        )
        (atr,) = by_pandas_ta(
            "atr", bars.high, bars.low, bars.close, length=self.atr_length, mamode="rma"
        )
        return {"macd": line, "signal": signal, "histogram": histogram, "atr": atr}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        moving = (values["atr"] > 0) & (bars.still < self.atr_length)
        x: Floats = np.full(len(bars), np.nan)
        np.divide(values["histogram"], values["atr"], out=x, where=moving)
        age = cross_age(x)
        return Judged(*side_of_sign(x, age, self.full_atr, self.fresh_bars, self.fresh_points))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell the histogram and how large it is for this market."""
        name = f"MACD({self.fast}/{self.slow}/{self.signal})"
        if side == 0:
            return f"{name} histogram is {bar['histogram']:.4g}: no direction."
        where, trend = ("above", "rising") if side > 0 else ("below", "falling")
        atrs = abs(bar["histogram"]) / bar["atr"]
        return f"{name} is {where} its signal line by {atrs:.2f} ATR: momentum is {trend}."


RULE = Macd()
