import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.drawdowns import deepest, longest, lost
from engine.backtest.metrics import drawdown

DAY_MS = 86_400_000


def days(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return DAY_MS * np.arange(count, dtype=np.int64)


def test_the_deepest_and_the_longest_need_not_be_the_same() -> None:
    # 100 -> 90 and back over four bars; 110 -> 55 and back over two.
    path = np.array([100.0, 95.0, 90.0, 95.0, 100.0, 110.0, 55.0, 110.0, 120.0])
    deep, long = deepest(path, days(9)), longest(path, days(9))
    assert deep is not None
    assert long is not None
    assert deep.depth_fraction == pytest.approx(0.5)
    assert (deep.bars, deep.days) == (1, 2.0)
    assert (deep.peak_ms, deep.trough_ms, deep.recovered_ms) == (5 * DAY_MS, 6 * DAY_MS, 7 * DAY_MS)
    assert long.depth_fraction == pytest.approx(0.1)
    assert (long.bars, long.days) == (3, 4.0)
    assert (long.peak_ms, long.trough_ms, long.recovered_ms) == (0, 2 * DAY_MS, 4 * DAY_MS)


def test_one_that_has_not_ended_has_no_recovery() -> None:
    found = deepest(np.array([100.0, 120.0, 90.0, 96.0]), days(4))
    assert found is not None
    assert found.recovered_ms is None
    assert (found.bars, found.days, found.trough_ms) == (2, 2.0, 2 * DAY_MS)


def test_an_account_that_never_fell_has_none() -> None:
    path = np.array([100.0, 100.0, 101.0])
    assert deepest(path, days(3)) is None
    assert longest(path, days(3)) is None


def test_a_single_point_has_none() -> None:
    assert deepest(np.array([1.0]), days(1)) is None
    assert longest(np.array([1.0]), days(1)) is None


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60))
def test_both_agree_with_depth_and_length_of_the_metrics(values: list[float]) -> None:
    path = np.array(values)
    depth, bars = drawdown(path)
    deep, long = deepest(path, days(len(path))), longest(path, days(len(path)))
    assert (deep.depth_fraction if deep else 0.0) == pytest.approx(depth)
    assert (long.bars if long else 0) == bars
    assert float(np.max(lost(path))) == pytest.approx(depth)
    for found in (deep, long):
        if found is not None:
            end = found.recovered_ms or int(days(len(path))[-1])
            assert found.peak_ms < found.trough_ms <= end
