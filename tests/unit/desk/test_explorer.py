"""Looking around: lists with filters, closes explained from records and from candles, costs."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from engine.desk.explorer.gates import gates_of, needed_score
from engine.domain.decisions import Decision, EdgeEstimate
from engine.domain.explorer import (
    Direction,
    Order,
    Place,
    Wish,
)
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.reasons import ReasonCode, RouteCode, VerdictCode
from engine.domain.views import Press
from engine.market.resample import resample
from engine.strategy.policy import EntryPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy, trend_strategy
from tests.fakes.desk_builder import (
    AUTOMATIC,
    BTC,
    ETH,
    H1,
    START,
    VENUE,
    Bench,
    bar,
    build,
    rising,
)
from tests.fakes.units import FakeUnits

D = Decimal
H4 = Timeframe.H4
EVERY_SCORE = replace(AUTOMATIC, entry=EntryPolicy(min_rank_fraction=0.0))


def wandering(bars: int, seed: int = 1, until: datetime = START) -> CandleSeries:
    """Hourly bars that wander around 100, the last one closing at ``until``."""
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.005, bars + 1)))
    opens = (until - H1.delta * back for back in range(bars, 0, -1))
    return CandleSeries.of(
        [
            bar(at, f"{one} {max(one, other) * 1.001} {min(one, other) * 0.999} {other}")
            for at, one, other in zip(opens, walk[:-1], walk[1:], strict=True)
        ]
    )


def scanned(units: FakeUnits, policies: TradingPolicy = AUTOMATIC, bars: int = 700) -> Bench:
    """Two markets that have been decided on at ``START``."""
    bench = build(units, policies=policies, bars=wandering(bars))
    with units() as unit:
        unit.candles.add(VENUE, ETH, H1, wandering(bars, seed=2))
        unit.commit()
    bench.assembled.scanner.scan(START)
    return bench


def stored(bench: Bench, symbol: Symbol = BTC) -> Decision:
    with bench.units(read_only=True) as unit:
        return unit.decisions.latest(symbol)[0]


# Lists


def test_the_strongest_comes_first_whichever_way_it_points(fake_units: FakeUnits) -> None:
    view = scanned(fake_units).assembled.desk.explorer.opportunities(Wish())
    sizes = [abs(row.signed_score) for row in view.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert (view.count, view.scored, view.pages) == (2, 2, 1)
    assert view.timeframes == (H1, H4)
    assert not view.is_proven


@pytest.mark.parametrize("direction", [Direction.LONG, Direction.SHORT])
def test_a_direction_keeps_what_points_there(direction: Direction, fake_units: FakeUnits) -> None:
    explorer = scanned(fake_units).assembled.desk.explorer
    every = explorer.opportunities(Wish()).rows
    sign = 1 if direction is Direction.LONG else -1
    kept = explorer.opportunities(Wish(direction=direction)).rows
    assert kept == tuple(row for row in every if sign * row.signed_score > 0)


@pytest.mark.parametrize(
    ("search", "found"), [("", 2), ("B", 1), ("btc", 1), ("USDT", 2), ("/U", 2), ("DOGE", 0)]
)
def test_a_search_keeps_symbols_that_contain_it(
    search: str, found: int, fake_units: FakeUnits
) -> None:
    view = scanned(fake_units).assembled.desk.explorer.opportunities(Wish(search=search))
    assert (view.count, view.scored) == (found, 2)


def test_names_sort_by_name_and_edges_by_their_lower_bound(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    edge = EdgeEstimate(
        edge_bps=D(40),
        edge_low_bps=D(10),
        edge_high_bps=D(70),
        net_edge_bps=None,
        net_edge_low_bps=None,
        n=50,
    )
    later = START + H1.delta
    with bench.units() as unit:
        weakest = min((BTC, ETH), key=lambda s: abs(_signed(stored(bench, s))))
        unit.decisions.add(_moved(stored(bench, weakest), later, edge))
        unit.commit()
    explorer = bench.assembled.desk.explorer
    by_edge = explorer.opportunities(Wish(order=Order.EDGE)).rows
    assert [row.symbol == weakest for row in by_edge] == [True, False]
    by_name = explorer.opportunities(Wish(order=Order.NAME)).rows
    assert [str(row.symbol) for row in by_name] == ["BTC/USDT", "ETH/USDT"]


def test_nothing_is_proved_before_a_verdict_has_passed(fake_units: FakeUnits) -> None:
    view = scanned(fake_units).assembled.desk.explorer.opportunities(Wish(proven_only=True))
    assert (view.count, view.is_proven) == (0, False)


def test_a_page_too_far_is_the_last_one(fake_units: FakeUnits) -> None:
    view = scanned(fake_units).assembled.desk.explorer.opportunities(Wish(page=7))
    assert (view.page, view.wish.page) == (0, 0)


def test_pages_hold_eight_rows_and_miss_none(fake_units: FakeUnits) -> None:
    symbols = tuple(Symbol(f"C{number:02}", "USDT") for number in range(19))
    bench = build(fake_units, symbols=symbols, bars=wandering(700))
    bench.assembled.scanner.scan(START)
    explorer = bench.assembled.desk.explorer
    pages = [explorer.opportunities(Wish(page=page)) for page in range(3)]
    assert [len(page.rows) for page in pages] == [8, 8, 3]
    assert {row.symbol for page in pages for row in page.rows} == set(symbols)


def test_another_timeframe_is_scored_from_its_own_bars_and_is_information(
    fake_units: FakeUnits,
) -> None:
    bench = scanned(fake_units, bars=2_600)
    explorer = bench.assembled.desk.explorer
    view = explorer.opportunities(Wish(timeframe=H4))
    assert {(row.timeframe, row.is_traded) for row in view.rows} == {(H4, False)}
    why = explorer.why(view.rows[0].place, "en")
    assert why is not None
    assert why.decision.score is not None
    assert why.decision.score.signed == view.rows[0].signed_score
    assert not why.is_traded


def test_days_are_listed_only_where_they_are_stored(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units, bars=2_600)
    explorer = bench.assembled.desk.explorer
    view = explorer.opportunities(Wish(timeframe=Timeframe.D1))
    assert (view.rows, view.scored) == ((), 0)
    days = resample(wandering(24 * 400), H1, Timeframe.D1)
    with bench.units() as unit:
        unit.candles.add(VENUE, BTC, Timeframe.D1, days)
        unit.commit()
    view = explorer.opportunities(Wish(timeframe=Timeframe.D1))
    assert view.timeframes == (H1, H4, Timeframe.D1)
    assert {row.symbol for row in view.rows} == {BTC}


def test_rows_of_another_timeframe_are_made_once_a_bar(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units, bars=2_600)
    explorer = bench.assembled.desk.explorer
    first = explorer.opportunities(Wish(timeframe=H4, order=Order.NAME)).rows
    assert all(
        one is other
        for one, other in zip(
            first, explorer.opportunities(Wish(timeframe=H4, order=Order.NAME)).rows, strict=True
        )
    )
    bench.advance(hours=4)
    again = explorer.opportunities(Wish(timeframe=H4, order=Order.NAME)).rows
    assert all(one is not other for one, other in zip(first, again, strict=True))


# Why


@pytest.mark.parametrize("policies", [AUTOMATIC, EVERY_SCORE], ids=["strict", "everything"])
def test_a_close_made_anew_scores_as_the_stored_decision_did(
    policies: TradingPolicy, fake_units: FakeUnits
) -> None:
    bench = scanned(fake_units, policies)
    empty = build(FakeUnits(), policies=policies, bars=wandering(700))
    for symbol, seed in ((BTC, 1), (ETH, 2)):
        with empty.units() as unit:
            unit.candles.add(VENUE, symbol, H1, wandering(700, seed=seed))
            unit.commit()
        known = bench.assembled.desk.explorer.why(Place(symbol=symbol), "en")
        anew = empty.assembled.desk.explorer.why(Place(symbol=symbol, timeframe=H1, at=START), "en")
        assert known is not None
        assert anew is not None
        assert (known.is_recomputed, anew.is_recomputed) == (False, True)
        # The same id, so the same of everything that does not depend on what is held.
        assert anew.decision.id == known.decision.id
        assert anew.decision.score == known.decision.score
        assert anew.decision.signals == known.decision.signals
        assert anew.decision.reason == known.decision.reason
        assert anew.decision.cost == known.decision.cost
        assert anew.gates[:2] == known.gates[:2]


def test_a_close_below_the_threshold_is_asked_what_would_have_come_behind_it(
    fake_units: FakeUnits,
) -> None:
    strict = replace(AUTOMATIC, entry=EntryPolicy(min_rank_fraction=1.0))
    bench = build(fake_units, policies=strict, bars=rising(), price="106")
    bench.assembled.scanner.scan(START)
    view = bench.assembled.desk.explorer.why(Place(symbol=BTC), "en")
    assert view is not None
    assert view.decision.reason is ReasonCode.BELOW_THRESHOLD
    stopped = view.stopped_by
    assert stopped is not None
    assert (stopped.name, stopped.limit) == ("rank", D("1.000000"))
    assert view.beyond is not None
    assert {gate.verdict for gate in view.beyond.gates} <= {VerdictCode.PASSED, VerdictCode.UNKNOWN}
    assert view.beyond.cost is not None
    # 20 bps of fees and 5 of half-spread either way; slippage at least 1 bps either way.
    assert view.beyond.cost.fee_bps == 40
    assert view.beyond.cost.spread_bps == 10
    assert view.beyond.cost.total_bps >= 52


def test_asking_what_would_have_been_writes_nothing(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    before = (bench.actions(), len(bench.outbox()), stored(bench))
    bench.assembled.desk.explorer.why(Place(symbol=BTC, timeframe=H1, at=START - H1.delta), "en")
    assert (bench.actions(), len(bench.outbox()), stored(bench)) == before


def test_the_closes_before_and_after_can_be_walked_to(fake_units: FakeUnits) -> None:
    explorer = scanned(fake_units).assembled.desk.explorer
    newest = explorer.why(Place(symbol=BTC), "en")
    assert newest is not None
    assert (newest.earlier, newest.later) == (START - H1.delta, None)
    before = explorer.why(Place(symbol=BTC, timeframe=H1, at=newest.earlier), "en")
    assert before is not None
    assert before.is_recomputed
    assert before.later == START
    assert before.decision.closed_at == START - timedelta(hours=1)


def test_before_the_first_candle_there_is_nothing_to_explain(fake_units: FakeUnits) -> None:
    explorer = scanned(fake_units).assembled.desk.explorer
    long_ago = START - timedelta(days=900)
    assert explorer.why(Place(symbol=BTC, timeframe=H1, at=long_ago), "en") is None
    assert explorer.card(Place(symbol=BTC, timeframe=H1, at=long_ago)) is None


def test_a_bar_that_is_missing_says_so(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    later = START + 5 * H1.delta
    bench.advance(hours=6)
    view = bench.assembled.desk.explorer.why(Place(symbol=BTC, timeframe=H1, at=later), "en")
    assert view is not None
    assert view.decision.score is None
    assert view.decision.reason is ReasonCode.DATA_LATE


def test_a_symbol_or_an_id_is_found_and_nonsense_is_not(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    explorer = bench.assembled.desk.explorer
    assert explorer.find("eth") == Place(symbol=ETH)
    decision = stored(bench)
    there = Place(symbol=BTC, timeframe=H1, at=START)
    assert explorer.find(decision.id) == there
    assert explorer.find(decision.id.upper()) == there
    assert explorer.find("nonsense") is None
    newest = explorer.find("")
    assert newest is not None
    assert newest.at == START


def test_the_newest_is_an_open_question_else_the_strongest_of_the_last_close(
    fake_units: FakeUnits,
) -> None:
    bench = scanned(fake_units)
    explorer = bench.assembled.desk.explorer
    asked = bench.ask(ETH)
    assert asked.decision_id is not None
    with bench.units(read_only=True) as unit:
        about = unit.decisions.get(asked.decision_id)
    assert about is not None
    assert explorer.find("") == Place(symbol=ETH, timeframe=H1, at=about.closed_at)
    bench.press(asked, Press.REJECT)
    with bench.units(read_only=True) as unit:
        last = [unit.decisions.latest(symbol)[0] for symbol in (BTC, ETH)]
    newest = [one for one in last if one.closed_at == max(each.closed_at for each in last)]
    points = {one.score.points if one.score else D(0): one for one in newest}
    strongest = points[max(points)]
    assert explorer.find("") == Place(symbol=strongest.symbol, timeframe=H1, at=strongest.closed_at)


def test_without_any_decision_there_is_no_newest_one(fake_units: FakeUnits) -> None:
    assert build(fake_units).assembled.desk.explorer.find("") is None


def test_another_versions_least_score_is_not_made_up(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    decision = stored(bench)
    assert decision.score is not None
    passed = replace(decision.score, rank_fraction=D("0.995"), threshold_rank_fraction=D("0.9"))
    other = replace(
        decision, strategy_version="trend-9", reason=ReasonCode.BELOW_THRESHOLD, score=passed
    )
    gates = gates_of(bench.assembled.context, other)
    told = [(gate.name, gate.limit, gate.verdict) for gate in gates[:2]]
    assert told == [
        ("rank", D("0.9"), VerdictCode.PASSED),
        ("min_score", None, VerdictCode.FAILED),
    ]


def test_a_position_that_is_kept_meets_no_gates(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    held = replace(stored(bench), reason=ReasonCode.HOLDING, checks=())
    assert gates_of(bench.assembled.context, held) == ()


def test_the_score_that_is_needed_is_the_one_whose_rank_is_the_threshold() -> None:
    made = score_strategy()
    needed = float(needed_score(made))
    frame = made.reference.of(made.timeframe)
    rank = np.interp(needed * frame.scale / 100, frame.net, frame.fractions)
    assert rank == pytest.approx(made.entry.min_rank_fraction, abs=1e-4)
    # The trend is entered from a score of its own, whatever its rank.
    assert needed_score(trend_strategy()) == D("40.00")


def _signed(decision: Decision) -> Decimal:
    assert decision.score is not None
    return decision.score.signed


def _moved(decision: Decision, at: datetime, edge: EdgeEstimate) -> Decision:
    """The same decision an hour later, with an edge."""
    changed = type(decision.id)(decision.id[:-1] + ("0" if decision.id[-1] != "0" else "1"))
    return replace(decision, id=changed, closed_at=at, edge=edge, route=RouteCode.NONE)
