"""How far the price has run ahead of its mean: too far, and what is held should be left."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.values import require
from engine.indicators import direct
from engine.indicators.bars import Bars, Floats
from engine.strategy.signals import Judged, Values

_FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Distance of the close above the mean of ``days``: sells, never buys.

        strength = most_points · (C / mean − 1 − start_fraction) / (full_fraction − start_fraction)

    cut at 0 and ``most_points``. Measured in plain fractions, not in volatility: what ends a run is
    how much its holders have gained. Below that the rule is silent: a fall is the trend's to tell.
    """

    code: str
    days: int
    bars_per_day: float
    start_fraction: float
    full_fraction: float
    most_points: float

    def __post_init__(self) -> None:
        """A window of two bars or more, a ramp that rises, and points in range."""
        require(self.length > 1, "bars in the window", "> 1", self.length)
        start, full = self.start_fraction, self.full_fraction
        require(0.0 <= start < full, "start_fraction", f"0 to below {full}", start)
        require(0.0 <= self.most_points <= _FULL, "most_points", "0 to 100", self.most_points)

    @property
    def length(self) -> int:
        """Bars in the window."""
        return round(self.days * self.bars_per_day)

    @property
    def warmup_bars(self) -> int:
        """The mean."""
        return self.length - 1

    @property
    def memory_bars(self) -> int:
        """None: a plain window."""
        return 0

    def at(self, timeframe: Timeframe) -> "Stretch":
        """Return the same rule for bars of another length."""
        return replace(self, bars_per_day=Timeframe.D1.ms / timeframe.ms)

    def values(self, bars: Bars) -> Values:
        """``above_mean``: the close over its mean, less 1."""
        right = bars.bars_per_day == self.bars_per_day
        require(right, f"bars a day for {self.code}", f"{self.bars_per_day:g}", bars.bars_per_day)
        return {"above_mean": bars.close / direct.mean(bars.close, self.length) - 1.0}

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        del bars
        beyond = values["above_mean"] - self.start_fraction
        share: Floats = beyond / (self.full_fraction - self.start_fraction)
        strength = self.most_points * np.clip(np.nan_to_num(share), 0.0, 1.0)
        return Judged(np.where(strength > 0.0, -1, 0).astype(np.int8), strength)

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell the distance and where it begins to count."""
        where = f"Close is {bar['above_mean']:+.0%} from its {self.days}-day mean"
        if side == 0:
            return f"{where}: not stretched, that begins at {self.start_fraction:+.0%}."
        return (
            f"{where}: stretched, which begins at {self.start_fraction:+.0%} and is full at "
            f"{self.full_fraction:+.0%}."
        )
