"""Measures of closed bars as columns: the project's own indicators, so that a chart shows the same.

``Bars`` and a ``Measure`` → one float column as long as the bars, NaN where there is no value.
Lengths that a measure does not name are those of the charts and of the shipped rules.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np

from engine.domain.alert_measures import Measure, Measured
from engine.indicators import direct
from engine.indicators.bars import Bars, Floats

_ATR_BARS = 14
_HOUR_MS = 3_600_000
_DIGITS = 12

type _Column = Callable[[Bars, Measure], Floats]


class ColumnsOf:
    """The columns of one market and timeframe, each computed once.

    ``to`` is the close up to which everything is in them; a bar with a hole in it is not.
    """

    def __init__(self, bars: Bars, to: datetime) -> None:
        self.bars = bars
        self.to = to
        self._made: dict[Measure, Floats] = {}
        self._range: Floats | None = None

    def of(self, measure: Measure) -> Floats:
        """The column of a measure; its symbol does not matter, the bars are of one."""
        if measure not in self._made:
            self._made[measure] = _COLUMNS[measure.name](self.bars, measure)
        return self._made[measure]

    @property
    def average_range(self) -> Floats:
        """The average true range of 14 bars, in quote currency."""
        if self._range is None:
            self._range = _atr(self.bars, _ATR_BARS)
        return self._range


def _atr(bars: Bars, length: int) -> Floats:
    return direct.atr(bars.high, bars.low, bars.close, length)


def _length(measure: Measure) -> int:
    assert measure.length_bars is not None  # the measure has checked itself
    return measure.length_bars


def _ema(bars: Bars, measure: Measure) -> Floats:
    values: Floats = direct.call("EMA", bars.close, timeperiod=_length(measure))
    return values


def _band(number: int) -> _Column:
    def column(bars: Bars, measure: Measure) -> Floats:
        del measure
        return direct.bollinger(bars.close, length=20, width_sigma=2.0)[number]

    return column


def _macd(number: int) -> _Column:
    def column(bars: Bars, measure: Measure) -> Floats:
        del measure
        return direct.macd(bars.close, fast=12, slow=26, signal=9)[number]

    return column


def _stochastic(number: int) -> _Column:
    def column(bars: Bars, measure: Measure) -> Floats:
        del measure
        columns = (bars.high, bars.low, bars.close)
        return direct.stochastic(*columns, length=14, smooth_k=3, smooth_d=3)[number]

    return column


def _volume(bars: Bars, measure: Measure) -> Floats:
    """Volume as a multiple of its mean over the bars before."""
    before = direct.before(direct.mean(bars.volume, _length(measure)))
    ratio: Floats = np.full(len(bars), np.nan)
    np.divide(bars.volume, before, out=ratio, where=before > 0)
    return ratio


def _change(bars: Bars, measure: Measure) -> Floats:
    """Close against the close exactly ``span_h`` hours before, as a fraction; NaN in a gap."""
    assert measure.span_h is not None  # the measure has checked itself
    change: Floats = np.full(len(bars), np.nan)
    wanted = bars.open_ms - measure.span_h * _HOUR_MS
    place = np.searchsorted(bars.open_ms, wanted)
    found = bars.open_ms[np.minimum(place, len(bars) - 1)] == wanted
    # Rounded, because 105 / 100 - 1 is more than 0.05 in binary, and a line is an exact decimal.
    change[found] = np.round(bars.close[found] / bars.close[place[found]] - 1.0, _DIGITS)
    return change


_COLUMNS: Mapping[Measured, _Column] = {
    Measured.CLOSE: lambda bars, _: bars.close,
    # As the HL rule: the range of the bars before, which this bar can leave.
    Measured.HIGH: lambda bars, m: direct.before(direct.highest(bars.high, _length(m))),
    Measured.LOW: lambda bars, m: direct.before(direct.lowest(bars.low, _length(m))),
    Measured.SMA: lambda bars, m: direct.mean(bars.close, _length(m)),
    Measured.EMA: _ema,
    Measured.BB_LOWER: _band(0),
    Measured.BB_MIDDLE: _band(1),
    Measured.BB_UPPER: _band(2),
    Measured.RSI: lambda bars, m: direct.rsi(bars.close, _length(m)),
    Measured.STOCH_K: _stochastic(0),
    Measured.STOCH_D: _stochastic(1),
    Measured.MACD: _macd(0),
    Measured.MACD_SIGNAL: _macd(1),
    Measured.MACD_HISTOGRAM: _macd(2),
    Measured.ATR: lambda bars, m: _atr(bars, _length(m)),
    Measured.VOLUME: _volume,
    Measured.CHANGE: _change,
}
