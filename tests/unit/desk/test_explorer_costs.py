"""What a round trip costs at a size, and what a chart of any place carries."""

from datetime import timedelta

from engine.domain.explorer import CostsView, NoCosts, Place
from engine.domain.market import Symbol, Timeframe
from tests.fakes.desk_builder import AUTOMATIC, BTC, H1, START, build, rising
from tests.fakes.units import FakeUnits
from tests.unit.desk.test_explorer import H4, D, scanned, stored


def test_the_cost_is_that_of_the_gate_at_the_same_size(fake_units: FakeUnits) -> None:
    bench = build(fake_units, policies=AUTOMATIC, bars=rising(), price="106")
    bench.assembled.scanner.scan(START)
    decision = stored(bench)
    assert decision.plan is not None
    bench.market.set_price(BTC, "106", depth=None)
    view = bench.assembled.desk.explorer.costs(decision.symbol, decision.plan.notional_quote)
    assert isinstance(view, CostsView)
    assert view.cost == decision.cost
    assert not view.slippage_from_book


def test_a_book_that_is_deep_enough_is_walked(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    bench.market.set_book(
        BTC,
        bids=[("99", "10"), ("98.01", "10")],
        asks=[("100", "10"), ("101", "10")],
    )
    view = bench.assembled.desk.explorer.costs(BTC, D(1_500))
    assert isinstance(view, CostsView)
    assert view.slippage_from_book
    # Buying 15: 10 at 100 and 5 at 101, 100.333 on average, 33.33 bps above the best.
    # Selling 15.1515: 10 at 99 and 5.1515 at 98.01, 34 bps below the best. Together 67.33.
    assert view.cost.slippage_bps == D("67.33")
    assert view.cost.total_bps == 40 + 10 + D("67.33")
    assert view.money(view.cost.total_bps) == D("1500") * D("117.33") / 10_000


def test_a_book_that_is_too_thin_gives_way_to_the_estimate(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    bench.market.set_book(BTC, bids=[("99", "1")], asks=[("100", "1")])
    view = bench.assembled.desk.explorer.costs(BTC, D(1_000))
    assert isinstance(view, CostsView)
    assert not view.slippage_from_book


def test_the_edge_that_is_needed_is_the_cost_and_the_owners_minimum(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    view = bench.assembled.desk.explorer.costs(BTC, D(1_000))
    assert isinstance(view, CostsView)
    least = D(repr(bench.assembled.context.policies.automation.min_net_edge_bps))
    assert view.needed_edge_bps == view.cost.total_bps + least


def test_a_larger_size_costs_no_less(fake_units: FakeUnits) -> None:
    explorer = scanned(fake_units).assembled.desk.explorer
    found = [explorer.costs(BTC, D(size)) for size in (10, 1_000, 100_000, 10_000_000)]
    totals = [view.cost.total_bps for view in found if isinstance(view, CostsView)]
    assert len(totals) == 4
    assert totals == sorted(totals)


def test_without_bars_or_market_there_is_no_cost(fake_units: FakeUnits) -> None:
    bench = build(fake_units, now=START - timedelta(days=100))
    explorer = bench.assembled.desk.explorer
    assert explorer.costs(Symbol("DOGE", "USDT"), D(100)) is NoCosts.UNKNOWN_SYMBOL
    bench.market.set_price(BTC, "100", depth=None)
    assert explorer.costs(BTC, D(100)) is NoCosts.COST_UNKNOWN
    bench.market.silence(BTC)
    assert explorer.costs(BTC, D(100)) is NoCosts.NO_PRICE


def test_a_chart_of_the_past_ends_there_and_projects_nothing(fake_units: FakeUnits) -> None:
    explorer = scanned(fake_units).assembled.desk.explorer
    at = START - 10 * H1.delta
    view = explorer.chart(Place(symbol=BTC, timeframe=H1, at=at), is_projected=True)
    assert view is not None
    assert view.bars.candle(-1).closed_at(H1) == at
    assert view.projection is None


def test_a_chart_carries_the_stochastic_between_0_and_100(fake_units: FakeUnits) -> None:
    view = scanned(fake_units).assembled.desk.explorer.chart(Place(symbol=BTC))
    assert view is not None
    for name in ("stoch_k", "stoch_d"):
        assert len(view.columns[name]) == len(view.bars)
        assert all(0 <= value <= 100 for value in view.columns[name])


def test_the_sheet_has_what_can_be_derived_the_shortest_first(fake_units: FakeUnits) -> None:
    view = scanned(fake_units, bars=2_600).assembled.desk.explorer.frames(Place(symbol=BTC))
    assert view is not None
    assert [chart.timeframe for chart in view.charts] == [H1, H4, Timeframe.D1]
    assert {len(chart.bars) for chart in view.charts} == {60}


def test_the_levels_of_an_open_question_stand_on_the_chart(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    bench.propose(bench.decide(BTC, stop="95", target="110"))
    view = bench.assembled.desk.explorer.chart(Place(symbol=BTC))
    assert view is not None
    assert view.levels == {"entry": D(100), "stop": D(95), "target": D(110)}
