"""Outcomes and curves on whatever prices and scores there are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators.bars import Bars
from engine.kernel import Floats
from engine.proof.calibration.curves import METHODS, curves_of
from engine.proof.calibration.outcomes import Outcomes, follow
from engine.strategy.packing import pack_exits
from engine.strategy.policy import ExitPolicy
from tests.unit.proof.test_calibration import noise, seen
from tests.unit.proof.test_outcomes import bars_of, scored
from tests.unit.step.builders import markets

BARS = 60
EXITS = st.builds(
    ExitPolicy,
    stop_atr_multiple=st.floats(0.5, 4.0),
    target_atr_multiple=st.none() | st.floats(0.5, 4.0),
    trailing_atr_multiple=st.none() | st.floats(0.5, 4.0),
    time_stop_bars=st.integers(1, 20),
    exit_score=st.none() | st.floats(-90.0, 0.0),
)
SEEDS = st.integers(0, 10_000)


def world(seed: int) -> tuple[Bars, Floats]:
    """Bars in whole ticks of 0.01 and a signed score per bar."""
    chance = np.random.default_rng(seed)
    path = np.round(100.0 + np.cumsum(chance.normal(0.0, 0.4, (BARS, 4)).ravel()), 2)
    rows = path.reshape(BARS, 4)
    prices = [(row[0], max(row), min(row), row[3]) for row in rows.tolist()]
    return bars_of(prices), chance.uniform(-100.0, 100.0, BARS)


def outcomes(bars: Bars, score: Floats, exits: ExitPolicy, scale: float = 1.0) -> Outcomes:
    terms = markets(1, tick_size=0.01 * scale)[0]
    atr = np.full(len(bars), scale)
    return follow(bars, scored(bars, score, atr), terms, pack_exits(exits))


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, exits=EXITS, cut=st.integers(10, BARS - 1))
def test_no_outcome_looks_beyond_its_own_end(seed: int, exits: ExitPolicy, cut: int) -> None:
    bars, score = world(seed)
    whole, short = (
        outcomes(bars, score, exits),
        outcomes(bars.between(0, cut), score[:cut], exits),
    )
    ended = (whole.left[:cut] >= 0) & (whole.left[:cut] < cut)
    assert np.array_equal(whole.bps[:cut][ended], short.bps[ended])
    assert np.isnan(short.bps[~ended]).all()


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, exits=EXITS, power=st.integers(-6, 6))
def test_another_unit_of_price_changes_no_outcome(seed: int, exits: ExitPolicy, power: int) -> None:
    bars, score = world(seed)
    scale = 2.0**power
    prices = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    other = Bars(timeframe=bars.timeframe, open_ms=bars.open_ms, volume=bars.volume, **prices)
    one, same = outcomes(bars, score, exits), outcomes(other, score, exits, scale)
    assert np.array_equal(one.left, same.left)
    assert np.allclose(one.bps, same.bps, rtol=1e-9, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, exits=EXITS)
def test_a_loss_beyond_the_risk_needs_a_gap_or_a_worse_entry(seed: int, exits: ExitPolicy) -> None:
    bars, score = world(seed)
    found = outcomes(bars, score, exits)
    for t in np.flatnonzero(found.left >= 0):
        paid, gone = bars.open[t + 1], bars.open[found.left[t]]
        left_at = paid * (1.0 + found.bps[t] / 1e4)
        stop = paid * (1.0 - found.risk_bps[t] / 1e4) - abs(paid - bars.close[t]) - 0.02
        assert left_at >= min(stop, gone) - 1e-9


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    count=st.integers(20, 400),
    deviation=st.floats(1.0, 1_000.0),
    method=st.sampled_from(METHODS),
)
def test_every_curve_is_one_that_the_domain_accepts(
    seed: int, count: int, deviation: float, method: str
) -> None:
    chance = np.random.default_rng(seed)
    made = curves_of(
        seen(
            noise(count, seed, deviation=deviation),
            score=chance.uniform(0.1, 100.0, count),
            regime=chance.integers(0, 4, count),
        ),
        1,
        method,
    )
    for curve in made:
        assert max(curve.n) <= count
        drawn = zip(curve.edge_bps, curve.edge_low_bps, curve.edge_high_bps, strict=True)
        assert all(low <= edge <= high for edge, low, high in drawn)
