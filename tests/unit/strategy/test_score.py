"""Net, score, agreement, rank and their exact parts, worked out by hand."""

import numpy as np
import pytest

from engine.strategy.score import Scored, contributions, largest_remainder, score_bars

GRID = (np.array([0.0, 10.0, 20.0, 20.0, 50.0]), np.array([0.0, 0.5, 0.9, 0.95, 1.0]))


def one_bar(
    sides: list[int], strengths: list[float], weights: list[float], *, scale: float = 40.0
) -> tuple[float, float, float, float]:
    side = np.array(sides, np.int8)[:, None]
    table = np.tile(np.array(weights), (4, 1))
    regime = np.zeros(1, np.int8)
    got = Scored(*score_bars(side, np.array(strengths)[:, None], regime, table, scale, *GRID))
    return got.net[0], got.score[0], got.agreement[0], got.rank[0]


def test_the_net_is_the_weighted_sum_and_the_score_its_share_of_the_scale() -> None:
    net, score, agreement, _ = one_bar([1, -1, 0], [80, 40, 0], [0.5, 0.25, 0.25])
    assert net == 0.5 * 80 - 0.25 * 40
    assert score == 100 * 30 / 40
    assert agreement == 0.5 / 0.75


def test_opposed_signals_cancel() -> None:
    assert one_bar([1, -1], [80, 80], [0.5, 0.5]) == (0, 0, 0, 0)


def test_the_score_is_cut_at_a_hundred_on_both_sides() -> None:
    assert one_bar([1], [80], [1.0])[1] == 100
    assert one_bar([-1], [80], [1.0])[1] == -100


def test_agreement_counts_only_the_weight_that_has_a_side() -> None:
    assert one_bar([-1, -1, 1, 0], [50, 50, 1, 0], [0.1, 0.2, 0.1, 0.6])[2] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("net", "rank"),
    [(0, 0), (5, 0.25), (10, 0.5), (15, 0.7), (20, 0.9), (35, 0.975), (50, 1), (90, 1)],
)
def test_the_rank_is_the_fraction_of_reference_bars_with_a_smaller_net(
    net: float, rank: float
) -> None:
    assert one_bar([-1], [net], [1.0])[3] == pytest.approx(rank)


def test_the_rank_agrees_with_plain_interpolation_everywhere() -> None:
    grid = np.sort(np.random.default_rng(1).exponential(8, 120))
    grid[0] = 0
    fraction = np.linspace(0, 1, 120, dtype=np.float64)
    net = np.random.default_rng(2).uniform(0, grid[-1] * 1.1, 5_000)
    ones = np.ones((1, net.size), np.int8)
    regime = np.zeros(net.size, np.int8)
    got = Scored(*score_bars(ones, net[None], regime, np.ones((4, 1)), 1.0, grid, fraction))
    np.testing.assert_allclose(got.rank, np.interp(net, grid, fraction), atol=1e-12)


def test_the_weights_of_the_bars_regime_count() -> None:
    side = np.ones((1, 4), np.int8)
    strength = np.full((1, 4), 10.0)
    weights = np.array([[0.1], [0.2], [0.3], [0.4]])
    regime = np.array([3, 0, -1, 1], np.int8)
    got = Scored(*score_bars(side, strength, regime, weights, 40.0, *GRID))
    assert got.net.tolist() == [4, 1, 0, 2]


def test_contributions_are_scaled_as_the_score_was() -> None:
    side = np.array([1, -1, 0], np.int8)
    strength, weights = np.array([80.0, 40.0, 0.0]), np.array([0.5, 0.25, 0.25])
    assert contributions(side, strength, weights, 40.0).tolist() == [100, -25, 0]
    assert contributions(side, strength, weights, 15.0).sum() == pytest.approx(100)
    cut = contributions(side, strength, weights, 15.0)
    assert cut.tolist() == pytest.approx([40 * 100 / 30, -10 * 100 / 30, 0])


@pytest.mark.parametrize(
    ("points", "total", "expected"),
    [
        ([33.333, 33.333, 33.334], 100.0, ["33.33", "33.33", "33.34"]),
        ([1 / 3, 1 / 3, 1 / 3], 1.0, ["0.34", "0.33", "0.33"]),
        ([-1 / 3, -1 / 3, -1 / 3], -1.0, ["-0.33", "-0.33", "-0.34"]),
        ([10.004, -10.004, 0.0], 0.0, ["10.00", "-10.00", "0.00"]),
        ([10.006, -10.001], 0.005, ["10.00", "-10.00"]),
        ([0.0, 0.0], 0.0, ["0.00", "0.00"]),
        ([12.344999999999999, 0.0], 12.345, ["12.34", "0.00"]),
    ],
)
def test_rounded_parts_sum_exactly_to_the_rounded_total(
    points: list[float], total: float, expected: list[str]
) -> None:
    got = largest_remainder(points, total)
    assert [str(part) for part in got] == expected
