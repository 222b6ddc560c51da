"""What must hold of a projection on any market."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.projection import NoProjection, Projection
from engine.indicators.bars import Bars
from engine.strategy.projection import FEWEST_BARS, project
from engine.strategy.projection_record import measure, outcome
from tests.unit.strategy.bars import joined, of_closes, scaled, walk

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)
closes = st.lists(st.floats(1e-9, 1e12), min_size=FEWEST_BARS, max_size=FEWEST_BARS + 60)


@few
@given(seed=seeds, horizon=st.integers(1, 60), step=st.floats(1e-6, 0.1))
def test_quantiles_are_in_order_around_the_last_price(seed: int, horizon: int, step: float) -> None:
    bars = walk(500, seed, step=step)
    made = project(bars, horizon, seed=seed, paths=100)
    assert isinstance(made, Projection)
    prices = np.array(made.prices)
    assert (np.diff(prices, axis=0) >= 0).all()
    assert (prices[2] == bars.close[-1]).all()


@few
@given(seed=seeds, price=st.floats(1e-7, 1e7))
def test_no_unit_of_price_changes_what_is_said(seed: int, price: float) -> None:
    bars = walk(500, seed)
    one, other = project(bars, 24, seed=1), project(scaled(bars, price), 24, seed=1)
    assert isinstance(one, Projection)
    assert isinstance(other, Projection)
    np.testing.assert_allclose(np.array(other.prices), price * np.array(one.prices), rtol=1e-9)


@few
@given(seed=seeds, other=seeds, jump=st.floats(0.01, 100))
def test_perturbing_the_future_changes_no_band(seed: int, other: int, jump: float) -> None:
    past = walk(600, seed)
    places = range(FEWEST_BARS - 1, 576, 48)
    before = [outcome(past, place, 24, seed=1) for place in places]
    future = walk(100, other, start=past.close[-1] * jump, step=0.05)
    longer = joined(past, future)
    assert [outcome(longer, place, 24, seed=1) for place in places] == before
    assert project(longer.between(0, 600), 24, seed=1) == project(past, 24, seed=1)


@few
@given(seed=seeds, horizon=st.integers(1, 40), most=st.integers(1, 20))
def test_a_record_counts_no_more_than_fits(seed: int, horizon: int, most: int) -> None:
    bars = walk(400, seed)
    rate = measure(bars, horizon, most=most)
    assert rate is not None
    assert rate.n == min(most, (400 - FEWEST_BARS) // horizon)
    assert 0 <= rate.low <= rate.fraction <= rate.high <= 1


@few
@given(prices=closes, horizon=st.integers(1, 48))
def test_any_prices_give_a_projection_or_a_reason(prices: list[float], horizon: int) -> None:
    _is_sound(of_closes(prices), horizon)


@few
@given(
    seed=seeds,
    flat=st.integers(0, 300),
    jump=st.floats(1e-6, 1e6),
    step=st.sampled_from([0.0, 1e-15, 1e-9, 1e-4, 0.01]),
)
def test_dead_markets_that_wake_give_a_projection_or_a_reason(
    seed: int, flat: int, jump: float, step: float
) -> None:
    asleep = of_closes(np.full(FEWEST_BARS + flat, 5.0))
    awake = walk(20, seed, start=5.0 * jump, step=step)
    _is_sound(joined(asleep, awake), 24)


def _is_sound(bars: Bars, horizon: int) -> None:
    made = project(bars, horizon, seed=1, paths=60)
    if made is NoProjection.TOO_WILD:
        return
    assert isinstance(made, Projection)
    assert np.isfinite(np.array(made.prices)).all()
