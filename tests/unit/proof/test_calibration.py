"""Means that do not count one trade twice, shrinkage, folds in the order of time, the choice."""

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.domain.errors import DataError
from engine.domain.reliability import ReliabilityRow
from engine.kernel import Floats, Ints
from engine.proof.calibration.cells import count_alone, measure, wilson
from engine.proof.calibration.curves import curves_of, folds
from engine.proof.calibration.fit import fit
from engine.proof.calibration.observations import Observations, join
from engine.strategy.edge import look_up
from engine.strategy.shipped import score_strategy

SCORE = score_strategy()
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def seen(
    bps: Floats,
    *,
    score: Floats | float = 55.0,
    every_ms: int = 2 * DAY_MS,
    lasts_ms: int = HOUR_MS,
    regime: Ints | int = 0,
    cost_bps: float = 10.0,
    symbol: int = 0,
) -> Observations:
    """Trades with a risk of 100 bps, one every two days and an hour long unless said otherwise."""
    count = len(bps)
    decided = np.arange(count, dtype=np.int64) * every_ms
    return Observations(
        symbol=np.full(count, symbol, np.int64),
        decided_ms=decided,
        left_ms=decided + lasts_ms,
        score=np.broadcast_to(np.asarray(score, np.float64), count).copy(),
        regime=np.broadcast_to(np.asarray(regime, np.int64), count).copy(),
        bps=bps,
        net_r=(bps - cost_bps) / 100.0,
        cost_bps=np.full(count, cost_bps),
    )


def repeated(one: Observations, times: int) -> Observations:
    """Every trade ``times`` over, a minute apart: neighbouring bars that share one path."""
    many = one.where(np.repeat(np.arange(len(one.bps)), times))
    shift = np.tile(np.arange(times, dtype=np.int64) * 60_000, len(one.bps))
    return many._replace(decided_ms=many.decided_ms + shift, left_ms=many.left_ms + shift)


def noise(count: int, seed: int, *, mean: float = 0.0, deviation: float = 100.0) -> Floats:
    return np.random.default_rng(seed).normal(mean, deviation, count)


def test_trades_alone_are_those_that_one_after_another_allows() -> None:
    decided = np.array([0, 1, 2, 5, 6, 0, 3], np.int64)
    left = np.array([4, 5, 6, 9, 7, 4, 4], np.int64)
    symbol = np.array([0, 0, 0, 0, 0, 1, 1], np.int64)
    assert count_alone(symbol, decided, left, np.zeros(7, np.int64), 1).tolist() == [3]
    cell = np.array([0, 1, 0, 0, 1, 0, 1], np.int64)
    assert count_alone(symbol, decided, left, cell, 2).tolist() == [3, 3]


def test_independent_trades_have_the_textbook_error() -> None:
    bps = noise(400, 1, mean=20.0)
    cells = measure(seen(bps), np.zeros(400, np.int64), 1, length_ms=DAY_MS)
    assert cells.mean[0] == pytest.approx(bps.mean())
    assert cells.variance[0] == pytest.approx(bps.var(ddof=1) / 400, rel=1e-9)
    assert cells.n[0] == pytest.approx(400.0)
    assert cells.margin[0] == pytest.approx(1.966, abs=0.001)  # Student's t, 399 degrees
    assert cells.won[0] == np.mean(bps > 10.0)
    assert cells.gain[0] == pytest.approx(np.mean(bps[bps > 10.0] - 10.0) / 100.0)


def test_ten_bars_that_share_one_path_are_one_witness() -> None:
    once = seen(noise(400, 2))
    tenfold = repeated(once, 10)
    one = measure(once, np.zeros(400, np.int64), 1, length_ms=DAY_MS)
    ten = measure(tenfold, np.zeros(4_000, np.int64), 1, length_ms=DAY_MS)
    assert ten.mean[0] == pytest.approx(one.mean[0])
    assert ten.variance[0] == pytest.approx(one.variance[0], rel=1e-6)
    assert ten.n[0] == pytest.approx(400.0, rel=0.01)


