"""Variants are played from shared columns exactly as the backtest plays each one alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.backtest.funding import Funding
from engine.backtest.runner import run_backtest
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.values import to_ms
from engine.kernel import Floats
from engine.market.resample import resample
from engine.proof.ground import ground_of
from engine.strategy.custom import custom
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.version import StrategyVersion
from tests.unit.proof.made_up import START, ground, plan

BUSY = replace(
    score_strategy(),
    entry=EntryPolicy(min_rank_fraction=0.8, min_score=10.0),
    exits=ExitPolicy(trailing_atr_multiple=2.0, exit_score=5.0),
)


def alone(strategy: StrategyVersion) -> tuple[Floats, NDArray[np.void]]:
    run = run_backtest(replace(plan(strategy), strategy=strategy))
    count = int(run.state.tally[0].trades)
    return run.result.equity_quote, np.asarray(run.state.trades)[:count]


def shared(strategy: StrategyVersion) -> tuple[Floats, NDArray[np.void]]:
    whole = ground(strategy)
    played = whole.play(strategy, start_ms=whole.start_ms, end_ms=whole.end_ms)
    return played.equity_quote, played.trades


def by_regime() -> StrategyVersion:
    weights = replace(
        BUSY.weights, by_regime={"trend-wild": {"MACD": 1.0}, "range-calm": {"RSI": 1, "BB": 1}}
    )
    return replace(BUSY, weights=weights)


def with_own_exit() -> StrategyVersion:
    return replace(BUSY, exit_rule=lambda bars: bars.close < bars.open)


@pytest.mark.parametrize("made", [lambda: BUSY, score_strategy, by_regime, with_own_exit])
def test_a_variant_trades_and_earns_as_the_backtest_says(made: object) -> None:
    strategy = made()  # type: ignore[operator]
    equity, trades = shared(strategy)
    expected, expected_trades = alone(strategy)
    assert np.array_equal(equity, expected)
    assert np.array_equal(trades, expected_trades)


def test_the_busy_variant_trades_often_enough_to_mean_something() -> None:
    assert len(shared(BUSY)[1]) > 30


def test_a_later_stretch_starts_flat_with_the_cash_it_is_given() -> None:
    whole = ground(BUSY)
    middle = whole.start_ms + 20 * Timeframe.D1.ms
    played = whole.play(BUSY, start_ms=middle, end_ms=whole.end_ms, cash_quote=5_000.0)
    part = run_backtest(
        replace(plan(BUSY), start=START.replace(day=21), start_equity_quote=5_000.0, strategy=BUSY)
    )
    assert to_ms(START.replace(day=21)) == middle
    assert np.array_equal(played.equity_quote, part.result.equity_quote)


def test_the_digest_follows_the_candles() -> None:
    assert ground().digest == ground().digest
    assert ground().digest != ground(seed=4).digest


def test_another_timeframe_is_refused() -> None:
    whole = ground()
    other = replace(score_strategy(), timeframe=Timeframe.H4)
    with pytest.raises(InvalidValueError, match="timeframe of the variant"):
        whole.play(other, start_ms=whole.start_ms, end_ms=whole.end_ms)


def test_a_stretch_without_candles_is_refused() -> None:
    whole = ground()
    with pytest.raises(DataError, match="no 1h candles"):
        whole.play(score_strategy(), start_ms=whole.end_ms, end_ms=whole.end_ms + 1)
    with pytest.raises(DataError, match="no candles"):
        ground_of(replace(plan(), histories={}))


def test_a_single_symbol_needs_no_merging() -> None:
    lone = custom(
        name="lone",
        timeframe="1h",
        signals={"UP": lambda bars: (np.sign(bars.close - bars.open), np.full(len(bars), 50.0))},
        exits=ExitPolicy(stop_atr_multiple=2.0, exit_score=-10.0),
    )
    whole = ground(lone, symbols=("AAA/USDT",))
    played = whole.play(lone, start_ms=whole.start_ms, end_ms=whole.end_ms)
    run = run_backtest(plan(lone, symbols=("AAA/USDT",)))
    assert np.array_equal(played.equity_quote, run.result.equity_quote)
    assert len(played.trades) > 0


def test_finer_bars_and_funding_are_played_as_the_backtest_plays_them() -> None:
    made = plan(BUSY, symbols=("AAA/USDT",))
    symbol = next(iter(made.histories))
    hours = made.histories[symbol]
    paid = Funding(
        at_ms=np.array(hours.open_ms[::8]), rate_bps=np.full(len(hours.open_ms[::8]), 3.0)
    )
    four = replace(BUSY, timeframe=Timeframe.H4)
    richer = replace(
        made,
        strategy=four,
        histories={symbol: resample(hours, Timeframe.H1, Timeframe.H4)},
        finer={symbol: hours},
        finer_timeframe=Timeframe.H1,
        funding={symbol: paid},
    )
    run = run_backtest(richer)
    whole = ground_of(richer)
    played = whole.play(four, start_ms=whole.start_ms, end_ms=whole.end_ms)
    assert np.array_equal(played.equity_quote, run.result.equity_quote)
    plain = run_backtest(replace(richer, finer={}, funding={}))
    assert not np.array_equal(played.equity_quote, plain.result.equity_quote)
