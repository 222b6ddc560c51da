"""The picture of a closed trade."""

import math

from engine.domain.explorer import Place
from engine.ports import Units
from tests.fakes.desk_builder import BTC, H1, OWNER, START, Bench, build
from tests.unit.desk.test_explorer import wandering


def traded(units: Units) -> Bench:
    bench = build(units, bars=wandering(700))
    bench.approve(bench.ask())
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    return bench


def test_its_indicators_are_those_of_the_chart(fake_units: Units) -> None:
    bench = traded(fake_units)
    desk = bench.assembled.desk
    drawn = desk.records.trade_chart(bench.trades()[0].id)
    chart = desk.explorer.chart(Place(symbol=BTC, timeframe=H1))
    assert drawn is not None
    assert chart is not None
    # 40 bars lead up to the trade; its last closed bar is the chart's, too.
    assert len(drawn.bars) == 40
    assert drawn.bars.candle(-1).closed_at(H1) == START
    assert set(map(len, drawn.columns.values())) == {40}
    for name, column in drawn.columns.items():
        assert not math.isnan(column[0])
        assert math.isclose(column[-1], chart.columns[name][-1], rel_tol=1e-6, abs_tol=1e-6)
