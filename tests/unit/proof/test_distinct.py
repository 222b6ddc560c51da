"""Records of daily returns: which of them are one, and how they scatter."""

import numpy as np
import pytest

from engine.kernel import Floats
from engine.proof.statistics.distinct import distinct, scatter

DAYS = 400


def noise(count: int, seed: int = 1) -> Floats:
    rows: Floats = np.random.default_rng(seed).normal(0.0, 0.01, (count, DAYS))
    return rows


def test_the_first_of_those_that_move_together_stays() -> None:
    one, other = noise(2)
    records = [(0, one), (0, other), (0, 3.0 * one + 0.5), (0, -one), (0, other - 1e-6)]
    assert distinct(records) == [0, 1, 3]


def test_who_does_not_move_is_nobody() -> None:
    assert distinct([(0, np.zeros(DAYS)), (0, np.full(DAYS, 0.01)), (0, np.zeros(0))]) == []
    assert distinct([]) == []
    assert scatter([]) == (0.0, 0)


def test_a_copy_of_a_copy_that_went_is_held_against_those_that_stay() -> None:
    """Each is 0.96 like the one before and 0.92 like the one before that: every second stays."""
    step = np.linalg.qr(noise(3).T - noise(3).T.mean(axis=0))[0].T
    turn = np.arccos(0.96)
    chain = [np.cos(k * turn) * step[0] + np.sin(k * turn) * step[1] for k in range(4)]
    assert distinct([(0, one) for one in chain]) == [0, 2]


def test_records_are_compared_where_they_overlap() -> None:
    long = np.random.default_rng(2).normal(0.0, 0.01, 2 * DAYS)
    begin = [0, 40, 80, 120]
    records = [(first, long[first : first + DAYS]) for first in begin]
    assert distinct(records) == [0, 3]
    assert distinct([(0, long), (500, long[500:600])]) == [0]
    assert distinct([(0, long), (5_000, long)]) == [0, 1]


def test_the_scatter_of_luck_is_one_over_however_many_days() -> None:
    rng = np.random.default_rng(3)
    records = [(0, rng.normal(0.0, 0.01, DAYS * (1 + k % 5))) for k in range(600)]
    found, count = scatter(records)
    assert count == 600
    assert found == pytest.approx(1.0, abs=0.35)


def test_two_records_scatter_by_hand() -> None:
    """+1 and −1 of 101 days, one tilted: ratios 0 and 0.1, times √100, differ by 1: variance ½."""
    flat = np.tile([0.01, -0.01], 51)[:101]
    even = flat - flat.mean()
    tilted = np.random.default_rng(4).normal(0.0, 1.0, 101)
    tilted = (tilted - tilted.mean()) / tilted.std(ddof=1) + 0.1
    assert scatter([(0, even), (0, tilted)])[0] == pytest.approx(0.5)
