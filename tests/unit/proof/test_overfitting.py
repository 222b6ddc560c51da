"""Figures marked with a paper are printed there; the others are worked out beside them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.domain.errors import InvalidValueError
from engine.proof.statistics.overfitting import (
    Sharpe,
    deflated_sharpe,
    expected_maximum,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_of,
    variance_of,
)

few = settings(max_examples=60, deadline=None)
ratios = st.floats(-0.5, 0.5)
lengths = st.integers(10, 5000)


def sharpe(ratio: float, periods: int, skewness: float = 0.0, kurtosis: float = 3.0) -> Sharpe:
    return Sharpe(ratio=ratio, skewness=skewness, kurtosis=kurtosis, periods=periods)


# Bailey and López de Prado 2014: a yearly ratio of 2.5 over 1,250 days of 250 a year, trials whose
# yearly ratios have a variance of 1/2.
BEST = 2.5 / math.sqrt(250)
VARIANCE = 0.5 / 250


def test_the_expected_maximum_is_that_of_the_paper() -> None:
    assert expected_maximum(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)


def test_the_deflated_sharpe_of_a_hundred_trials_is_that_of_the_paper() -> None:
    found = deflated_sharpe(sharpe(BEST, 1250, -3, 10), trials=100, variance=VARIANCE)
    assert found == pytest.approx(0.9004, abs=5e-5)


def test_forty_six_trials_would_have_passed_as_in_the_paper() -> None:
    found = deflated_sharpe(sharpe(BEST, 1250, -3, 10), trials=46, variance=VARIANCE)
    assert found == pytest.approx(0.9505, abs=5e-5)


def test_normal_returns_would_have_passed_with_eighty_eight_trials_as_in_the_paper() -> None:
    found = deflated_sharpe(sharpe(BEST, 1250), trials=88, variance=VARIANCE)
    assert found == pytest.approx(0.9505, abs=5e-5)


# Bailey and López de Prado 2012: two years of monthly returns with a ratio of 0.458.
def test_skill_looks_likely_when_tails_are_ignored_as_in_the_paper() -> None:
    assert probabilistic_sharpe(sharpe(0.458, 24)) == pytest.approx(0.982, abs=5e-4)


def test_skill_is_less_likely_when_tails_are_counted_as_in_the_paper() -> None:
    tailed = sharpe(0.458, 24, -2.448, 10.164)
    assert probabilistic_sharpe(tailed) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(
    ("per_year", "skewness", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_record_needed_to_tell_two_from_one_is_that_of_the_paper(
    per_year: int, skewness: float, kurtosis: float, years: float
) -> None:
    yearly = math.sqrt(per_year)
    needed = minimum_track_record(sharpe(2 / yearly, 99, skewness, kurtosis), 1 / yearly, 0.95)
    assert needed is not None
    assert needed / per_year == pytest.approx(years, abs=5e-3)


def test_no_record_is_long_enough_below_the_hurdle() -> None:
    assert minimum_track_record(sharpe(0.1, 100), 0.1, 0.95) is None


def test_the_minimum_record_is_where_the_probability_reaches_the_confidence() -> None:
    needed = minimum_track_record(sharpe(0.1, 100, -1, 6), 0.02, 0.95)
    assert needed is not None
    assert probabilistic_sharpe(sharpe(0.1, round(needed), -1, 6), 0.02) == pytest.approx(
        0.95, abs=1e-3
    )


def test_the_expected_maximum_is_near_that_of_drawn_normals() -> None:
    drawn = np.random.default_rng(1).normal(0.0, 0.3, (4000, 50)).max(axis=1).mean()
    assert expected_maximum(50, 0.09) == pytest.approx(drawn, rel=0.02)


def test_one_trial_is_no_search() -> None:
    assert expected_maximum(1, 4.0) == 0.0


def test_moments_are_those_of_scipy() -> None:
    returns = np.random.default_rng(3).standard_t(5, 400) * 0.01
    found = sharpe_of(returns)
    assert found is not None
    assert found.ratio == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert found.skewness == pytest.approx(stats.skew(returns))
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))


def test_the_normal_distribution_is_that_of_scipy() -> None:
    found = probabilistic_sharpe(sharpe(0.1, 500), 0.03)
    spread = math.sqrt((1 + 0.5 * 0.1**2) / 499)
    assert found == pytest.approx(stats.norm.cdf(0.07 / spread))


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.01] * 50, [0.0] * 50])
def test_without_dispersion_there_is_no_ratio(returns: list[float]) -> None:
    assert sharpe_of(np.array(returns)) is None


def test_moments_that_no_sample_has_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="kurtosis"):
        sharpe(0.1, 100, skewness=3.0, kurtosis=4.0)


def test_the_variance_of_ratios_is_that_of_a_sample() -> None:
    assert variance_of([1.0, 2.0, 3.0]) == 1.0
    assert variance_of([1.0]) == 0.0


@few
@given(ratios, ratios, lengths)
def test_a_higher_ratio_is_never_less_likely_to_be_real(a: float, b: float, n: int) -> None:
    low, high = sorted((a, b))
    assert probabilistic_sharpe(sharpe(low, n)) <= probabilistic_sharpe(sharpe(high, n)) + 1e-12


@few
@given(st.floats(0.0, 0.5), lengths, lengths)
def test_a_longer_record_never_makes_a_gain_less_likely(ratio: float, a: int, b: int) -> None:
    short, long = sorted((a, b))
    assert (
        probabilistic_sharpe(sharpe(ratio, short))
        <= probabilistic_sharpe(sharpe(ratio, long)) + 1e-12
    )


@few
@given(ratios, lengths, st.integers(1, 10_000), st.floats(0.0, 0.1), st.floats(-3, 3))
def test_deflation_never_raises_the_probability(
    ratio: float, n: int, trials: int, variance: float, skewness: float
) -> None:
    measured = sharpe(ratio, n, skewness, skewness**2 + 3.0)
    assert (
        0.0
        <= deflated_sharpe(measured, trials=trials, variance=variance)
        <= probabilistic_sharpe(measured)
        <= 1.0
    )


@few
@given(st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_trying_more_never_lowers_the_hurdle(a: int, b: int, variance: float) -> None:
    fewer, more = sorted((a, b))
    assert expected_maximum(fewer, variance) <= expected_maximum(more, variance) + 1e-12


@few
@given(st.lists(st.floats(-0.2, 0.2), min_size=5, max_size=60), st.floats(0.1, 50.0))
def test_leverage_changes_no_probability(returns: list[float], leverage: float) -> None:
    values = np.array(returns)
    assume(float(np.std(values)) > 1e-6)
    plain, levered = sharpe_of(values), sharpe_of(leverage * values)
    assert plain is not None
    assert levered is not None
    assert probabilistic_sharpe(levered) == pytest.approx(probabilistic_sharpe(plain), abs=1e-6)
