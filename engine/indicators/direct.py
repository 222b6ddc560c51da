"""Indicators computed by TA-Lib in C, with the conventions spelled out.

float64 arrays in → float64 arrays of the same length out, NaN for the warm-up bars. Each function
names TA-Lib's convention where conventions differ. Any other TA-Lib function is reached through
``call``, so a new indicator needs no line here.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from engine.indicators.bars import Floats
from engine.kernel import hidden

_FORGOTTEN = 1e-9
_SMA = 0  # TA-Lib's MA_Type.SMA


@cache
def _library() -> Any:  # noqa: ANN401 - an untyped module
    """TA-Lib, loaded without pandas unless pandas is there already.

    Its wrapper imports pandas, where installed, only to accept Series beside arrays. We hand it
    arrays, and the import costs a second and 90 MB in every desk and every backtest. Where Series
    are wanted after all, ``by_pandas_ta`` loads the wrapper again.
    """
    with hidden("pandas"):
        import talib  # noqa: PLC0415 - see the package's docstring
    return talib


def call(name: str, *arrays: Floats, **parameters: float) -> Any:  # noqa: ANN401 - one array or a tuple, as TA-Lib's function
    """Any TA-Lib function by name: ``call("ADX", high, low, close, timeperiod=14)``."""
    return getattr(_library(), name)(*arrays, **parameters)


def rsi(close: Floats, length: int) -> Floats:
    """Relative strength index, 0–100, smoothed as Wilder did (weight 1/length).

    Seeded with the plain mean of the first ``length`` changes; first value at bar ``length``.
    """
    values: Floats = call("RSI", close, timeperiod=length)
    return values


def macd(close: Floats, *, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """MACD line, its signal line and their difference (the histogram), in quote currency.

    Both averages start at the same bar, each seeded with the plain mean of the bars before it
    (TA-Lib's default); first value of all three at bar ``slow + signal − 2``.
    """
    line, smoothed, histogram = call(
        "MACD", close, fastperiod=fast, slowperiod=slow, signalperiod=signal
    )
    return line, smoothed, histogram


def bollinger(close: Floats, *, length: int, width_sigma: float) -> tuple[Floats, Floats, Floats]:
    """Lower band, mean and upper band in quote currency.

    σ is the population's (ddof 0), as Bollinger's and TA-Lib's; pandas-ta without TA-Lib divides by
    ``length − 1`` and gives bands 2.6 % wider at 20 bars.
    """
    upper, middle, lower = call(
        "BBANDS", close, timeperiod=length, nbdevup=width_sigma, nbdevdn=width_sigma, matype=_SMA
    )
    return lower, middle, upper


def stochastic(
    high: Floats, low: Floats, close: Floats, *, length: int, smooth_k: int, smooth_d: int
) -> tuple[Floats, Floats]:
    """Slow %K and %D, 0–100, both smoothed by plain means; 0 where the range is empty."""
    k, d = call(
        "STOCH",
        high,
        low,
        close,
        fastk_period=length,
        slowk_period=smooth_k,
        slowk_matype=_SMA,
        slowd_period=smooth_d,
        slowd_matype=_SMA,
    )
    return k, d


def atr(high: Floats, low: Floats, close: Floats, length: int) -> Floats:
    """Average true range in quote currency, smoothed as Wilder did, first value at ``length``."""
    values: Floats = call("ATR", high, low, close, timeperiod=length)
    return values


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """The bar's range, stretched to the close before it, in quote currency; NaN at bar 0."""
    values: Floats = call("TRANGE", high, low, close)
    return values


def mean(values: Floats, length: int) -> Floats:
    """Plain mean of the last ``length`` values."""
    means: Floats = call("SMA", values, timeperiod=length)
    return means


def highest(values: Floats, length: int) -> Floats:
    """Maximum of the last ``length`` values."""
    top: Floats = call("MAX", values, timeperiod=length)
    return top


def lowest(values: Floats, length: int) -> Floats:
    """Minimum of the last ``length`` values."""
    bottom: Floats = call("MIN", values, timeperiod=length)
    return bottom


def before(values: Floats) -> Floats:
    """The same column one bar later: what was known before each bar; NaN at bar 0."""
    shifted = np.empty_like(values)
    shifted[:1] = np.nan
    shifted[1:] = values[:-1]
    return shifted


def wilder_memory(length: int) -> int:
    """Bars until Wilder's smoothing gives its seed a weight below 1e-9: 280 for 14."""
    return math.ceil(math.log(_FORGOTTEN) / math.log(1 - 1 / length))


def ema_memory(length: int) -> int:
    """Bars until an exponential mean (weight 2/(length+1)) gives its seed less than 1e-9."""
    return math.ceil(math.log(_FORGOTTEN) / math.log(1 - 2 / (length + 1)))
