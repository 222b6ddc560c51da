"""Made-up pasts for the laws of a backtest: hourly candles of a few markets, and busy policies."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from engine.backtest.funding import Funding
from engine.backtest.result import BacktestResult
from engine.backtest.runner import BacktestPlan
from engine.backtest.state import ApprovalModel
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.domain.market import Candle, CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.fills.policy import FillPolicy
from engine.market.derived_rules import derive_rules
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from tests.scenario.history import HOUR, START, Market, candles
from tests.unit.step.builders import HOUR_MS

BARS = 160
_MARKETS = (
    Market(symbol=Symbol("AAA", "USDT")),
    Market(symbol=Symbol("BBB", "USDT"), price=20, absent=0.06, volatility=0.012, volume=2_000),
    Market(symbol=Symbol("CCC", "USDT"), price=3_000, absent=0.02, volatility=0.006, volume=10),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a law is tried on; ``asks`` is the notional above which a person is asked."""

    seed: int
    symbols: int = 3
    rank: float = 0.4
    target: float | None = 2.5
    trail: float | None = 2.0
    time_stop: int | None = 12
    asks: int = 800
    probability: float = 0.7
    delay_bars: int = 0
    rearm_after_days: float | None = 0.5
    drawdown: float = 0.05
    depth: float = 0.01
    funded: bool = False
    finer: bool = False


def policies(case: Case) -> TradingPolicy:
    """Limits under which much happens; stop and exits of the strategy are set with them."""
    return TradingPolicy(
        entry=EntryPolicy(min_rank_fraction=case.rank),
        exits=ExitPolicy(
            stop_atr_multiple=1.5,
            target_atr_multiple=case.target,
            trailing_atr_multiple=case.trail,
            time_stop_bars=case.time_stop,
            exit_score=-20.0,
        ),
        risk=RiskPolicy(
            risk_fraction=0.01,
            max_risk_fraction=0.02,
            max_symbol_fraction=0.4,
            max_exposure_fraction=0.9,
            max_open_positions=3,
            max_bar_volume_fraction=0.25,
            max_daily_loss_fraction=0.04,
            max_drawdown_fraction=case.drawdown,
        ),
        automation=AutomationPolicy(uncalibrated_paper="auto", cooldown_after_loss_bars=2),
        approval=ApprovalPolicy(
            ask_above_quote=Decimal(case.asks), ask_above_equity_fraction=1.0, max_drift_bps=60.0
        ),
    )


def plan_of(case: Case) -> BacktestPlan:
    """The score strategy over the case's markets."""
    histories = {
        market.symbol: candles(market, seed=case.seed, bars=BARS)
        for market in _MARKETS[: case.symbols]
    }
    wanted = policies(case)
    strategy = replace(score_strategy(), entry=wanted.entry, exits=wanted.exits)
    return BacktestPlan(
        histories=histories,
        rules={symbol: derive_rules(symbol, series) for symbol, series in histories.items()},
        start=START,
        end=START + BARS * HOUR,
        start_equity_quote=10_000.0,
        strategy=strategy,
        policies=wanted,
        fills=FillPolicy(level_volume_fraction=case.depth),
        approval=ApprovalModel(
            probability=case.probability,
            delay_bars=case.delay_bars,
            rearm_after_days=case.rearm_after_days,
        ),
        funding={symbol: _funding(case.seed) for symbol in histories} if case.funded else {},
        finer={symbol: _quarters(series, case.seed) for symbol, series in histories.items()}
        if case.finer
        else {},
        finer_timeframe=Timeframe.M15,
    )


def _quarters(series: CandleSeries, seed: int) -> CandleSeries:
    """Each bar as four: to one end of it, to the other, to the close, and still."""
    chance, made = random.Random(seed), []
    for index in range(len(series)):
        bar = series.candle(index)
        ends = [bar.high, bar.low] if chance.random() < 0.5 else [bar.low, bar.high]
        path = [bar.open, *ends, bar.close, bar.close]
        made += [
            Candle(
                opened_at=bar.opened_at + number * HOUR / 4,
                open=path[number],
                high=max(path[number : number + 2]),
                low=min(path[number : number + 2]),
                close=path[number + 1],
                volume=bar.volume / 4,
            )
            for number in range(4)
        ]
    return CandleSeries.of(made)


def _funding(seed: int) -> Funding:
    chance = np.random.default_rng(seed)
    at_ms = to_ms(START) + 8 * HOUR_MS * np.arange(BARS // 8)
    return Funding(at_ms=at_ms, rate_bps=chance.normal(1.0, 5.0, len(at_ms)))


def changed_series(
    series: CandleSeries, change: Callable[[str, int, float], float]
) -> CandleSeries:
    """The series with ``change(column, open_ms, value)`` for every price and volume."""
    names = ("open", "high", "low", "close", "volume")
    columns = {
        name: type(series.close)(
            "d",
            [
                change(name, at, value)
                for at, value in zip(series.open_ms, getattr(series, name), strict=True)
            ],
        )
        for name in names
    }
    return CandleSeries(open_ms=series.open_ms, **columns)


def cut_series(series: CandleSeries, until: datetime) -> CandleSeries:
    """The bars that open before ``until``."""
    kept = sum(at < to_ms(until) for at in series.open_ms)
    return CandleSeries(
        open_ms=series.open_ms[:kept],
        open=series.open[:kept],
        high=series.high[:kept],
        low=series.low[:kept],
        close=series.close[:kept],
        volume=series.volume[:kept],
    )


def scaled(plan: BacktestPlan, *, price: Decimal, quantity: Decimal) -> BacktestPlan:
    """The same past in other units: prices, quantities, and what is in quote currency."""
    money = price * quantity
    by = {"volume": float(quantity)}

    def in_units(series: CandleSeries) -> CandleSeries:
        return changed_series(series, lambda name, _, value: value * by.get(name, float(price)))

    return replace(
        plan,
        histories={symbol: in_units(series) for symbol, series in plan.histories.items()},
        finer={symbol: in_units(series) for symbol, series in plan.finer.items()},
        rules={
            symbol: _scaled_rules(rules, price, quantity, money)
            for symbol, rules in plan.rules.items()
        },
        start_equity_quote=plan.start_equity_quote * float(money),
        policies=replace(
            plan.policies,
            approval=replace(
                plan.policies.approval,
                ask_above_quote=plan.policies.approval.ask_above_quote * money,
            ),
        ),
    )


def _scaled_rules(
    rules: MarketRules, price: Decimal, quantity: Decimal, money: Decimal
) -> MarketRules:
    return replace(
        rules,
        tick_size=rules.tick_size * price,
        lot_size=rules.lot_size * quantity,
        min_quantity=rules.min_quantity * quantity,
        min_notional_quote=rules.min_notional_quote * money,
    )


def open_quote(result: BacktestResult) -> float:
    """Profit of all that is still open."""
    return sum(position.pnl_quote for position in result.open_positions)