def test_eight_coins_that_move_as_one_are_one_witness() -> None:
    bps = noise(400, 3)
    together = join([seen(bps, symbol=number) for number in range(8)])
    cells = measure(together, np.zeros(3_200, np.int64), 1, length_ms=DAY_MS)
    assert cells.n[0] == pytest.approx(400.0, rel=0.01)


def test_a_handful_of_blocks_says_nothing() -> None:
    cells = measure(
        repeated(seen(noise(2, 4)), 500), np.zeros(1_000, np.int64), 1, length_ms=DAY_MS
    )
    assert cells.n[0] == 0.0
    assert curves_of(repeated(seen(noise(2, 4)), 500), 1, "bins") == ()


def test_wilsons_interval_is_the_published_one() -> None:
    """54 % of 412, as in the example of the reliability table: [49, 59] %."""
    one = [np.array([value]) for value in (0.54, 412.0, 1.959964)]
    low, high = wilson(*one)
    assert (round(float(low[0]), 2), round(float(high[0]), 2)) == (0.49, 0.59)


@pytest.mark.parametrize(
    ("errors", "kept"), [(0.9, 0.0), (2.0, 0.75), (5.0, 0.96)], ids=["one", "two", "five"]
)
def test_a_mean_is_drawn_to_zero_by_its_own_error(errors: float, kept: float) -> None:
    bps = noise(400, 5)
    bps = bps - bps.mean() + errors * bps.std(ddof=1) / 20.0
    (curve,) = curves_of(seen(bps), 1, "bins")
    error = bps.std(ddof=1) / 20.0
    assert curve.score == (50.0,)
    assert curve.edge_bps[0] == pytest.approx(kept * bps.mean(), rel=1e-6)
    assert curve.edge_low_bps[0] == pytest.approx(kept * bps.mean() - 1.966 * error, rel=1e-3)


def test_regimes_that_do_not_differ_share_their_outcomes() -> None:
    same = seen(noise(1_600, 6, mean=60.0), regime=np.arange(1_600) % 4)
    curves = curves_of(same, 1, "bins")
    assert len(curves) == 4
    assert max(c.edge_bps[0] for c in curves) - min(c.edge_bps[0] for c in curves) < 4.0
    assert min(c.n[0] for c in curves) > 1_200


def test_regimes_that_differ_keep_their_own_means() -> None:
    regime = np.arange(1_600) % 2
    apart = seen(noise(1_600, 7) + np.where(regime == 0, 80.0, -80.0), regime=regime)
    calm, wild = curves_of(apart, 1, "bins")
    assert calm.edge_bps[0] == pytest.approx(apart.bps[regime == 0].mean(), rel=0.01)
    assert wild.edge_bps[0] == pytest.approx(apart.bps[regime == 1].mean(), rel=0.01)
    assert calm.n[0] == pytest.approx(800, rel=0.05)


def test_win_probability_and_payoff_are_after_costs_in_units_of_risk() -> None:
    """Half win 190, half lose 90 bps; 10 bps of cost and 100 of risk make +1.8 and −1 R."""
    bps = np.where(np.arange(10_000) % 2 == 0, 190.0, -90.0)
    (curve,) = curves_of(seen(bps), 1, "bins")
    assert curve.win_probability[0] == pytest.approx(0.5)
    assert curve.payoff[0] == pytest.approx(1.8)
    assert curve.edge_bps[0] == pytest.approx(50.0, rel=0.01)


def test_an_isotonic_curve_never_falls_before_it_is_shrunk() -> None:
    score = np.random.default_rng(8).uniform(0.0, 100.0, 4_000)
    rising = seen(noise(4_000, 9, deviation=20.0) + 60.0 + score, score=score)
    (curve,) = curves_of(rising, 1, "isotonic")
    assert list(curve.edge_bps) == sorted(curve.edge_bps)
    assert curve.edge_bps[-1] == pytest.approx(157.0, abs=8.0)


def test_thin_buckets_at_the_top_join_the_one_below() -> None:
    score = np.concatenate((np.full(400, 45.0), np.full(90, 75.0), np.full(20, 95.0)))
    (curve,) = curves_of(seen(noise(510, 10), score=score), 1, "bins")
    assert curve.score == (40.0, 70.0)


