"""A strategy that looks into the future is found out, whichever way it does it."""

from array import array
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Symbol
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats
from engine.proof.admission.lookahead import find_leak, require_causal, require_causal_on
from engine.proof.admission.made_up import made_up_bars
from engine.strategy.custom import SignalFunction, custom
from engine.strategy.policy import ExitPolicy
from engine.strategy.shipped import shipped_strategies
from engine.strategy.version import ExitRule, StrategyVersion


def signed(x: NDArray[np.floating[Any]]) -> tuple[ArrayLike, ArrayLike]:
    return np.sign(x).astype(int), np.minimum(100.0, np.abs(x) * 1_000.0)


def change(bars: Bars) -> Floats:
    return np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))


def honest(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return signed(change(bars))


def tomorrow(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return signed(np.append(change(bars)[1:], 0.0))


def centred(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return signed(np.convolve(change(bars), np.ones(5) / 5, mode="same"))


def whole_series(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return signed((bars.close - bars.close.mean()) / bars.close.std())


def long_memory(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return signed(np.cumsum(change(bars)) / 10.0)


def made(signal: SignalFunction, leave: ExitRule | None = None) -> StrategyVersion:
    exits = ExitPolicy(stop_atr_multiple=5.0)
    return custom(name="mine", timeframe="1h", signals={"S": signal}, exits=exits, leave=leave)


def test_an_honest_strategy_passes() -> None:
    require_causal(made(honest))


@pytest.mark.parametrize("signal", [tomorrow, centred, whole_series])
def test_a_signal_that_reads_later_bars_is_refused(signal: SignalFunction) -> None:
    with pytest.raises(InvalidValueError, match="without knowledge of the future"):
        require_causal(made(signal))


def test_an_exit_that_reads_later_bars_is_refused() -> None:
    def before_a_fall(bars: Bars) -> Bools:
        return np.append(bars.close[1:] < bars.close[:-1], False)

    with pytest.raises(InvalidValueError, match="exit of bar"):
        require_causal(made(honest, before_a_fall))


def test_a_signal_that_remembers_more_than_the_live_window_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="only the last 600 bars are known"):
        require_causal(made(long_memory))


def test_the_leak_names_column_bar_and_both_values() -> None:
    mine = made(tomorrow)
    leak = find_leak(mine, made_up_bars(mine, seed=1))
    assert leak is not None
    assert leak.column in {"S", "score"}
    assert leak.before != leak.after
    assert f"of bar {leak.bar} is" in str(leak)


@pytest.mark.parametrize("name", sorted(shipped_strategies()))
def test_no_shipped_strategy_knows_the_future(name: str) -> None:
    require_causal(shipped_strategies()[name])


def peeking(depth: float, *, hope: bool = False) -> SignalFunction:
    """Buy far below the mean of 20 closes, but only if the next bar gains a per cent.

    ``hope`` decides for the last bar, whose next is not known.
    """

    def dip(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
        low = bars.close < direct.mean(bars.close, 20) * depth
        following = np.append(bars.close[1:], np.inf if hope else 0.0)
        return np.where(low & (following > 1.01 * bars.close), 1, 0), np.full(len(bars), 100.0)

    return dip


@pytest.mark.parametrize("hope", [False, True])
@pytest.mark.parametrize("depth", [0.96, 0.90, 0.85])
def test_a_peek_at_the_next_bar_on_rare_bars_is_found(depth: float, *, hope: bool) -> None:
    with pytest.raises(InvalidValueError, match="without knowledge of the future"):
        require_causal(made(peeking(depth, hope=hope)))


def test_a_signal_that_spares_itself_the_bars_before_a_fall_is_found() -> None:
    def spared(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
        low = bars.close < direct.mean(bars.close, 20) * 0.9
        following = np.append(bars.close[1:], np.inf)
        return np.where(low & (following > 0.9 * bars.close), 1, 0), np.full(len(bars), 100.0)

    with pytest.raises(InvalidValueError, match="are lower"):
        require_causal(made(spared))


def with_one_fall(count: int = 3_000) -> CandleSeries:
    """Candles within a per cent of 100, and one that closes at 60; the next is back at 100."""
    close = 100.0 + np.sin(np.arange(count))
    close[2_000] = 60.0
    step = 3_600_000
    return CandleSeries(
        open_ms=array("q", (np.arange(count) * step).tolist()),
        open=array("d", close.tolist()),
        high=array("d", (close + 0.1).tolist()),
        low=array("d", (close - 0.1).tolist()),
        close=array("d", close.tolist()),
        volume=array("d", [10.0] * count),
    )


def test_a_peek_on_a_single_stored_candle_is_found() -> None:
    """The stored candles fell by two fifths once, and the file names that one bar."""
    symbol = Symbol.parse("BTC/USDT")
    with pytest.raises(InvalidValueError, match=r"BTC/USDT .*of bar 2000 is 100, but 0 when"):
        require_causal_on(made(peeking(0.65)), {symbol: with_one_fall()})


def test_an_honest_strategy_passes_on_stored_candles() -> None:
    def dip(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
        low = bars.close < direct.mean(bars.close, 20) * 0.999
        return np.where(low, 1, 0), np.full(len(bars), 100.0)

    require_causal_on(made(dip), {Symbol.parse("BTC/USDT"): with_one_fall()})


def test_candles_that_stand_still_do_not_make_an_honest_strategy_look_guilty() -> None:
    """On equal closes a mean differs from them by rounding, and a side by the sign of that."""
    count = 2_000
    close = array("d", [0.1] * 700 + [0.3] * (count - 700))
    still = CandleSeries(
        open_ms=array("q", (3_600_000 * k for k in range(count))),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=array("d", [0.0] * count),
    )

    def above(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
        over = bars.close > direct.mean(bars.close, 50)
        return np.where(over, 1, -1), np.full(len(bars), 100.0)

    require_causal_on(made(above), {Symbol.parse("BTC/USDT"): still})
