"""What must hold of the score on any market."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators.bars import Bars
from engine.strategy.columns import ScoreColumns, columns, contributions_exact
from engine.strategy.reference import default_reference
from engine.strategy.score import largest_remainder
from engine.strategy.weights import default_weights
from tests.unit.strategy.bars import joined, scaled, walk

PER_BAR = ("net", "score", "rank", "agreement", "atr", "regime", "sigma_day", "adv_quote")
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def score(bars: Bars) -> ScoreColumns:
    return columns(bars, default_weights(), default_reference())


def same_until(a: ScoreColumns, b: ScoreColumns, n: int) -> None:
    for name in ("side", "strength"):
        np.testing.assert_array_equal(getattr(a, name)[:, :n], getattr(b, name)[:, :n])
    for name in PER_BAR:
        np.testing.assert_array_equal(getattr(a, name)[:n], getattr(b, name)[:n])


@few
@given(seed=seeds, cut=st.integers(201, 899))
def test_truncating_the_future_leaves_the_past_unchanged(seed: int, cut: int) -> None:
    bars = walk(900, seed)
    same_until(score(bars), score(bars.between(0, cut)), cut)


@few
@given(seed=seeds, other=seeds, cut=st.integers(201, 899), jump=st.floats(0.01, 100))
def test_perturbing_the_future_leaves_the_past_unchanged(
    seed: int, other: int, cut: int, jump: float
) -> None:
    bars = walk(900, seed)
    future = walk(900 - cut, other, start=bars.close[cut - 1] * jump, step=0.05)
    same_until(score(bars), score(joined(bars.between(0, cut), future)), cut)


@few
@given(seed=seeds, price=st.floats(1e-7, 1e7), volume=st.floats(1e-6, 1e6))
def test_no_unit_of_price_or_volume_changes_what_is_said(
    seed: int, price: float, volume: float
) -> None:
    bars = walk(700, seed)
    one, other = score(bars), score(scaled(bars, price, volume))
    np.testing.assert_array_equal(one.side, other.side)
    np.testing.assert_allclose(one.strength, other.strength, atol=1e-6)
    np.testing.assert_array_equal(one.regime, other.regime)
    np.testing.assert_allclose(one.sigma_day, other.sigma_day, rtol=1e-9)


@few
@given(seed=seeds)
def test_score_rank_and_agreement_stay_in_range(seed: int) -> None:
    got = score(walk(900, seed, step=0.02))
    assert np.abs(got.score).max() <= 100
    assert (np.sign(got.score) == np.sign(got.net)).all()
    for fraction in (got.rank, got.agreement):
        assert fraction.min() >= 0
        assert fraction.max() <= 1
    assert (got.agreement[got.net != 0] > 0).all()


@given(
    st.lists(
        st.one_of(st.just(0.0), st.floats(-100, 100, allow_nan=False)), min_size=1, max_size=12
    )
)
def test_rounded_parts_always_sum_and_none_is_a_cent_off(points: list[float]) -> None:
    total = float(np.sum(points))
    parts = largest_remainder(points, total)
    assert sum(parts) == Decimal(round(total * 100)).scaleb(-2)
    for part, point in zip(parts, points, strict=True):
        assert abs(float(part) - point) < 0.01 + 1e-9
        assert point != 0 or part == 0


@pytest.mark.timeout(120)
def test_contributions_sum_to_the_signed_score_on_every_bar_of_a_long_walk() -> None:
    got = score(walk(50_000, 20))
    capped = 0
    for i in range(50_000):
        parts = contributions_exact(got, i)
        target = Decimal(round(float(got.score[i]) * 100)).scaleb(-2)
        assert sum(parts) == target, i
        capped += abs(target) == 100
    assert capped > 10  # the cut was seen as well
