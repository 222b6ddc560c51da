import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.errors import InvalidValueError
from engine.kernel import Floats
from engine.proof.statistics.random_entries import (
    Holdings,
    expected_returns,
    holdings_of,
    random_runs,
)

few = settings(max_examples=30, deadline=None)


def column(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)[:, None]


def test_every_bar_sees_the_mean_exposure() -> None:
    """In the market on two of four bars: half of each bar's return."""
    found = expected_returns(column(1, 0, 1, 0), column(0.1, -0.1, 0.2, 0.0))
    np.testing.assert_allclose(found, [0.05, -0.05, 0.1, 0.0])


def test_symbols_add_up_and_bars_before_a_listing_do_not_count() -> None:
    """The second symbol is listed for two bars and held for one at 0.4: a mean of 0.2."""
    exposure = np.column_stack([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.4, 0.0]])
    returns = np.column_stack([[0.1, 0.1, 0.1, 0.1], [np.nan, np.nan, 0.5, -0.5]])
    found = expected_returns(exposure, returns)
    np.testing.assert_allclose(found, [0.025, 0.025, 0.025 + 0.1, 0.025 - 0.1])


def test_holding_what_is_not_listed_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="exposure"):
        expected_returns(column(1, 1), column(np.nan, 0.1))


@few
@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_the_expectation_is_the_mean_over_all_circular_shifts(seed: int, bars: int) -> None:
    rng = np.random.default_rng(seed)
    exposure, returns = rng.uniform(0, 1, bars), rng.normal(0, 0.05, bars)
    shifts = [np.roll(exposure, k) * returns for k in range(bars)]
    found = expected_returns(exposure[:, None], returns[:, None])
    np.testing.assert_allclose(found, np.mean(shifts, axis=0), atol=1e-12)


def test_always_being_in_the_market_leaves_no_excess() -> None:
    returns = np.random.default_rng(1).normal(0.01, 0.04, (50, 3))
    for leverage in (0.5, 1.0, 3.0):
        held = np.full(returns.shape, leverage / 3)
        np.testing.assert_allclose(
            expected_returns(held, returns), (held * returns).sum(axis=1), atol=1e-12
        )


def test_stays_are_read_off_the_exposure() -> None:
    found = holdings_of(np.array([0.0, 0.5, 0.3, 0.0, 1.0]))
    assert found.bars.tolist() == [2, 1]
    np.testing.assert_allclose(found.exposure, [0.4, 1.0])
    assert len(holdings_of(np.zeros(4)).bars) == 0


def test_a_stay_takes_at_least_one_bar() -> None:
    with pytest.raises(InvalidValueError, match="bars held"):
        Holdings(bars=np.array([0]), exposure=np.array([1.0]))


def test_random_runs_keep_entries_holding_times_and_sizes() -> None:
    """On a market that earns 1 on one bar only, a run earns the exposure of that bar."""
    held = Holdings(bars=np.array([3, 1, 2]), exposure=np.array([0.5, 1.0, 0.25]))
    bars = 12
    per_bar = np.stack(
        [
            random_runs([held], np.eye(bars)[:, [bar]], runs=200, seed=4).mean * bars
            for bar in range(bars)
        ],
        axis=1,
    )
    stays = [holdings_of_run(run) for run in np.round(per_bar, 9)]
    assert {stay for run in stays for stay in run} <= {0.0, 0.25, 0.5, 1.0}
    np.testing.assert_allclose(per_bar.sum(axis=1), 3 * 0.5 + 1 * 1.0 + 2 * 0.25)
    assert all(run.count(0.5) == 3 for run in stays)


def holdings_of_run(run: Floats) -> list[float]:
    return [float(value) for value in run]


def test_full_holdings_have_one_place_only() -> None:
    held = Holdings(bars=np.array([4]), exposure=np.array([1.0]))
    found = random_runs([held], column(0.1, 0.2, -0.1, 0.0), runs=5, seed=1)
    np.testing.assert_allclose(found.mean, 0.05)


def test_more_bars_held_than_listed_are_refused() -> None:
    held = Holdings(bars=np.array([4]), exposure=np.array([1.0]))
    with pytest.raises(InvalidValueError, match="bars held"):
        random_runs([held], column(np.nan, 0.2, -0.1, 0.0), runs=5, seed=1)


def test_foresight_beats_every_random_run() -> None:
    returns = np.random.default_rng(5).normal(0, 0.03, (400, 2))
    exposure = np.where(returns > 0, 0.5, 0.0)
    gained = (exposure * returns).sum(axis=1)
    runs = random_runs([holdings_of(one) for one in exposure.T], returns, runs=499, seed=2)
    assert runs.p_value(gained.mean() / gained.std(ddof=1)) == 1 / 500


def test_p_values_of_chance_are_spread_evenly() -> None:
    rng = np.random.default_rng(6)
    values = []
    for seed in range(60):
        returns = rng.normal(0.001, 0.03, (250, 1))
        exposure = np.repeat(rng.random(50) < 0.4, 5)[:, None].astype(float)
        gained = (exposure * returns).sum(axis=1)
        runs = random_runs([holdings_of(exposure[:, 0])], returns, runs=99, seed=seed)
        values.append(runs.p_value(gained.mean() / gained.std(ddof=1)))
    assert np.mean(values) == pytest.approx(0.5, abs=0.12)
    assert np.mean(np.array(values) <= 0.1) <= 0.25


def test_a_seed_repeats_the_runs() -> None:
    returns = np.random.default_rng(7).normal(0, 0.03, (100, 1))
    held = [Holdings(bars=np.array([5, 9]), exposure=np.ones(2))]
    once, again = (random_runs(held, returns, runs=20, seed=3).sharpe for _ in range(2))
    np.testing.assert_array_equal(once, again)
