"""Runs to report on: random markets played by the loop, and a tiny one worked out by hand."""

import numpy as np

from engine.backtest.feed import SymbolFeed, merge
from engine.backtest.result import finish
from engine.backtest.runner import BacktestRun
from tests.unit.step.builders import HOUR_MS, markets, play, policy, random_feeds

ACTIVE = policy(
    exits={"trailing_atr_multiple": 2.0, "exit_score": -60.0, "time_stop_bars": 24},
    entry={"min_rank_fraction": 0.9},
)


def played(feeds: dict[str, SymbolFeed]) -> BacktestRun:
    """Play feeds of one-hour bars from 10,000."""
    symbols, feed = merge(feeds)
    terms = markets(len(symbols))
    state = play(feed, terms, with_policy=ACTIVE)
    result = finish(
        state,
        feed,
        markets=terms,
        symbols=symbols,
        timeframe="1h",
        bar_ms=HOUR_MS,
        start_equity=10_000.0,
        strategy_version="score-1",
    )
    return BacktestRun(result=result, feed=feed, markets=terms, state=state)


def random_run(symbols: int = 3, bars: int = 2_000, seed: int = 5) -> BacktestRun:
    """Play random walks with random scores."""
    return played(random_feeds(symbols, bars, seed, missing=0.01))


def idle_run(bars: int = 48) -> BacktestRun:
    """Play a market without a signal."""
    feeds = random_feeds(1, bars, 1)
    for feed in feeds.values():
        feed.score[:] = np.float64(0.0)
    return played(feeds)