def test_shorts_have_their_own_curve() -> None:
    both = join([seen(noise(300, 11)), seen(noise(300, 12), score=-55.0, symbol=1)])
    fitted = fit(both, SCORE, made_at=MADE_AT)
    assert {curve.direction for curve in fitted.calibration.curves} == {1, -1}


def test_a_fold_learns_only_from_trades_that_had_ended_well_before_it() -> None:
    all_ = seen(noise(1_000, 13), every_ms=HOUR_MS, lasts_ms=10 * HOUR_MS)
    found = list(folds(all_, 5))
    assert len(found) == 5
    for known, unseen in found:
        begins = unseen.decided_ms.min()
        assert known.left_ms.max() <= begins - 10 * HOUR_MS
        assert known.decided_ms.max() < begins - 20 * HOUR_MS
    ends = [int(unseen.decided_ms.max()) for _, unseen in found]
    begins_at = [int(unseen.decided_ms.min()) for _, unseen in found]
    assert all(end < begin for end, begin in zip(ends, begins_at[1:], strict=False))


def test_the_method_that_promises_better_is_chosen() -> None:
    """A jump at 55 points is a step for isotonic's narrow buckets and blurred for wide bins."""
    score = np.random.default_rng(14).uniform(0.0, 100.0, 6_000)
    jump = seen(noise(6_000, 15, deviation=30.0) + np.where(score >= 55.0, 100.0, 0.0), score=score)
    assert fit(jump, SCORE, made_at=MADE_AT).calibration.method == "isotonic"
    falling = seen(noise(6_000, 16, deviation=30.0) + 100.0 - score, score=score)
    assert fit(falling, SCORE, made_at=MADE_AT).calibration.method == "bins"


def test_promises_are_held_against_what_came_after_them() -> None:
    score = np.random.default_rng(17).uniform(0.0, 100.0, 6_000)
    bps = noise(6_000, 18, deviation=100.0) + score
    fitted = fit(seen(bps, score=score), SCORE, made_at=MADE_AT)
    rows = fitted.reliability.rows
    assert [row.score_from for row in rows] == [10.0 * k for k in range(10)]
    assert sum(row.is_kept for row in rows) >= 8
    assert sum(row.bars for row in rows) == pytest.approx(5_000, rel=0.02)
    top = rows[-1]
    assert top.promised_bps == pytest.approx(95.0, abs=10.0)
    assert top.n == top.bars
    assert dict(fitted.reliability.skill)[fitted.calibration.method] > 0.05


def test_the_same_outcomes_make_the_same_version() -> None:
    one = fit(seen(noise(400, 19)), SCORE, made_at=MADE_AT).calibration
    other = fit(seen(noise(400, 19)), SCORE, made_at=datetime.now(UTC)).calibration
    another = fit(seen(noise(400, 20)), SCORE, made_at=MADE_AT).calibration
    assert one.version == other.version != another.version
    assert one.says_the_same_as(other)
    assert not one.active


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(DataError, match="too few to calibrate"):
        fit(seen(np.empty(0)), SCORE, made_at=MADE_AT)


def test_on_noise_the_lower_bound_errs_on_the_safe_side() -> None:
    """Of 200 fits to pure noise at most the promised 2.5 % may place a lower bound above zero."""
    above = 0
    for number in range(200):
        chance = np.random.default_rng(100 + number)
        bps = chance.standard_t(4, 150) * 100.0
        (curve,) = curves_of(repeated(seen(bps), 3), 1, "bins")
        worth = look_up(np.array([55.0]), np.array([0], np.int8), (curve,), "bins")
        above += worth.edge_low_bps[0] > 0.0
    assert above <= 5


def test_a_row_outside_its_interval_is_refused() -> None:
    with pytest.raises(Exception, match="inside its interval"):
        ReliabilityRow(
            score_from=0.0,
            score_to=10.0,
            promised_bps=0.0,
            realised_bps=9.0,
            low_bps=0.0,
            high_bps=5.0,
            promised_win=0.5,
            won=0.5,
            won_low=0.4,
            won_high=0.6,
            bars=10,
            n=5,
        )
