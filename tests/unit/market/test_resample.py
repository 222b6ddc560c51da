from pathlib import Path

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Timeframe
from engine.market.columns import Columns
from engine.market.resample import resample
from engine.market.tables import read_table
from tests.unit.market.candles import HOUR, HOUR_MS, START_MS, row, rows, series_of

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def test_four_hours_become_one_bar() -> None:
    bars = [
        [START_MS, 10.0, 12.0, 9.0, 11.0, 1.0],
        [START_MS + HOUR_MS, 11.0, 15.0, 11.0, 14.0, 2.0],
        [START_MS + 2 * HOUR_MS, 14.0, 14.0, 7.0, 8.0, 3.0],
        [START_MS + 3 * HOUR_MS, 8.0, 9.0, 8.0, 8.5, 4.0],
    ]
    derived = resample(series_of(bars), HOUR, Timeframe.H4)
    assert Columns.of(derived).row(0) == (START_MS, 10.0, 15.0, 7.0, 8.5, 10.0)
    assert len(derived) == 1


def test_only_whole_buckets_are_kept() -> None:
    derived = resample(series_of(rows(15)[2:]), HOUR, Timeframe.H4)
    assert list(derived.open_ms) == [START_MS + 4 * HOUR_MS, START_MS + 8 * HOUR_MS]


def test_a_bucket_with_a_hole_is_dropped() -> None:
    bars = [row(i) for i in range(12) if i != 5]
    derived = resample(series_of(bars), HOUR, Timeframe.H4)
    assert list(derived.open_ms) == [START_MS, START_MS + 8 * HOUR_MS]


def test_a_hole_remembered_as_empty_leaves_the_bucket_whole() -> None:
    bars = [row(i) for i in range(12) if i != 5]
    empty = [START_MS + 5 * HOUR_MS, START_MS + 5 * HOUR_MS, START_MS, START_MS + 99 * HOUR_MS]
    derived = resample(series_of(bars), HOUR, Timeframe.H4, empty_ms=empty)
    assert len(derived) == 3
    assert derived.volume[1] == 15.0


def test_partial_buckets_can_be_asked_for() -> None:
    derived = resample(series_of(rows(6)), HOUR, Timeframe.H4, whole_only=False)
    assert list(derived.volume) == [20.0, 10.0]


def test_a_finer_timeframe_cannot_be_derived() -> None:
    with pytest.raises(InvalidValueError, match="multiple of 1h"):
        resample(series_of(rows(4)), HOUR, Timeframe.M5)


def test_nothing_gives_nothing() -> None:
    assert len(resample(CandleSeries.empty(), HOUR, Timeframe.H4)) == 0


def test_the_same_timeframe_is_the_same_series() -> None:
    series = series_of(rows(3))
    assert resample(series, HOUR, HOUR) is series


def real(timeframe: Timeframe, pair: str) -> Columns:
    path = DATA / timeframe / f"{pair}-{timeframe}.parquet"
    if not path.exists():
        pytest.skip("no real candles beside the checkout")
    return read_table(path).columns


@pytest.mark.real
@pytest.mark.parametrize("pair", ["BTC_USDT", "ETH_USDT", "XRP_USDT"])
@pytest.mark.parametrize("target", [Timeframe.H4, Timeframe.D1])
def test_whole_buckets_equal_the_exchanges_own_bars(pair: str, target: Timeframe) -> None:
    hours, own = real(Timeframe.H1, pair), real(target, pair)
    derived = Columns.of(resample(hours.series(), Timeframe.H1, target))
    common = np.intersect1d(derived.ms, own.ms)
    ours, theirs = (c.take(np.isin(c.ms, common)) for c in (derived, own))
    assert len(common) > 0.99 * len(own)
    for mine, exchange in zip(ours.values[:4], theirs.values[:4], strict=True):
        np.testing.assert_array_equal(mine, exchange)
    np.testing.assert_allclose(ours.volume, theirs.volume, rtol=1e-9)


@pytest.mark.real
@pytest.mark.parametrize("source", [Timeframe.M1, Timeframe.M5])
def test_two_steps_give_the_same_bars_as_one(source: Timeframe) -> None:
    series = real(source, "ETH_USDT").series()
    once = resample(series, source, Timeframe.H1)
    quarters = resample(series, source, Timeframe.M15)
    twice = resample(quarters, Timeframe.M15, Timeframe.H1)
    assert [once.open_ms, once.open, once.high, once.low, once.close] == [
        *(twice.open_ms, twice.open, twice.high, twice.low, twice.close)
    ]
    np.testing.assert_allclose(once.volume, twice.volume, rtol=1e-12)
