"""BB: a close outside the Bollinger bands expects the way back."""

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
class Bollinger:
    """Bands ``width_sigma`` population deviations (ddof 0) around the mean of ``length`` closes.

    A close at or below the lower band buys, at or above the upper one sells: a touch counts.
    Strength is the distance from the mean, linear to 100 at ``full_sigma``, so 50 at a touch. (The
    farthest a close can stand from the mean of 20 closes that include it is √19 = 4.36 σ.)
    """

    code: ClassVar[str] = "BB"
    default_weight: ClassVar[float] = 0.13

    length: int = 20
    width_sigma: float = 2.0
    full_sigma: float = 4.0

    @property
    def warmup_bars(self) -> int:
        """The mean."""
        return self.length - 1

    @property
    def memory_bars(self) -> int:
        """None: a plain window."""
        return 0

    def values(self, bars: Bars) -> Values:
        """``lower``, ``middle``, ``upper``, ``close`` in quote currency."""
        lower, middle, upper = direct.bollinger(
            bars.close, length=self.length, width_sigma=self.width_sigma
        )
        return {"lower": lower, "middle": middle, "upper": upper, "close": bars.close}

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        lower, middle, upper, *_ = by_pandas_ta(
            "bbands",
            bars.close,
            length=self.length,
            lower_std=self.width_sigma,
            upper_std=self.width_sigma,
            ddof=0,
            mamode="sma",
        )
        return {"lower": lower, "middle": middle, "upper": upper, "close": bars.close}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        middle, upper = values["middle"], values["upper"]
        return Judged(*_judge(bars.close, middle, upper, self.width_sigma, self.full_sigma))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell where the close stands between the bands."""
        sigma = (bar["upper"] - bar["middle"]) / self.width_sigma
        if sigma <= 0:
            return "The Bollinger bands have no width: the price stands still."
        distance = (bar["close"] - bar["middle"]) / sigma
        if side > 0:
            return f"Close is {-distance:.1f} σ below its mean, at or under the lower band."
        if side < 0:
            return f"Close is {distance:.1f} σ above its mean, at or over the upper band."
        return f"Close is {distance:+.1f} σ from its mean, inside the bands."


@compiled
def _judge(
    close: Floats, middle: Floats, upper: Floats, width: float, full: float
) -> tuple[Sides, Floats]:
    side = np.zeros(close.size, np.int8)
    strength = np.zeros(close.size)
    for i in range(close.size):
        sigma = (upper[i] - middle[i]) / width
        # A width below 1e-9 of the price is rounding around a market that stands still.
        if not sigma > 1e-9 * close[i]:
            continue
        distance = (close[i] - middle[i]) / sigma
        if abs(distance) >= width - 1e-9:
            side[i] = 1 if distance < 0.0 else -1
            strength[i] = min(100.0, 100.0 * abs(distance) / full)
    return side, strength


RULE = Bollinger()
