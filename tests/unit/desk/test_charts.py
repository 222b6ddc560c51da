"""What a chart of the desk carries beyond its bars."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.desk.charts import CHART_BARS, PROJECTED_BARS, chart_view
from engine.domain.explorer import Place
from engine.domain.market import CandleSeries, Timeframe
from engine.domain.values import to_ms
from engine.domain.views import ChartView
from engine.strategy.projection_record import shipped_rate
from tests.fakes.desk_builder import BTC, H1, START, Bench, bar, build
from tests.fakes.units import FakeUnits


def moving(bars: int) -> CandleSeries:
    """Hourly bars that wander around 100, the last one closing at ``START``."""
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.005, bars + 1)))
    opens = (START - H1.delta * back for back in range(bars, 0, -1))
    return CandleSeries.of(
        [
            bar(at, f"{one} {max(one, other) * 1.001} {min(one, other) * 0.999} {other}")
            for at, one, other in zip(opens, walk[:-1], walk[1:], strict=True)
        ]
    )


def chart(
    units: FakeUnits, bars: int, *, simulated: bool = False, **keys: Timeframe | int
) -> ChartView:
    bench = build(units, bars=moving(bars))
    context = replace(bench.assembled.context, simulated=simulated)
    with units(read_only=True) as unit:
        view = chart_view(context, unit, BTC, **keys)  # type: ignore[arg-type]  # by name
    assert view is not None
    return view


def test_a_chart_goes_on_for_a_day_where_its_bars_end(fake_units: FakeUnits) -> None:
    view = chart(fake_units, 600)
    assert len(view.bars) == CHART_BARS
    assert view.projection is not None
    made = view.projection.projection
    assert made.made_ms == to_ms(START)
    assert made.close_ms[-1] == to_ms(START + PROJECTED_BARS * timedelta(hours=1))
    assert made.price == view.bars.close[-1]
    assert made.bars == 600


def test_it_carries_the_shipped_record_and_the_market_s_own(fake_units: FakeUnits) -> None:
    view = chart(fake_units, 600)
    assert view.projection is not None
    assert view.projection.measured == shipped_rate(H1, PROJECTED_BARS)
    own = view.projection.own
    assert own is not None
    # (600 − 240) / 24
    assert (own.n, own.markets, own.level) == (15, 1, view.projection.level)


def test_a_simulated_market_is_not_told_the_record_of_real_ones(fake_units: FakeUnits) -> None:
    view = chart(fake_units, 600, simulated=True)
    assert view.projection is not None
    assert view.projection.measured is None
    assert view.projection.own is not None


def test_fewer_than_ten_outcomes_are_no_record(fake_units: FakeUnits) -> None:
    view = chart(fake_units, 240 + 9 * 24)
    assert view.projection is not None
    assert view.projection.own is None


def test_the_same_bars_give_the_same_cone(fake_units: FakeUnits) -> None:
    assert chart(fake_units, 400).projection == chart(FakeUnits(), 400).projection


def test_a_short_history_is_shown_without_a_cone(fake_units: FakeUnits) -> None:
    view = chart(fake_units, 239)
    assert len(view.bars) == CHART_BARS
    assert view.projection is None


def test_who_wants_no_cone_gets_none(fake_units: FakeUnits) -> None:
    assert chart(fake_units, 600, projected_bars=0).projection is None


@pytest.mark.parametrize("frame", [Timeframe.H4, Timeframe.H1])
def test_bars_of_the_timeframe_asked_for_are_projected(
    fake_units: FakeUnits, frame: Timeframe
) -> None:
    view = chart(fake_units, 1_200, timeframe=frame)
    assert view.projection is not None
    made = view.projection.projection
    assert made.close_ms[1] - made.close_ms[0] == frame.ms
    assert made.bars == min(1_000, 1_200 * H1.ms // frame.ms)


def test_a_chart_of_a_past_decision_projects_nothing(fake_units: FakeUnits) -> None:
    bench: Bench = build(fake_units, bars=moving(600))
    decision = bench.decide()
    with fake_units(read_only=True) as unit:
        view = chart_view(bench.assembled.context, unit, BTC, decision=decision)
    assert view is not None
    assert view.projection is None


def test_the_desk_s_chart_has_a_cone(fake_units: FakeUnits) -> None:
    bench = build(fake_units, bars=moving(600))
    view = bench.assembled.desk.explorer.chart(Place(symbol=BTC))
    assert view is not None
    assert view.projection is not None
    assert view.projection.measured is None
