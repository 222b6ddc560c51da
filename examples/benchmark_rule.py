# ruff: noqa: INP001 - a strategy file stands alone, it is no part of a package
"""The rule of the project's benchmark: buy a fall that went too far, sell the recovery.

    flat:  RSI(14) < 30 and the close below the lower Bollinger band (20, 2σ)  → buy
    long:  RSI(14) > 55, or the close at or below  entry price − 2 × ATR(14)   → sell

Both are judged at a bar's close and done at the next open. ATR is that of the bar of the signal.
The rule exists to measure speed and to show how an exit that depends on the entry is written. It
loses money after costs: do not trade it.

    cryptotrader backtest --strategy examples/benchmark_rule.py
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy

RSI_LENGTH, RSI_BUY, RSI_SELL = 14, 30.0, 55.0
BAND_LENGTH, BAND_SIGMA = 20, 2.0
ATR_LENGTH, STOP_ATR = 14, 2.0

# What a market order is assumed to pay above the open. A strategy is not told what the desk really
# paid: its columns must be the same whether or not the desk took part.
ENTRY_SLIPPAGE = 0.0005

# How the rule forgets. Whether it is long depends on when it bought, which depends on when it was
# last flat, and so on without end; but a desk sees only its last 600 bars. Two things end the
# chain. RSI > 55 always leaves the rule flat, so nothing before the last such bar matters. And if
# there was none for 300 bars, the rule gives up: it is flat until RSI > 55 comes again. So it needs
# 300 bars, and before them 294 for RSI and ATR to forget their own start: 594 in all.
PATIENCE_BARS = 300


@lru_cache(maxsize=1)  # both functions below want it of the same bars
def wanted(bars: Bars) -> npt.NDArray[np.bool_]:
    """Whether the rule wants to be long after each bar's close: its own small state, bar by bar.

    A plain loop over lists: half a second for a year of minutes. Bar ``i`` reads bars ``0..i``.
    """
    rsi = direct.rsi(bars.close, RSI_LENGTH).tolist()
    lower, _, _ = direct.bollinger(bars.close, length=BAND_LENGTH, width_sigma=BAND_SIGMA)
    band = lower.tolist()
    atr = direct.atr(bars.high, bars.low, bars.close, ATR_LENGTH).tolist()
    opens, closes = bars.open.tolist(), bars.close.tolist()
    wants = np.zeros(len(bars), np.bool_)
    long, stop = False, 0.0
    signal = recovered = 0
    for i, close in enumerate(closes):
        if rsi[i] > RSI_SELL:  # a value that is not known yet (NaN) is above nothing
            recovered = i
        patient = i - recovered < PATIENCE_BARS
        if long:
            if i == signal + 1:  # the bar at whose open it bought
                stop = opens[i] * (1.0 + ENTRY_SLIPPAGE) - STOP_ATR * atr[signal]
            long = patient and recovered != i and close > stop
        elif patient and rsi[i] < RSI_BUY and close < band[i]:
            long, signal = True, i
        wants[i] = long
    return wants


def oversold(bars: Bars) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """The signal: +1 at full strength on the bar on which the rule turns long, else nothing.

    Only on that bar: a desk that could not buy then waits for the next signal, as the rule's exit
    belongs to its own entry.
    """
    wants = wanted(bars)
    side = wants.astype(np.int8)
    side[1:] &= ~wants[:-1]
    return side, np.full(len(bars), 100.0)


def not_wanted(bars: Bars) -> npt.NDArray[np.bool_]:
    """The exit: leave after every bar on which the rule does not want to be long."""
    return ~wanted(bars)


STRATEGY = custom(
    name="benchmark_rule",
    timeframe="1m",
    signals={"DIP": oversold},
    leave=not_wanted,
    # A desk never holds a position without a stop at the venue. The benchmark's rule has none, so
    # this one is far enough away never to be reached; all other built-in exits are off.
    exits=ExitPolicy(
        stop_atr_multiple=1_000.0,
        trailing_atr_multiple=None,
        time_stop_bars=None,
        exit_score=None,
    ),
)
