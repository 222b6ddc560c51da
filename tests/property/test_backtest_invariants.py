"""Laws of a backtest that hold on every past: it adds up, does not look ahead, has no favourite
unit, and costs never earn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.backtest.feed import SymbolFeed
from engine.backtest.result import Trade
from engine.backtest.runner import BacktestPlan, BacktestRun, run_backtest
from engine.backtest.state import ApprovalModel, State
from engine.domain.market import CandleSeries
from engine.domain.reasons import ReasonCode
from engine.domain.values import from_ms, to_ms
from engine.fills.book import (
    BUY,
    SELL,
    Market,
    fill_market,
    pack_fills,
    synthesise,
    walk,
)
from engine.fills.policy import FillPolicy
from engine.fills.triggers import clear_of, protection
from engine.indicators.bars import Bars
from engine.strategy.policy import EntryPolicy
from engine.strategy.signals import Judged, Values
from engine.strategy.weights import WeightSet
from tests.property.backtests import (
    BARS,
    Case,
    changed_series,
    cut_series,
    open_quote,
    plan_of,
    scaled,
)
from tests.scenario.history import HOUR, START
from tests.unit.step.builders import markets, open_pnl, play, policy, random_feeds

BOOK = pack_fills(FillPolicy())

cases = st.builds(
    Case,
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 3),
    rank=st.sampled_from([0.2, 0.6]),
    target=st.sampled_from([None, 1.0, 2.5]),
    trail=st.sampled_from([None, 2.0]),
    time_stop=st.sampled_from([None, 8]),
    asks=st.sampled_from([0, 800, 100_000]),
    probability=st.sampled_from([0.5, 1.0]),
    delay_bars=st.sampled_from([0, 1]),
    rearm_after_days=st.sampled_from([None, 0.3, 1.0]),
    drawdown=st.sampled_from([0.01, 0.3]),
    depth=st.sampled_from([0.001, 0.05]),
    funded=st.booleans(),
    finer=st.booleans(),
)
few = settings(max_examples=15, deadline=None)


@dataclass(frozen=True)
class Mute:
    """A rule that never has anything to say."""

    code = "MUTE"
    warmup_bars = 0
    memory_bars = 0

    def values(self, bars: Bars) -> Values:
        return {"close": bars.close}

    def judge(self, bars: Bars, values: Values) -> Judged:
        del values
        return Judged(side=np.zeros(len(bars), np.int8), strength=np.zeros(len(bars)))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        return f"{side} at {bar['close']}"


# It adds up


@given(case=cases)
@few
def test_the_account_is_the_start_and_all_trades_and_what_is_open(case: Case) -> None:
    result = run_backtest(plan_of(case)).result
    closed = sum(trade.pnl_quote for trade in result.trades)
    total = result.start_equity + closed + open_quote(result)
    assert result.final_equity == pytest.approx(total, rel=1e-9)


@given(case=cases)
@few
def test_every_decision_is_counted_once(case: Case) -> None:
    """The stretches that the loop passes over count as if it had stopped at every bar."""
    run = run_backtest(plan_of(case), keep_log=True)
    told = np.bincount(run.state.log.reason.ravel(), minlength=len(run.state.decided_count))
    assert told.tolist() == run.state.decided_count.tolist()
    again = run_backtest(plan_of(case))
    assert again.result.trades == run.result.trades
    assert again.result.equity_quote.tolist() == run.result.equity_quote.tolist()


@given(seed=st.integers(0, 10_000), symbols=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_a_market_without_signals_beside_the_others_changes_nothing(
    seed: int, symbols: int
) -> None:
    feeds = random_feeds(symbols, 300, seed, missing=0.05)
    silent = random_feeds(1, 300, seed + 1)["S00/USDT"]
    silent.score[:] = 0.0
    alone = play(feeds, fills=BOOK)
    beside = play({**feeds, "Z/USDT": silent}, fills=BOOK)
    places = np.isin(merged_ms({**feeds, "Z/USDT": silent}), merged_ms(feeds))
    assert alone.equity_quote.tolist() == beside.equity_quote[places].tolist()


def merged_ms(feeds: dict[str, SymbolFeed]) -> list[int]:
    return sorted({int(ms) for feed in feeds.values() for ms in feed.open_ms})


@given(case=cases)
@few
def test_an_idle_strategy_keeps_its_cash(case: Case) -> None:
    plan = plan_of(case)
    mute = replace(
        plan.strategy,
        rules=(Mute(),),
        weights=WeightSet(version="mute", weights={"MUTE": 1.0}),
        entry=EntryPolicy(min_rank_fraction=0.0),
        code_digest="",
    )
    run = run_backtest(replace(plan, strategy=mute))
    assert run.result.decisions["below_threshold"] > 0
    assert set(run.result.equity_quote.tolist()) == {10_000.0}
    assert run.state.book.desk[0].cash_quote == 10_000.0
    assert (run.state.tally[0].fills, run.state.tally[0].funding_quote) == (0, 0.0)


# It does not look ahead


@given(case=cases, place=st.integers(20, BARS - 20), factor=st.sampled_from([0.6, 1.5]))
@few
def test_what_comes_later_changes_nothing_before(case: Case, place: int, factor: float) -> None:
    plan, moment = plan_of(case), START + place * HOUR
    base = run_backtest(plan, keep_log=True)
    assume(base.feed.open_ms[0] < to_ms(moment))
    for other in (_cut(plan, moment), _perturbed(plan, moment, factor)):
        told = run_backtest(other, keep_log=True)
        assert _known_at(told, moment) == _known_at(base, moment)


def _cut(plan: BacktestPlan, moment: datetime) -> BacktestPlan:
    """The same past, told up to ``moment`` only."""
    return replace(
        plan,
        end=moment,
        histories={symbol: cut_series(series, moment) for symbol, series in plan.histories.items()},
        finer={symbol: cut_series(series, moment) for symbol, series in plan.finer.items()},
    )


def _perturbed(plan: BacktestPlan, moment: datetime, factor: float) -> BacktestPlan:
    """Another future."""
    since = to_ms(moment)

    def other(series: CandleSeries) -> CandleSeries:
        return changed_series(series, lambda _, at, value: value * (factor if at >= since else 1.0))

    return replace(
        plan,
        histories={symbol: other(series) for symbol, series in plan.histories.items()},
        finer={symbol: other(series) for symbol, series in plan.finer.items()},
    )


def _known_at(run: BacktestRun, moment: datetime) -> tuple[object, ...]:
    """Everything that a person knew at ``moment``."""
    bars = int(np.searchsorted(run.feed.open_ms, to_ms(moment)))
    log = run.state.log
    decided = [column[:bars].tolist() for column in (log.action, log.route, log.reason, log.lots)]
    closed = tuple(trade for trade in run.result.trades if from_ms(trade.closed_ms) <= moment)
    at_the_open = tuple(trade for trade in closed if from_ms(trade.closed_ms) < moment)
    return run.result.equity_quote[:bars].tolist(), decided, at_the_open


# It has no favourite unit


_TIES = 0.01


@given(
    case=cases,
    price=st.sampled_from(["1", "0.125", "8", "0.1", "100"]),
    quantity=st.sampled_from(["1", "0.25", "4", "10"]),
)
@few
def test_other_units_of_price_and_quantity_change_nothing(
    case: Case, price: str, quantity: str
) -> None:
    """Price alone is another currency, price against quantity a redenomination of the coin."""
    plan = plan_of(case)
    money = float(Decimal(price) * Decimal(quantity))
    base = run_backtest(plan, keep_log=True)
    told = run_backtest(
        scaled(plan, price=Decimal(price), quantity=Decimal(quantity)), keep_log=True
    )
    same = np.isclose(told.feed.score, base.feed.score, atol=1e-6, equal_nan=True)
    # Where a price meets a line exactly, a decimal unit may round it to either side.
    assert np.mean(~same) <= _TIES
    assume(bool(same.all()))
    assert told.result.decisions == base.result.decisions
    assert told.result.outcomes == base.result.outcomes
    assert np.array_equal(told.state.log.lots, base.state.log.lots)
    assert told.result.equity_quote / money == pytest.approx(base.result.equity_quote, rel=1e-8)
    assert [_shape(trade) for trade in told.result.trades] == [
        _shape(trade) for trade in base.result.trades
    ]


def _shape(trade: Trade) -> tuple[object, ...]:
    """What of a trade has no unit."""
    times = (trade.symbol, trade.decided_ms, trade.opened_ms, trade.closed_ms, trade.bars_held)
    return (*times, trade.exit_reason, trade.route, trade.regime)


# Costs never earn


@given(
    seed=st.integers(0, 10_000),
    symbols=st.integers(1, 4),
    fee_bps=st.floats(0.0, 30.0),
    spread_bps=st.floats(0.0, 30.0),
    dearer=st.tuples(st.floats(0.0, 40.0), st.floats(0.0, 40.0), st.floats(0.0, 20.0)),
)
@settings(max_examples=60, deadline=None)
def test_the_same_trades_never_earn_more_at_higher_costs(
    seed: int,
    symbols: int,
    fee_bps: float,
    spread_bps: float,
    dearer: tuple[float, float, float],
) -> None:
    """Each market has one signal, all at one close, so that no size depends on what was paid."""
    cheap = _one_trade_each(seed, symbols, fee_bps, spread_bps, 0.0)
    dear = _one_trade_each(
        seed, symbols, fee_bps + dearer[0], spread_bps + dearer[1], funding_bps=dearer[2]
    )
    assert cheap.tally[0].fills >= symbols
    assert _same(cheap) == _same(dear)
    for k in range(cheap.tally[0].trades):
        assert dear.trades[k].pnl_quote <= cheap.trades[k].pnl_quote + 1e-8
    assert dear.equity_quote[-1] <= cheap.equity_quote[-1] + 1e-8


def _one_trade_each(
    seed: int, symbols: int, fee_bps: float, spread_bps: float, funding_bps: float
) -> State:
    feeds = {}
    for name, feed in random_feeds(symbols, 80, seed).items():
        feed.score[:] = 0.0
        feed.score[5] = 80.0
        feed.rank[:] = np.abs(feed.score) / 100.0
        feeds[name] = replace(feed, funding_bps=np.full(80, funding_bps))
    terms = markets(
        symbols, maker_fee_bps=fee_bps / 2, taker_fee_bps=fee_bps, half_spread_bps=spread_bps
    )
    small = policy(
        risk={"risk_fraction": 0.001},
        exits={"target_atr_multiple": 4.0, "trailing_atr_multiple": 3.0, "time_stop_bars": 40},
        costs={"max_cost_bps": 10_000.0},
    )
    return play(feeds, terms, with_policy=small, fills=BOOK, approval=ApprovalModel())


def _same(state: State) -> list[tuple[int, ...]]:
    """What makes two trades the same: market, times, size, and the reason to leave."""
    done = np.asarray(state.trades)[: int(state.tally[0].trades)]
    names = ("symbol", "opened_ms", "closed_ms", "lots", "reason")
    return list(zip(*(done[name].tolist() for name in names), strict=True))


# What makes it quick gives the same answers


@given(
    side=st.sampled_from([BUY, SELL]),
    wanted=st.integers(0, 10_000),
    price=st.floats(0.01, 1e5),
    volume=st.floats(0.0, 1e6),
    moment_ms=st.integers(0, 2**41),
    fee_bps=st.floats(0.0, 50.0),
)
@settings(deadline=None)
def test_a_book_made_as_it_is_walked_is_the_book(
    *, side: int, wanted: int, price: float, volume: float, moment_ms: int, fee_bps: float
) -> None:
    market = Market(
        tick_size=0.01,
        lot_size=0.001,
        half_spread_bps=5.0,
        maker_fee_bps=1.0,
        taker_fee_bps=fee_bps,
        symbol_key=7,
    )
    ticks, lots = synthesise(side, price, volume, moment_ms, market, BOOK)
    whole = walk(ticks, lots, wanted, price, market, np.zeros_like(lots))
    assert fill_market(side, wanted, price, volume, moment_ms, market, BOOK) == whole


@given(
    stop=st.integers(0, 10**6),
    target=st.integers(0, 10**6),
    away=st.tuples(st.floats(-3e-9, 3e-9), st.floats(-3e-9, 3e-9)),
    far=st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)),
    tick=st.sampled_from([1.0, 0.01, 1e-8]),
)
@settings(deadline=None)
def test_a_bar_that_is_clear_of_both_meets_neither(
    *,
    stop: int,
    target: int,
    away: tuple[float, float],
    far: tuple[float, float],
    tick: float,
) -> None:
    for low_by, high_by in (away, far):
        low = max(stop, 1) * tick * (1.0 + low_by)
        high = max(low, max(target, 1) * tick * (1.0 + high_by))
        met = protection(stop, target, (low + high) / 2, high, low, tick)
        if clear_of(stop, target, high, low, tick):
            assert met.kind == ReasonCode.NONE


def test_what_is_open_is_part_of_the_account_of_random_bars_too() -> None:
    terms = markets(4)
    state = play(random_feeds(4, 4_000, 5, missing=0.03), terms, fills=BOOK)
    done = np.asarray(state.trades)[: int(state.tally[0].trades)]
    total = 10_000.0 + float(done["pnl_quote"].sum()) + open_pnl(state, terms)
    assert state.equity_quote[-1] == pytest.approx(total, rel=1e-9)
