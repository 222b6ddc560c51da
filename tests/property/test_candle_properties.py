from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.columns import Columns, Feed
from engine.market.firewall import inspect
from engine.market.gaps import find_gaps
from engine.market.policy import MarketPolicy
from engine.market.resample import resample

HOUR_MS = Timeframe.H1.ms
START_MS = to_ms(datetime(2024, 3, 1, tzinfo=UTC))
FEED = Feed(venue="test", symbol=Symbol("BTC", "USDT"), timeframe=Timeframe.H1)
POLICY = MarketPolicy()

times = st.integers(-2, 12).map(lambda i: START_MS + i * HOUR_MS)
prices = st.sampled_from([99.0, 100.0, 101.0, 400.0, 0.0, -1.0, 1e31, float("nan"), float("inf")])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
bars = st.tuples(times, prices, prices, prices, prices, prices).map(list)
sound = st.tuples(times, st.sampled_from([100.0, 101.0, 400.0])).map(
    lambda bar: [bar[0], bar[1], bar[1] + 1, bar[1] - 1, bar[1], 5.0]
)
answers = st.lists(anything | bars | sound, max_size=25)


@settings(max_examples=300)
@given(rows=answers, hours=st.floats(0, 12), previous=st.none() | st.just(100.0))
def test_every_row_is_clean_forming_duplicate_or_quarantined(
    rows: list[object], hours: float, previous: float | None
) -> None:
    now = from_ms(START_MS) + timedelta(hours=hours)
    inspected = inspect(rows, feed=FEED, now=now, policy=POLICY, previous_close=previous)
    counted = (
        len(inspected.clean) + len(inspected.quarantined) + inspected.forming + inspected.duplicates
    )
    assert counted == len(rows)


@settings(max_examples=300)
@given(rows=answers, hours=st.floats(0, 12))
def test_what_comes_through_keeps_every_rule(rows: list[object], hours: float) -> None:
    now = from_ms(START_MS) + timedelta(hours=hours)
    clean = Columns.of(inspect(rows, feed=FEED, now=now, policy=POLICY).clean)
    assert np.all(np.diff(clean.ms) > 0)
    assert np.all(clean.ms % HOUR_MS == 0)
    assert np.all(clean.ms + HOUR_MS <= to_ms(now))
    assert all(np.isfinite(column).all() for column in clean.values)
    assert np.all(clean.low > 0)
    assert np.all(clean.low <= np.minimum(clean.open, clean.close))
    assert np.all(clean.high >= np.maximum(clean.open, clean.close))
    assert np.all(clean.volume >= 0)


@given(rows=answers, hours=st.floats(0, 12))
def test_the_order_of_the_rows_does_not_matter(rows: list[object], hours: float) -> None:
    now = from_ms(START_MS) + timedelta(hours=hours)
    forwards = inspect(rows, feed=FEED, now=now, policy=POLICY)
    backwards = inspect(rows[::-1], feed=FEED, now=now, policy=POLICY)
    assert forwards.clean == backwards.clean
    assert len(forwards.quarantined) == len(backwards.quarantined)


@given(rows=answers, hours=st.floats(0, 12))
def test_clean_candles_pass_again_where_their_neighbour_is_known(
    rows: list[object], hours: float
) -> None:
    now = from_ms(START_MS) + timedelta(hours=hours)
    clean = inspect(rows, feed=FEED, now=now, policy=POLICY, previous_close=100.0).clean
    table = [list(Columns.of(clean).row(i)) for i in range(len(clean))]
    again = inspect(table, feed=FEED, now=now, policy=POLICY, previous_close=100.0)
    assert again.clean == clean


indices = st.sets(st.integers(0, 60), max_size=60).map(sorted)


def series_at(hours: list[int]) -> CandleSeries:
    count = len(hours)
    rng = np.random.default_rng(count)
    opens, closes = rng.integers(90, 110, (2, count)).astype(np.float64)
    return Columns(
        ms=START_MS + np.array(hours, dtype=np.int64) * HOUR_MS,
        open=opens,
        high=np.maximum(opens, closes) + 1,
        low=np.minimum(opens, closes) - 1,
        close=closes,
        volume=rng.integers(0, 9, count).astype(np.float64),
    ).series()


@given(hours=indices)
def test_a_derived_bar_is_what_a_plain_loop_makes_of_its_bucket(hours: list[int]) -> None:
    series = series_at(hours)
    derived = resample(series, Timeframe.H1, Timeframe.H4, whole_only=False)
    buckets: dict[int, list[int]] = {}
    for index, hour in enumerate(hours):
        buckets.setdefault(hour // 4, []).append(index)
    assert [(ms - START_MS) // HOUR_MS // 4 for ms in derived.open_ms] == list(buckets)
    for row, members in enumerate(buckets.values()):
        bar = derived.candle(row)
        assert bar.open == series.open[members[0]]
        assert bar.close == series.close[members[-1]]
        assert bar.high == max(series.high[i] for i in members)
        assert bar.low == min(series.low[i] for i in members)
        assert bar.volume == sum(series.volume[i] for i in members)


@given(hours=indices, empty=indices)
def test_whole_buckets_are_those_with_every_hour_present_or_empty(
    hours: list[int], empty: list[int]
) -> None:
    marks = [START_MS + hour * HOUR_MS for hour in empty]
    derived = resample(series_at(hours), Timeframe.H1, Timeframe.H4, empty_ms=marks)
    known = {*hours, *empty}
    expected = [
        bucket
        for bucket in sorted({hour // 4 for hour in hours})
        if all(bucket * 4 + i in known for i in range(4))
    ]
    assert [(ms - START_MS) // HOUR_MS // 4 for ms in derived.open_ms] == expected


@given(present=indices, empty=indices, end=st.integers(0, 70))
def test_gaps_are_exactly_the_absent_hours(present: list[int], empty: list[int], end: int) -> None:
    gaps = find_gaps(
        [START_MS + hour * HOUR_MS for hour in present],
        Timeframe.H1,
        start_ms=START_MS,
        end_ms=START_MS + end * HOUR_MS,
        empty_ms=[START_MS + hour * HOUR_MS for hour in empty],
    )
    absent = [
        (ms - START_MS) // HOUR_MS
        for gap in gaps
        for ms in range(gap.start_ms, gap.end_ms, HOUR_MS)
    ]
    assert absent == sorted(set(range(end)) - set(present) - set(empty))
    assert all(one.end_ms < other.start_ms for one, other in pairwise(gaps))
