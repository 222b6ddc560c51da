"""Where the price stands in a stretch of days, told in four ways that rarely err together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.values import require
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.kernel import Floats, compiled
from engine.strategy.signals import Judged, Sides, Values

_NOISE = 1e-9
_SHORT_MEAN = 4  # of a horizon's length: the short mean is a quarter as long
_LEAST_BARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Trend over ``days``: the mean of four measures, each −100 to 100 points.

        channel   100 · (2 · (C − L) / (H − L) − 1)          place of the close in the range
        recency   100 · sign(bars since lowest − since highest close)
        means     100 · sign(mean of N/4 closes − mean of N closes)
        momentum  100 · ln(C / C[−N]) / (σ · √N), cut at ±100

    N are the bars in ``days``; H and L the highest high and lowest low of the last N bars, this one
    included; σ the sample deviation (ddof 1) of log returns over ``volatility_days``. The side is
    the sign of the mean, the strength its size. Each measure is known from a window of bars and
    nothing else: channels that wait for the next breakout and exponential means would remember
    more than a live window shows. A market that has not moved for N bars is neutral.
    """

    code: str
    days: int
    bars_per_day: float
    volatility_days: int = 30

    def __post_init__(self) -> None:
        """At least two bars in a quarter of the horizon and in the window of σ."""
        require(self.days > 0, "days", "> 0", self.days)
        require(self.length >= 2 * _LEAST_BARS, "bars in the horizon", ">= 4", self.length)
        bars = self.volatility_bars
        require(bars >= _LEAST_BARS, "bars in volatility_days", ">= 2", bars)

    @property
    def length(self) -> int:
        """N, bars in the horizon."""
        return round(self.days * self.bars_per_day)

    @property
    def short(self) -> int:
        """Bars of the short mean."""
        return max(_LEAST_BARS, self.length // _SHORT_MEAN)

    @property
    def volatility_bars(self) -> int:
        """Returns behind σ."""
        return round(self.volatility_days * self.bars_per_day)

    @property
    def warmup_bars(self) -> int:
        """The close N bars ago and the returns of σ."""
        return max(self.length, self.volatility_bars)

    @property
    def memory_bars(self) -> int:
        """None: every measure is made of plain windows."""
        return 0

    def at(self, timeframe: Timeframe) -> "Trend":
        """Return the same rule for bars of another length."""
        return replace(self, bars_per_day=Timeframe.D1.ms / timeframe.ms)

    def values(self, bars: Bars) -> Values:
        """``place`` 0–1 in the range, ``recency`` −1 to 1, ``means`` a fraction, ``momentum`` in σ.

        ``recency`` is how many bars the highest close is younger than the lowest, over N;
        ``means`` how far the short mean is above the long one.
        """
        _require_days(bars, self.bars_per_day, self.code)
        close, length = bars.close, self.length
        high, low = direct.highest(bars.high, length), direct.lowest(bars.low, length)
        place = np.where(np.isnan(high), np.nan, 0.5)
        np.divide(close - low, high - low, out=place, where=high > low)
        recency: Floats = direct.call("AROONOSC", close, close, timeperiod=length) / 100.0
        return {
            "place": place,
            "recency": recency,
            "means": direct.mean(close, self.short) / direct.mean(close, length) - 1.0,
            "momentum": self._momentum(close),
        }

    def _momentum(self, close: Floats) -> Floats:
        returns = np.full(close.size, np.nan)
        returns[1:] = np.diff(np.log(close))
        window, length = self.volatility_bars, self.length
        population: Floats = direct.call("STDDEV", returns, timeperiod=window, nbdev=1.0)
        usual = population * np.sqrt(window / (window - 1.0) * length)
        moved = np.full(close.size, np.nan)
        moved[length:] = np.log(close[length:] / close[:-length])
        momentum = np.where(np.isnan(usual), np.nan, 0.0 * moved)
        np.divide(moved, usual, out=momentum, where=usual > 0.0)
        return momentum

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength."""
        del bars
        columns = (values["place"], values["recency"], values["means"], values["momentum"])
        return Judged(*_judge(*columns))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell the four measures."""
        direction = ("down", "not there", "up")[side + 1]
        younger, older = ("high", "low") if bar["recency"] > 0 else ("low", "high")
        above = ("below", "above")[bar["means"] > 0]
        return (
            f"The trend of {self.days} days is {direction}: close at {bar['place']:.0%} of their "
            f"range, {younger} younger than {older}, {self.days / _SHORT_MEAN:g}-day mean {above} "
            f"the {self.days}-day mean, move of {bar['momentum']:+.1f} σ."
        )


def _require_days(bars: Bars, bars_per_day: float, code: str) -> None:
    """Refuse bars of another length than the rule was made for: its days would be others."""
    right = bars.bars_per_day == bars_per_day
    require(right, f"bars a day for {code}", f"{bars_per_day:g}", bars.bars_per_day)


@compiled
def _judge(place: Floats, recency: Floats, means: Floats, momentum: Floats) -> tuple[Sides, Floats]:
    side = np.zeros(place.size, np.int8)
    strength = np.zeros(place.size)
    for i in range(place.size):
        if np.isnan(place[i] + recency[i] + means[i] + momentum[i]):
            continue
        points = 2.0 * place[i] - 1.0 + min(1.0, max(-1.0, momentum[i]))
        for x in (recency[i], means[i]):
            if abs(x) > _NOISE:
                points += 1.0 if x > 0.0 else -1.0
        if not abs(points) > _NOISE:
            continue
        side[i] = 1 if points > 0.0 else -1
        strength[i] = min(100.0, 25.0 * abs(points))
    return side, strength
