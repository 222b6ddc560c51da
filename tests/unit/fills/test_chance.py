import numpy as np
import pytest

from engine.fills.chance import uniform


def test_draws_are_spread_evenly() -> None:
    draws = np.array([uniform(7, k % 5, 3_600_000 * k, 0) for k in range(20_000)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert draws.mean() == pytest.approx(0.5, abs=0.01)  # five standard errors
    counts, _ = np.histogram(draws, 10, (0.0, 1.0))
    # Chi-square with 9 degrees of freedom stays below 27.9 in 999 of 1,000.
    assert ((counts - 2_000.0) ** 2 / 2_000.0).sum() < 27.9


@pytest.mark.parametrize("place", range(4))
def test_neighbouring_keys_draw_unrelated_numbers(place: int) -> None:
    keys = [[7, 1, 1_000, 0] for _ in range(2_000)]
    for k, key in enumerate(keys):
        key[place] += k
    draws = np.array([uniform(*key) for key in keys])
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.08


def test_nothing_else_matters() -> None:
    assert uniform(1, 2, 3, 4) == uniform(1, 2, 3, 4)
    assert uniform(1, 2, 3, 4) != uniform(1, 2, 3, 5)
