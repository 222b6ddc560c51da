"""Bands are judged by closes they have not seen, one after the other."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.indicators.bars import Bars
from engine.market.columns import Columns
from engine.market.resample import resample
from engine.strategy.projection import FEWEST_BARS, project
from engine.strategy.projection_record import (
    Outcome,
    hit_rate,
    measure,
    outcome,
    shipped_rate,
    to_plain,
)
from tests.unit.strategy.bars import HOUR_MS, joined, of_closes, walk

DATA = Path(__file__).parents[4] / "shared" / "data"


def looked(bars: Bars, place: int, horizon: int = 24) -> Outcome:
    found = outcome(bars, place, horizon, seed=1)
    assert found is not None
    return found


def test_inside_means_inside_the_band_that_is_drawn() -> None:
    bars = walk(1_600, 6)
    for place in range(999, 1_575, 24):
        made = project(bars.between(0, place + 1), 24, seed=1)
        assert not isinstance(made, str)
        close = bars.close[place + 24]
        found = looked(bars, place)
        for level in (0.5, 0.8):
            low, high = (edge[-1] for edge in made.band(level))
            assert found.is_inside(level) == (low <= close <= high)


def test_an_outcome_tells_its_times_and_its_side() -> None:
    bars = walk(400, 2)
    found = looked(bars, 299, 10)
    assert (found.made_ms, found.end_ms) == (300 * HOUR_MS, 310 * HOUR_MS)
    assert found.is_up == bool(bars.close[309] > bars.close[299])


def test_the_rank_of_a_close_is_the_probability_given_to_a_lower_one() -> None:
    base = walk(300, 2)
    last = float(base.close[-1])
    nowhere = joined(base, of_closes([last]))
    assert looked(nowhere, 299, 1).rank == 0.5
    crash = joined(base, of_closes([last / 3]))
    assert looked(crash, 299, 1).rank == 0.0
    rally = joined(base, of_closes([last * 3]))
    assert looked(rally, 299, 1).rank == 1.0
    assert not looked(rally, 299, 1).is_inside(0.99)


def test_a_record_counts_whole_horizons_that_end_with_the_last_bar() -> None:
    bars = walk(FEWEST_BARS + 3 * 24 + 5, 3)
    rate = measure(bars, 24)
    assert rate is not None
    assert rate.n == 3
    end = len(bars) * HOUR_MS
    assert rate.data_to == from_ms(end)
    assert rate.data_from == from_ms(end - 3 * 24 * HOUR_MS)


def test_a_record_is_no_longer_than_asked_for() -> None:
    bars = walk(900, 3)
    rate = measure(bars, 10, most=7)
    assert rate is not None
    assert rate.n == 7
    assert rate.data_to == from_ms(900 * HOUR_MS)


def test_without_a_whole_horizon_there_is_no_record() -> None:
    assert measure(walk(FEWEST_BARS + 23, 3), 24) is None
    assert measure(walk(20, 3), 24) is None


def test_a_market_too_wild_to_project_has_no_record() -> None:
    wild = np.random.default_rng(1).normal(0.0, 1.0, 400)
    assert measure(of_closes(np.exp(np.cumsum(wild))), 24) is None


def test_a_flat_market_is_always_inside() -> None:
    rate = measure(of_closes(np.full(500, 3.0)), 24)
    assert rate is not None
    assert rate.inside == rate.n == 10


def test_the_record_of_a_random_walk_keeps_the_promise() -> None:
    found = [looked(walk(1_024, seed), 999) for seed in range(200)]
    outer, inner = hit_rate(found, 24), hit_rate(found, 24, 0.5)
    assert outer.low < 0.8 < outer.high
    assert inner.low < 0.5 < inner.high


def test_a_horizon_that_leaves_the_bars_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        outcome(walk(300, 1), 290, 24, seed=1)


UNSEEN = [frame for frame in Timeframe if frame is not Timeframe.D1]


@pytest.mark.parametrize("frame", UNSEEN)
@pytest.mark.parametrize("horizon", [6, 24, 48])
def test_the_method_ships_with_a_record_of_years_it_was_not_made_on(
    frame: Timeframe, horizon: int
) -> None:
    rate = shipped_rate(frame, horizon)
    assert rate is not None
    assert rate.level == 0.8
    assert rate.n > 300
    assert rate.data_from.year >= 2021
    assert 0.75 <= rate.fraction <= 0.85


def test_a_record_on_years_that_were_looked_at_is_not_told() -> None:
    assert shipped_rate(Timeframe.D1, 24) is None


def test_an_unmeasured_horizon_has_no_record() -> None:
    assert shipped_rate(Timeframe.H1, 25) is None


def test_a_rate_is_written_as_it_is_shipped() -> None:
    rate = shipped_rate(Timeframe.H4, 24)
    assert rate is not None
    plain = to_plain(Timeframe.H4, rate)
    assert plain["inside"] == rate.inside
    assert plain["from_ms"] == to_ms(rate.data_from) == 1_609_459_200_000


def read(path: Path) -> Bars:
    table = pq.read_table(path)
    column: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names}
    names = ("open", "high", "low", "close", "volume")
    rows = Columns(ms=column["ts_ms"], **{name: column[name] for name in names})
    series: CandleSeries = resample(rows.series(), Timeframe.H1, Timeframe.H4)
    return Bars.of(series, Timeframe.H4)


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles do not lie beside the checkout")
def test_the_shipped_record_is_what_the_real_candles_give() -> None:
    found = []
    for path in sorted((DATA / "1h").glob("*.parquet")):
        bars = read(path)
        for year in (2021, 2022, 2023):
            start, end = (to_ms(from_ms(0).replace(year=y)) for y in (year, year + 1))
            first = int(np.searchsorted(bars.close_ms, start))
            last = int(np.searchsorted(bars.close_ms, end, side="right")) - 1
            places = range(max(first, FEWEST_BARS - 1), last - 47, 48)
            found += [outcome(bars, place, 48, seed=7) for place in places]
    rate = hit_rate([one for one in found if one is not None], 48, markets=8)
    assert rate == shipped_rate(Timeframe.H4, 48)
