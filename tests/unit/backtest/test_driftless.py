"""Where nothing can be earned, a strategy earns minus its costs.

Prices walk one tick up or down at a time, sixty times a bar: a fair game in which no rule of entry
or exit has an expectation. The walk meets every stop exactly, so that not even the model's fill at
the stop is a gift (a walk with larger steps would jump past it). What is left in the mean is what
was paid: fees, and the distance of every fill from the price of its moment.

Each seed is one account. Profit + costs has the expectation zero; the 95 % interval of its mean
over the seeds must hold zero, and be narrow enough to tell costs from none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.backtest.feed import SymbolFeed
from engine.backtest.runner import BacktestPlan, run_backtest
from engine.backtest.state import ApprovalModel, Tally
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.costs.policy import CostPolicy
from engine.domain.market import CandleSeries, MarketRules, Symbol
from engine.domain.values import from_ms
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.kernel import Floats
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from tests.unit.step.builders import HOUR_MS, START_MS, markets, play, policy

START_QUOTE = 10_000.0
TICK = 0.1
STEPS = 60
WARM_BARS = 600
SEEDS = range(80)
SYMBOL = Symbol("FAIR", "USDT")
EXITS = ExitPolicy(
    stop_atr_multiple=1.5, trailing_atr_multiple=2.0, time_stop_bars=24, exit_score=-30.0
)
LIMITS = RiskPolicy(
    max_symbol_fraction=0.5,
    max_exposure_fraction=1.0,
    max_bar_volume_fraction=1.0,
    max_daily_loss_fraction=1.0,
    max_drawdown_fraction=1.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one seed came to, as shares of the start."""

    profit: float
    costs: float
    trades: int


def walk(seed: int, bars: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Open, high, low, close and volume of a fair walk in ticks, from 100."""
    chance = np.random.default_rng(seed)
    moves = chance.integers(0, 2, (bars, STEPS)) * 2 - 1
    path = 1_000 + np.cumsum(moves.ravel()).reshape(bars, STEPS)
    opened = np.concatenate(([1_000], path[:-1, -1]))
    inside: NDArray[np.int64] = np.column_stack((opened, path))
    assert inside.min() > 0
    volume = chance.lognormal(8.0, 0.5, bars)
    ticks = (opened, inside.max(axis=1), inside.min(axis=1), path[:, -1])
    first, high, low, last = (np.round(column * TICK, 1) for column in ticks)
    return first, high, low, last, volume


def by_score(seed: int) -> Account:
    """The shipped score on 900 bars after its warm-up."""
    bars = WARM_BARS + 900
    columns = walk(seed, bars)
    open_ms = START_MS + HOUR_MS * np.arange(bars)
    plan = BacktestPlan(
        histories={SYMBOL: series(open_ms.tolist(), columns)},
        rules={
            SYMBOL: MarketRules(
                symbol=SYMBOL,
                tick_size=Decimal("0.1"),
                lot_size=Decimal("0.001"),
                min_quantity=Decimal("0.001"),
                min_notional_quote=Decimal(5),
            )
        },
        start=from_ms(int(open_ms[WARM_BARS])),
        end=from_ms(int(open_ms[-1]) + HOUR_MS),
        start_equity_quote=START_QUOTE,
        strategy=replace(score_strategy(), entry=EntryPolicy(min_rank_fraction=0.3), exits=EXITS),
        policies=TradingPolicy(
            risk=LIMITS,
            costs=CostPolicy(),
            automation=AutomationPolicy(uncalibrated_paper="auto", max_entries_per_day=100),
            approval=ApprovalPolicy(ask_above_quote=Decimal(10**6), ask_above_equity_fraction=1.0),
        ),
        fills=FillPolicy(),
        approval=ApprovalModel(),
    )
    run = run_backtest(plan)
    return account(run.state.tally[0], run.result.final_equity)


def series(open_ms: Sequence[int], columns: Sequence[Floats]) -> CandleSeries:
    of = CandleSeries.of([])
    names = ("open", "high", "low", "close", "volume")
    filled = {
        name: type(of.close)("d", column.tolist())
        for name, column in zip(names, columns, strict=True)
    }
    return CandleSeries(open_ms=type(of.open_ms)("q", open_ms), **filled)


def by_chance(seed: int) -> Account:
    """Random scores on three such markets that share one account."""
    chance = np.random.default_rng(10_000 + seed)
    feeds = {f"S{k}": random_feed(chance, 1_000 * seed + k) for k in range(3)}
    state = play(
        feeds,
        markets(3, tick_size=TICK),
        with_policy=policy(
            entry={"min_rank_fraction": 0.8},
            exits={"trailing_atr_multiple": 2.0, "time_stop_bars": 24, "exit_score": -95.0},
        ),
        fills=pack_fills(FillPolicy()),
        cash=START_QUOTE,
    )
    return account(state.tally[0], float(state.equity_quote[-1]))


def random_feed(chance: np.random.Generator, seed: int) -> SymbolFeed:
    bars = 400
    first, high, low, last, volume = walk(seed, bars)
    score = chance.uniform(-100.0, 100.0, bars)
    return SymbolFeed(
        open_ms=START_MS + HOUR_MS * np.arange(bars),
        open=first,
        high=high,
        low=low,
        close=last,
        volume=volume,
        score=score,
        rank=np.abs(score) / 100.0,
        atr=np.full(bars, 1.2),
        regime=np.zeros(bars, np.int8),
        sigma_day=np.full(bars, 0.04),
        adv_quote=np.full(bars, 1e8),
    )


def account(tally: Tally, final_quote: float) -> Account:
    return Account(
        profit=final_quote / START_QUOTE - 1.0,
        costs=float(tally.fees_quote + tally.slippage_quote) / START_QUOTE,
        trades=int(tally.trades),
    )


@pytest.mark.parametrize("strategy", [by_score, by_chance])
def test_a_driftless_walk_earns_minus_its_costs(strategy: Callable[[int], Account]) -> None:
    accounts = [strategy(seed) for seed in SEEDS]
    profit = np.array([one.profit for one in accounts])
    costs = np.array([one.costs for one in accounts])
    half_width = 1.99 * np.std(profit + costs, ddof=1) / np.sqrt(len(SEEDS))
    assert sum(one.trades for one in accounts) > 1_000
    assert abs(np.mean(profit + costs)) <= half_width
    assert half_width < np.mean(costs) / 2
    assert np.mean(profit) + half_width < 0
