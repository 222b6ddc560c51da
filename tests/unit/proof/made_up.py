"""Made-up histories, small and seeded, and what is needed to play a strategy on them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from engine.backtest.runner import BacktestPlan
from engine.backtest.state import ApprovalModel
from engine.domain.market import CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.fills.policy import FillPolicy
from engine.kernel import Floats
from engine.market.columns import Columns
from engine.proof.ground import Ground, ground_of
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.version import StrategyVersion

START = datetime(2020, 1, 1, tzinfo=UTC)
SYMBOLS = ("AAA/USDT", "BBB/USDT", "CCC/USDT")
WARMUP_BARS = 300


def closes(count: int, seed: int, *, drift: float = 0.0, memory: float = 0.0) -> Floats:
    """A random walk whose steps remember the last one by ``memory``."""
    noise = 0.01 * np.random.default_rng(seed).standard_normal(count)
    for k in range(1, count):
        noise[k] += memory * noise[k - 1]
    path: Floats = 100.0 * np.exp(np.cumsum(noise + drift))
    return path


def series(
    close: Floats, *, start: datetime, timeframe: Timeframe, without: Sequence[int] = ()
) -> CandleSeries:
    """Candles around closes; those at ``without`` are missing."""
    rng = np.random.default_rng(len(close))
    opened = np.concatenate((close[:1], close[:-1]))
    reach = 0.003 * np.abs(rng.standard_normal((2, len(close))))
    columns = Columns(
        ms=to_ms(start) + np.arange(len(close), dtype=np.int64) * timeframe.ms,
        open=np.round(opened, 4),
        high=np.round(np.maximum(opened, close) * (1 + reach[0]) + 1e-4, 4),
        low=np.round(np.minimum(opened, close) * (1 - reach[1]) - 1e-4, 4),
        close=np.round(close, 4),
        volume=np.round(rng.lognormal(10.0, 0.5, len(close)), 2),
    )
    return columns.take(np.delete(np.arange(len(close)), list(without))).series()


def rules(symbol: str) -> MarketRules:
    return MarketRules(
        symbol=Symbol.parse(symbol),
        tick_size=Decimal("0.0001"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional_quote=Decimal(5),
    )


def plan(
    strategy: StrategyVersion | None = None,
    *,
    days: int = 60,
    symbols: Sequence[str] = SYMBOLS,
    seed: int = 3,
    memory: float = 0.0,
    policies: TradingPolicy | None = None,
) -> BacktestPlan:
    """``days`` of candles of each symbol and a warm-up before them; the last one has holes."""
    made = strategy or score_strategy()
    timeframe = made.timeframe
    bars = days * (Timeframe.D1.ms // timeframe.ms)
    count = bars + WARMUP_BARS
    first = START - timeframe.delta * WARMUP_BARS
    histories = {}
    for k, symbol in enumerate(symbols):
        holes = range(count - 40, count - 30) if k == len(symbols) - 1 else ()
        path = closes(count, seed + k, memory=memory)
        candles = series(path, start=first, timeframe=timeframe, without=holes)
        histories[Symbol.parse(symbol)] = candles
    return BacktestPlan(
        histories=histories,
        rules={Symbol.parse(symbol): rules(symbol) for symbol in symbols},
        start=START,
        end=START + timedelta(days=days),
        start_equity_quote=10_000.0,
        strategy=made,
        policies=policies or TradingPolicy(),
        fills=FillPolicy(),
        approval=ApprovalModel(),
    )


def ground(strategy: StrategyVersion | None = None, **wishes: Any) -> Ground:  # noqa: ANN401 - those of `plan`
    return ground_of(plan(strategy, **wishes))
