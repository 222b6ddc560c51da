"""A strategy that looks into the future is found out, whichever way it does it."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from engine.domain.errors import InvalidValueError
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats
from engine.proof.lookahead import find_leak, made_up_bars, require_causal
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
