"""VOL: unusual volume goes with the bar."""

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
class Volume:
    """Volume of at least ``trigger`` times its mean over the ``length`` bars before, in base units.

    The side is the direction of the bar (close against open; neutral when they are equal). Strength
    is linear in the ratio, 100 at ``full``, so 40 at the trigger: reaching it counts.
    """

    code: ClassVar[str] = "VOL"
    default_weight: ClassVar[float] = 0.07

    length: int = 20
    trigger: float = 2.0
    full: float = 5.0

    @property
    def warmup_bars(self) -> int:
        """The mean, and the bar after it."""
        return self.length

    @property
    def memory_bars(self) -> int:
        """None: a plain window."""
        return 0

    def values(self, bars: Bars) -> Values:
        """``volume`` and ``mean_before`` in base currency, ``change`` of the bar in quote."""
        return self._values(bars, direct.mean(bars.volume, self.length))

    def through_pandas_ta(self, bars: Bars) -> Values:
        """Give the same by pandas-ta."""
        (mean,) = by_pandas_ta("sma", bars.volume, length=self.length)
        return self._values(bars, mean)

    @staticmethod
    def _values(bars: Bars, mean: Floats) -> Values:
        return {
            "volume": bars.volume,
            "mean_before": direct.before(mean),
            "change": bars.close - bars.open,
        }

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        del bars
        columns = (values["volume"], values["mean_before"], values["change"])
        return Judged(*_judge(*columns, self.trigger, self.full))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell the ratio and the bar's direction."""
        if bar["mean_before"] <= 0:
            return f"No volume in the {self.length} bars before."
        ratio = f"Volume is {bar['volume'] / bar['mean_before']:.1f} × its {self.length}-bar mean"
        if side == 0:
            return f"{ratio}: no signal."
        return f"{ratio} on a {'rising' if side > 0 else 'falling'} bar."


@compiled
def _judge(
    volume: Floats, mean_before: Floats, change: Floats, trigger: float, full: float
) -> tuple[Sides, Floats]:
    side = np.zeros(volume.size, np.int8)
    strength = np.zeros(volume.size)
    for i in range(volume.size):
        if not mean_before[i] > 0.0 or change[i] == 0.0:
            continue
        ratio = volume[i] / mean_before[i]
        if ratio >= trigger - 1e-9:
            side[i] = 1 if change[i] > 0.0 else -1
            strength[i] = min(100.0, 100.0 * ratio / full)
    return side, strength


RULE = Volume()
