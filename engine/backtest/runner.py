"""A backtest from stored candles: histories → columns → feed → replay → result.

Indicators see the whole history up to the end, the replay only ``[start, end)``: so the first bar
is scored as warm as a desk's own window would be. Everything that decides or fills is what the desk
uses; this module only arranges it.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from engine.backtest.feed import EDGE_COLUMNS, Feed, SymbolFeed, merge
from engine.backtest.finer import FinerBars
from engine.backtest.funding import Funding, funding_column
from engine.backtest.replay import replay
from engine.backtest.result import BacktestResult, finish
from engine.backtest.state import ApprovalModel, State
from engine.domain.errors import DataError
from engine.domain.market import CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.proof import Calibration
from engine.domain.values import to_ms
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.indicators.bars import Bars
from engine.kernel import Floats, Ints, Records
from engine.market.progress import Progress, Step, silent
from engine.strategy.book import Terms
from engine.strategy.columns import ScoreColumns
from engine.strategy.crossing import LastBar, pack_markets
from engine.strategy.edge import edge_columns, require_fit
from engine.strategy.packing import pack_policy
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion, columns_of, exit_flags


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestPlan:
    """What to replay: histories reach back before ``start`` so that indicators are warm.

    ``policies`` are the owner's limits and costs; entries and exits are the strategy's. Without a
    ``calibration``, which must be of this strategy and timeframe, every bar is uncalibrated.

    ``venue`` says whose candles these are, "" where nobody knows.

    ``finer`` are candles of ``finer_timeframe`` that tell what came first inside a bar: with them
    stops and targets fill in the order in which the price met them, without them the worse order is
    assumed. ``funding`` is what perpetual contracts paid each other; spot has none.
    """

    histories: Mapping[Symbol, CandleSeries]
    rules: Mapping[Symbol, MarketRules]
    start: datetime
    end: datetime
    start_equity_quote: float
    strategy: StrategyVersion
    policies: TradingPolicy
    fills: FillPolicy
    approval: ApprovalModel
    calibration: Calibration | None = None
    finer: Mapping[Symbol, CandleSeries] = field(default_factory=dict)
    finer_timeframe: Timeframe = Timeframe.M1
    funding: Mapping[Symbol, Funding] = field(default_factory=dict)
    venue: str = ""

    def __post_init__(self) -> None:
        """Refuse a calibration of something else."""
        if self.calibration is not None:
            require_fit(self.calibration, self.strategy)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRun:
    """A finished run; ``state.log`` holds every decision if it was kept."""

    result: BacktestResult
    feed: Feed
    markets: Records[Terms]
    state: State


def run_backtest(
    plan: BacktestPlan, *, keep_log: bool = False, progress: Progress = silent
) -> BacktestRun:
    """Replay ``[start, end)``. ``DataError`` if no symbol has a bar in it."""
    feeds: dict[str, SymbolFeed] = {}
    steps = len(plan.histories) + 1
    for symbol, series in plan.histories.items():
        progress(Step(label="indicators and replay", done=len(feeds), total=steps, eta_s=None))
        feeds[str(symbol)] = _feed(plan, symbol, series)
    progress(Step(label="indicators and replay", done=len(feeds), total=steps, eta_s=None))
    feeds = {symbol: feed for symbol, feed in feeds.items() if len(feed.open_ms)}
    if not feeds:
        raise DataError(
            f"no {plan.strategy.timeframe} candles between {plan.start:%Y-%m-%d} "
            f"and {plan.end:%Y-%m-%d}; "
            "see `cryptotrader data status`"
        )
    symbols, feed = merge(feeds)
    rules = [plan.rules[Symbol.parse(symbol)] for symbol in symbols]
    markets = pack_markets(rules, plan.policies.costs)
    state = replay(
        feed,
        markets,
        bar_ms=plan.strategy.timeframe.ms,
        policy=pack_policy(
            plan.strategy.govern(plan.policies),
            timeframe_ms=plan.strategy.timeframe.ms,
            venue_is_live=False,
        ),
        fills=pack_fills(plan.fills),
        cash_quote=plan.start_equity_quote,
        approval=plan.approval,
        before=[_before(plan, Symbol.parse(symbol)) for symbol in symbols],
        keep_log=keep_log,
    )
    progress(Step(label="indicators and replay", done=steps, total=steps, eta_s=None))
    result = finish(
        state,
        feed,
        markets=markets,
        symbols=symbols,
        timeframe=plan.strategy.timeframe.value,
        bar_ms=plan.strategy.timeframe.ms,
        start_equity=plan.start_equity_quote,
        strategy_version=plan.strategy.version,
    )
    return BacktestRun(result=result, feed=feed, markets=markets, state=state)


def _before(plan: BacktestPlan, symbol: Symbol) -> LastBar | None:
    """The last bar ahead of the period, which is what a desk knows when the period begins."""
    series = plan.histories[symbol]
    index = bisect_left(series.open_ms, to_ms(plan.start)) - 1
    if index < 0:
        return None
    return LastBar(close=series.close[index], volume=series.volume[index])


def _feed(plan: BacktestPlan, symbol: Symbol, series: CandleSeries) -> SymbolFeed:
    bars = Bars.of(series, plan.strategy.timeframe)
    scored = columns_of(plan.strategy, bars)
    leave = exit_flags(plan.strategy, bars)
    begin, stop = np.searchsorted(bars.open_ms, [to_ms(plan.start), to_ms(plan.end)])
    shown = slice(int(begin), int(stop))
    worth = {} if plan.calibration is None else _edges(scored, plan.calibration, shown)
    return SymbolFeed(
        open_ms=bars.open_ms[shown],
        open=bars.open[shown],
        high=bars.high[shown],
        low=bars.low[shown],
        close=bars.close[shown],
        volume=bars.volume[shown],
        score=np.where(scored.regime < 0, np.nan, scored.score)[shown],
        rank=scored.rank[shown],
        atr=scored.atr[shown],
        regime=scored.regime[shown],
        sigma_day=scored.sigma_day[shown],
        adv_quote=scored.adv_quote[shown],
        exit_flag=leave[shown] if leave is not None else np.zeros(0, np.bool_),
        funding_bps=funding_of(plan, symbol, bars.open_ms[shown]),
        finer=finer_of(plan, symbol),
        **worth,
    )


def funding_of(plan: BacktestPlan, symbol: Symbol, open_ms: Ints) -> Floats:
    """Return the funding column of a symbol's bars, empty where it pays none."""
    funding = plan.funding.get(symbol)
    if funding is None:
        return np.empty(0)
    return funding_column(funding, open_ms, plan.strategy.timeframe.ms)


def finer_of(plan: BacktestPlan, symbol: Symbol) -> FinerBars | None:
    """Return a symbol's finer bars, ``None`` where there are none."""
    series = plan.finer.get(symbol)
    if series is None:
        return None
    bars = Bars.of(series, plan.finer_timeframe)
    return FinerBars(
        whole_ms=plan.strategy.timeframe.ms,
        bar_ms=plan.finer_timeframe.ms,
        open_ms=bars.open_ms,
        open=bars.open,
        high=bars.high,
        low=bars.low,
    )


def _edges(scored: ScoreColumns, calibration: Calibration, shown: slice) -> dict[str, Floats]:
    """The calibrated columns of a feed, which needs neither the upper bound nor n."""
    worth = edge_columns(scored, calibration)._asdict()
    return {name: worth[name][shown] for name in EDGE_COLUMNS}
