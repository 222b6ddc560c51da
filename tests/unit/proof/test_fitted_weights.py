"""Weights learned from the past: the signal that was right gets them, and only a share of them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from engine.indicators.bars import Bars
from engine.kernel import Floats
from engine.proof.walkforward.fitted_weights import Learned, learn, mixed
from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy
from engine.strategy.version import StrategyVersion
from tests.unit.proof.made_up import ground


def with_the_last_step(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    step = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
    return np.sign(step).astype(int), np.full(len(bars), 80.0)


def against_it(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    side, strength = with_the_last_step(bars)
    return -np.asarray(side), strength


def by_the_clock(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return np.where(bars.open_ms // 3_600_000 % 7 < 3, 1, -1), np.full(len(bars), 80.0)


STRATEGY = custom(
    name="three",
    timeframe="1h",
    signals={"FOLLOW": with_the_last_step, "AGAINST": against_it, "CLOCK": by_the_clock},
    exits=ExitPolicy(stop_atr_multiple=3.0),
)


def learned(memory: float, horizon: int = 3) -> Learned:
    whole = ground(STRATEGY, days=120, memory=memory)
    return learn(
        whole, STRATEGY, start_ms=whole.start_ms, end_ms=whole.end_ms, horizon_bars=horizon
    )


def test_the_signal_that_was_right_gets_the_weight() -> None:
    against, clock, follow = learned(memory=0.4).pooled
    assert follow > 0.8
    assert against == 0.0
    assert clock < 0.2


def test_in_a_market_that_turns_back_the_other_signal_gets_it() -> None:
    against, _, follow = learned(memory=-0.4).pooled
    assert against > 0.8
    assert follow == 0.0


def test_every_set_sums_to_one() -> None:
    found = learned(memory=0.2)
    assert found.pooled.sum() == pytest.approx(1.0)
    assert found.by_regime.sum(axis=1) == pytest.approx(np.ones(4))


def test_what_comes_after_the_stretch_changes_nothing() -> None:
    whole = ground(STRATEGY, days=120, memory=0.3)
    end_ms = whole.start_ms + 60 * 86_400_000
    before = learn(whole, STRATEGY, start_ms=whole.start_ms, end_ms=end_ms, horizon_bars=5)
    for bars in whole.bars:
        bars.close[bars.open_ms >= end_ms] *= 3.0
    again = learn(whole, STRATEGY, start_ms=whole.start_ms, end_ms=end_ms, horizon_bars=5)
    assert np.array_equal(before.pooled, again.pooled)
    assert np.array_equal(before.by_regime, again.by_regime)


def figures(strategy: StrategyVersion) -> Floats:
    return strategy.weights.table(tuple(rule.code for rule in strategy.rules))


def test_a_share_of_the_learned_is_mixed_into_the_own() -> None:
    found = Learned(pooled=np.array([0.0, 0.0, 1.0]), by_regime=np.eye(4, 3))
    made = replace(STRATEGY, weights=mixed(STRATEGY, found, share=0.25, split=False))
    assert figures(made)[0] == pytest.approx([0.25, 0.25, 0.5])
    split = replace(STRATEGY, weights=mixed(STRATEGY, found, share=0.6, split=True))
    third = 0.4 / 3
    assert figures(split)[1] == pytest.approx([third, third + 0.6, third])


def test_no_share_and_no_split_leave_the_weights_alone() -> None:
    found = Learned(pooled=np.array([0.0, 0.0, 1.0]), by_regime=np.eye(4, 3))
    assert mixed(STRATEGY, found, share=0.0, split=False) is STRATEGY.weights
