import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import SPA, optimal_block_length

from engine.domain.errors import InvalidValueError
from engine.kernel import Floats
from engine.proof.statistics.resampling import (
    block_length,
    drawdown_of_days,
    drawdown_quantiles,
    mean_interval,
    paired_difference,
    sharpe_interval,
    superiority,
)


def days(seed: int, mean: float = 0.0, n: int = 500) -> Floats:
    return np.random.default_rng(seed).normal(mean, 0.01, n)


def persistent(seed: int, n: int = 600) -> Floats:
    shocks, out = days(seed, n=n), np.zeros(n)
    for k in range(1, n):
        out[k] = 0.7 * out[k - 1] + shocks[k]
    return out


def test_blocks_are_as_long_as_the_library_advises() -> None:
    series = persistent(1)
    advised = float(optimal_block_length(pd.Series(series))["stationary"].iloc[0])
    assert block_length(series) == int(np.ceil(advised))


def test_days_that_depend_on_each_other_need_longer_blocks() -> None:
    assert block_length(persistent(2)) > 2 * block_length(days(2, n=600))


def test_a_flat_series_needs_no_blocks() -> None:
    assert block_length(np.zeros(50)) == 1


def test_too_few_days_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="periods"):
        mean_interval(days(1, n=19), seed=1)


def test_the_interval_of_independent_days_is_the_textbook_one() -> None:
    series = days(3)
    found = mean_interval(series, seed=1)
    half = 1.96 * series.std(ddof=1) / np.sqrt(len(series))
    assert found.estimate == pytest.approx(series.mean())
    assert found.low == pytest.approx(series.mean() - half, abs=0.2 * half)
    assert found.high == pytest.approx(series.mean() + half, abs=0.2 * half)


def test_dependent_days_say_less_than_independent_ones() -> None:
    series = persistent(4)
    found = mean_interval(series, seed=1)
    naive = 2 * 1.96 * series.std(ddof=1) / np.sqrt(len(series))
    assert found.high - found.low > 1.5 * naive


def test_the_interval_of_a_sharpe_ratio_holds_it() -> None:
    series = days(5, mean=0.001)
    found = sharpe_interval(series, seed=1, level=0.9)
    assert found.estimate == pytest.approx(series.mean() / series.std(ddof=1))
    assert found.low < found.estimate < found.high
    # Lo 2002: the error of a ratio near 0.1 over 500 days is about 1/√500.
    assert found.high - found.low == pytest.approx(2 * 1.645 / np.sqrt(500), rel=0.25)


def test_a_seed_repeats_an_interval() -> None:
    series = days(6)
    assert mean_interval(series, seed=9) == mean_interval(series, seed=9)
    assert mean_interval(series, seed=9) != mean_interval(series, seed=10)


def test_what_two_series_share_cancels_in_their_difference() -> None:
    """A twin that earns five basis points a day more: no day disagrees, no doubt is left."""
    market = days(7, n=400)
    found = paired_difference(market + 5e-4, market, seed=1)
    assert found.mean.estimate == pytest.approx(5e-4)
    assert found.mean.low == pytest.approx(5e-4)
    assert found.mean.high == pytest.approx(5e-4)
    assert found.sharpe.low > 0.0


def test_two_strangers_do_not_differ_for_sure() -> None:
    found = paired_difference(days(8), days(9), seed=1)
    assert found.mean.low < 0.0 < found.mean.high
    assert found.sharpe.low < 0.0 < found.sharpe.high


def test_series_of_different_length_are_no_pair() -> None:
    with pytest.raises(InvalidValueError, match="second"):
        paired_difference(days(1), days(1)[1:], seed=1)


def test_superiority_is_the_library_test_on_losses_of_equal_volatility() -> None:
    benchmark, models = days(10), np.column_stack([days(11, mean=0.0008), days(12)])
    scaled = models * (benchmark.std() / models.std(axis=0))
    best = scaled[:, int(np.argmax(scaled.mean(axis=0)))] - benchmark
    direct = SPA(-benchmark, -scaled, block_size=block_length(best), reps=300, seed=5)
    direct.compute()
    found = superiority(benchmark, models, resamples=300, seed=5)
    assert found.consistent == pytest.approx(float(direct.pvalues["consistent"]))
    assert found.lower <= found.consistent <= found.upper


def test_superiority_finds_an_edge_and_no_more() -> None:
    benchmark = days(13)
    assert superiority(benchmark, days(14, mean=0.003)[:, None], seed=1).consistent < 0.01
    assert superiority(benchmark, days(15, mean=-0.001)[:, None], seed=1).consistent > 0.2


def test_leverage_is_not_superior() -> None:
    rise = days(16, mean=0.001)
    levered = superiority(rise, (3.0 * rise + days(17) * 1e-3)[:, None], seed=1)
    assert levered.consistent > 0.05


def test_models_that_stand_still_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="models"):
        superiority(days(1), np.zeros((500, 1)), seed=1)


def test_the_order_of_two_trades_decides_the_depth() -> None:
    """+100 % and −50 % in either order: the loss is a half; two losses in a row are three quarters.

    Of −50 %, −50 %, +100 % there are three orders: together (twice) 75 %, apart (once) 50 %.
    """
    one_loss = drawdown_quantiles(np.array([1.0, -0.5]), (0.0, 1.0), resamples=50, seed=1)
    assert one_loss == pytest.approx((0.5, 0.5))
    two = drawdown_quantiles(np.array([1.0, -0.5, -0.5]), (0.1, 0.9), resamples=3000, seed=1)
    assert two == pytest.approx((0.5, 0.75))
    middle = drawdown_quantiles(np.array([1.0, -0.5, -0.5]), (0.25, 0.45), resamples=3000, seed=1)
    assert middle == pytest.approx((0.5, 0.75))


def test_losing_everything_is_a_drawdown_of_one() -> None:
    assert drawdown_quantiles(np.array([-1.5, 0.1]), (1.0,), resamples=10, seed=1) == (1.0,)


def test_winners_only_never_draw_down() -> None:
    assert drawdown_quantiles(np.array([0.1, 0.2]), (0.5, 1.0), resamples=10, seed=1) == (0.0, 0.0)


def test_days_drawn_in_blocks_can_fall_deeper_than_they_did() -> None:
    """Fifty days of −1 % in a row are one block of a series that then rose again."""
    returns = np.concatenate((np.full(50, -0.01), np.full(150, 0.01)))
    middle, deep = drawdown_of_days(returns, (0.5, 0.99), resamples=300, seed=1)
    fell = 1.0 - 0.99**50
    assert 0.5 * fell < middle < deep < 1.0 - 0.99**200
    assert deep > fell


def test_days_that_only_rise_never_fall() -> None:
    rising = 0.01 + 0.001 * np.sin(np.arange(60))
    assert drawdown_of_days(rising, (0.5, 1.0), resamples=50, seed=1) == (0.0, 0.0)
