import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.errors import InvalidValueError
from engine.kernel import Bools, Floats
from engine.proof.statistics.pbo import overfitting

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def noise(seed: int, days: int = 160, trials: int = 20) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 0.01, (days, trials))


def blocks(*means: float) -> Floats:
    """Two days per block, a step above and below its mean."""
    return np.array([mean + step for mean in means for step in (1.0, -1.0)])


def test_four_blocks_worked_by_hand() -> None:
    """B always earns 0, A the block means 3, 1, −0.5, −2; two blocks are inside, two outside.

    inside 1,2: A earned 4 inside, −2.5 outside   → the choice A ends below B
    inside 1,3: A 2.5, then −1                    → below
    inside 1,4: A 1, then 0.5                     → above
    inside 2,3: A 0.5, then 1                     → above
    inside 2,4: A −1, so B is chosen; A then 2.5  → below
    inside 3,4: A −2.5, so B is chosen; A then 4  → below
    Four of six. A rank of 1 among 2 is ln(1/3 ÷ 2/3) = −ln 2, a rank of 2 is +ln 2.
    """
    found = overfitting(np.column_stack([blocks(3, 1, -0.5, -2), blocks(0, 0, 0, 0)]), 4)
    assert found.probability == pytest.approx(4 / 6)
    signs = np.array([-1, -1, 1, 1, -1, -1])
    np.testing.assert_allclose(found.logits, signs * np.log(2))
    # A chosen and losing outside: only the first two.
    assert found.loss_probability == pytest.approx(2 / 6)
    assert found.trials == 2


def test_performance_degrades_along_the_line_worked_by_hand() -> None:
    """Two blocks, inside 1 or 2; a block of mean m has the Sharpe m/√2 (deviation of ±1 is √2).

    The winner is A (2, then −1), and B (3, then −2) in the other half: the line through
    (2, −1)/√2 and (3, −2)/√2 falls by 1 and meets the axis at 1/√2.
    """
    found = overfitting(np.column_stack([blocks(2, -1), blocks(-2, 3)]), 2)
    assert found.slope == pytest.approx(-1.0)
    assert found.intercept == pytest.approx(1 / np.sqrt(2))
    assert found.probability == 1.0


def test_the_best_of_three_has_a_logit_of_ln_three() -> None:
    wins = np.column_stack([blocks(5, 6, 5, 6), blocks(0, 1, 0, 1), blocks(-1, 0, -1, 0)])
    found = overfitting(wins, 4)
    np.testing.assert_allclose(found.logits, np.log(3))
    assert found.probability == 0.0


def test_equal_trials_are_a_choice_by_luck() -> None:
    same = np.repeat(noise(1, trials=1), 17, axis=1)
    found = overfitting(same)
    np.testing.assert_allclose(found.logits, 0.0, atol=1e-12)
    assert found.probability == 1.0


def test_a_search_in_noise_overfits_half_the_time() -> None:
    found = [overfitting(noise(seed, days=800), 10).probability for seed in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_a_trial_with_skill_among_noise_is_found_again() -> None:
    returns = noise(2, days=1600)
    returns[:, 7] += 0.002
    found = overfitting(returns)
    assert found.probability < 0.01
    assert found.loss_probability < 0.01


def test_trials_without_dispersion_earn_nothing() -> None:
    returns = np.column_stack([np.zeros(64), np.full(64, 0.01), noise(3, days=64, trials=2)])
    assert np.isfinite(overfitting(returns).logits).all()


def test_the_oldest_days_are_dropped_where_blocks_do_not_fit() -> None:
    returns = noise(4, days=165)
    np.testing.assert_array_equal(overfitting(returns).logits, overfitting(returns[5:]).logits)


def test_fifty_trials_and_all_choices_of_sixteen_blocks_take_less_than_two_seconds() -> None:
    returns = noise(5, days=1826, trials=50)
    started = time.perf_counter()
    assert len(overfitting(returns).logits) == 12_870
    assert time.perf_counter() - started < 2.0


def test_long_lineages_are_taken_in_parts_without_a_seam() -> None:
    """150 trials are taken 6,666 choices at a time; four choices are recomputed one by one."""
    returns = noise(6, days=64, trials=150)
    chosen = list(itertools.combinations(range(16), 8))
    logits = overfitting(returns).logits
    assert len(logits) == len(chosen) == 12_870
    for k in (0, 6_665, 6_666, 12_869):
        within = np.isin(np.arange(64) // 4, chosen[k])
        inside, outside = (part.mean(axis=0) / part.std(axis=0) for part in halves(returns, within))
        rank = 1 + int(np.sum(outside < outside[np.argmax(inside)]))
        assert logits[k] == pytest.approx(np.log(rank / (151 - rank)))


def halves(returns: Floats, within: Bools) -> tuple[Floats, Floats]:
    return returns[within], returns[~within]


@pytest.mark.parametrize(
    ("shape", "count"), [((64, 1), 4), ((64, 5), 3), ((64, 5), 0), ((7, 5), 4)]
)
def test_what_cannot_be_split_is_refused(shape: tuple[int, int], count: int) -> None:
    with pytest.raises(InvalidValueError):
        overfitting(np.zeros(shape), count)


@few
@given(seeds, st.integers(2, 12), st.sampled_from([2, 4, 6, 8]))
def test_it_is_a_probability(seed: int, trials: int, count: int) -> None:
    found = overfitting(noise(seed, days=48, trials=trials), count)
    assert 0.0 <= found.probability <= 1.0
    assert 0.0 <= found.loss_probability <= 1.0


@few
@given(seeds, st.integers(2, 12), st.booleans())
def test_the_order_of_the_trials_does_not_matter(seed: int, trials: int, twins: bool) -> None:
    returns = noise(seed, days=48, trials=trials)
    if twins:
        returns[:, -1] = returns[:, 0]
    order = np.random.default_rng(seed).permutation(trials)
    plain, mixed = overfitting(returns, 6), overfitting(returns[:, order], 6)
    assert plain.probability == mixed.probability
    np.testing.assert_allclose(plain.logits, mixed.logits)


@few
@given(seeds, st.floats(0.01, 100.0))
def test_scaling_all_returns_changes_nothing(seed: int, factor: float) -> None:
    returns = noise(seed, days=48, trials=6)
    assert overfitting(factor * returns, 6).probability == overfitting(returns, 6).probability
