"""Choose the default strategy from a small declared grid, with the real engine, and write it down.

    python docs/research/default_strategy.py DATA [--out FOLDER]

``DATA`` holds ``1h/*.parquet`` with columns ``ts_ms, open, high, low, close, volume``, resampled to
whole 4h and 1d bars. ``FOLDER`` (default: the package) receives ``reference_trend_1.json`` and
``trend_1_trials.json``, which ``prove`` counts as trials of the lineage.

The grid, 45 configurations of ``trend-1``, all evaluated and all printed:

    stretch  no points; 100 on 20 days; 100 on 40 days; 50 on each; 100 on each
    enter    score at or above 30, 40, 50
    leave    score at or below 0, 10, 20

The choice is by this rule, not by the best figure:

1. Every configuration has four views: all pairs in 2018–2020 and in 2021–2023, and either half of
   the pairs (by alphabet) in all years. Its solidity is the mean over the views of the lower
   quartile of the Sharpe ratios of itself and its neighbours: at most 100 points of stretch moved
   and thresholds within one step.
2. Stretch was found by searching these very years, so it is halved: the choice has at most half the
   points of the most solid configuration.
3. What comes within 0.1 of the most solid of those cannot be told from it: the one nearest to the
   middle of the grid is taken.

Costs are 12.5 bps per side and nothing else; the engine's dearer defaults stand beside them.
"""  # noqa: INP001 - a script to run, not to import

import argparse
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from engine.backtest.result import BacktestResult
from engine.backtest.runner import BacktestPlan, run_backtest
from engine.backtest.state import ApprovalModel
from engine.costs.policy import CostPolicy
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.fills.policy import FillPolicy
from engine.indicators.bars import Bars, Floats, Ints
from engine.market.columns import Columns
from engine.market.derived_rules import derive_rules
from engine.market.resample import resample
from engine.proof.breakouts import breakout_average
from engine.proof.ground import ground_of
from engine.proof.statistics.resampling import Interval, paired_difference
from engine.proof.variants import varied
from engine.strategy.policy import TradingPolicy
from engine.strategy.reference import ScoreReference, measure, to_plain
from engine.strategy.shipped import TREND_VERSION, trend_strategy
from engine.strategy.version import StrategyVersion, columns_of

EXPLORED = 49_141 + 610
"""Evaluations before this grid, logged and not, on a simulator that was written for the search."""

FIRST_YEAR, MIDDLE_YEAR, LAST_YEAR = 2018, 2021, 2023
STRETCHES = ((0.0, 0.0), (100.0, 0.0), (0.0, 100.0), (50.0, 50.0), (100.0, 100.0))
ENTERS = (30.0, 40.0, 50.0)
LEAVES = (0.0, 10.0, 20.0)
YEARS = LAST_YEAR - FIRST_YEAR + 1

_NEAR_POINTS = 100.0
_NEAR_SCORE = 10.0
_TIE = 0.1
_DAYS_PER_YEAR = 365.25
_DAY_MS = Timeframe.D1.ms
_EQUITY = 10_000.0
_TARGET_VOLATILITY = 0.10
_SEED = 7
_PACKAGE = Path(__file__).parents[2] / "engine" / "strategy"
_START = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_FLAT_COSTS = CostPolicy(
    taker_fee_bps=12.5, half_spread_bps=0.0, min_slippage_bps=0.0, impact_coefficient=0.0
)

type Histories = Mapping[Symbol, CandleSeries]


class Configuration(NamedTuple):
    """One point of the grid; points of stretch over 20 and 40 days, thresholds as scores."""

    stretch: tuple[float, float]
    enter: float
    leave: float

    @property
    def points(self) -> float:
        """All points of stretch."""
        return sum(self.stretch)

    @property
    def parameters(self) -> dict[str, float]:
        """By the names that ``engine.proof.variants`` takes."""
        return {
            "rules.S20.most_points": self.stretch[0],
            "rules.S40.most_points": self.stretch[1],
            "entry.min_score": self.enter,
            "exits.exit_score": self.leave,
        }

    def moved(self, other: "Configuration") -> float:
        """Points of stretch by which both differ."""
        return sum(abs(a - b) for a, b in zip(self.stretch, other.stretch, strict=True))

    def is_near(self, other: "Configuration") -> bool:
        """Whether it is a neighbour, or the same one."""
        return (
            self.moved(other) <= _NEAR_POINTS
            and abs(self.enter - other.enter) <= _NEAR_SCORE
            and abs(self.leave - other.leave) <= _NEAR_SCORE
        )


MIDDLE = Configuration(stretch=(50.0, 50.0), enter=40.0, leave=10.0)


class Days(NamedTuple):
    """Daily returns of a run, the year of each, and what trading did meanwhile."""

    returns: Floats
    years: Ints
    trades: int
    pairs: dict[str, float]


class Seen(NamedTuple):
    """A configuration with its runs: flat costs, default costs, and either half of the pairs."""

    configuration: Configuration
    flat: Days
    dear: Days
    halves: tuple[Days, Days]

    @property
    def views(self) -> tuple[float, ...]:
        """Sharpe ratios of both periods and of both halves of the pairs."""
        parts = (early(self.flat), late(self.flat), *(half.returns for half in self.halves))
        return tuple(sharpe(part) for part in parts)


def grid() -> list[Configuration]:
    """Return what is declared above."""
    return [Configuration(*one) for one in product(STRETCHES, ENTERS, LEAVES)]


def solidity(seen: Sequence[Seen], one: Configuration) -> float:
    """Mean over the views of the lower quartile of the neighbourhood's Sharpe ratios."""
    near = [other.views for other in seen if one.is_near(other.configuration)]
    return float(np.mean(np.quantile(np.array(near), 0.25, axis=0)))


def choose(seen: Sequence[Seen]) -> Configuration:
    """Choose by the rule above."""
    solid = {other.configuration: solidity(seen, other.configuration) for other in seen}
    most = max(solid, key=solid.__getitem__).points / 2.0
    halved = [one for one in solid if one.points <= most]
    least = max(solid[one] for one in halved) - _TIE
    return min((one for one in halved if solid[one] >= least), key=_from_middle)


def _from_middle(one: Configuration) -> float:
    """Steps to the middle of the grid."""
    steps = one.moved(MIDDLE) / _NEAR_POINTS
    return steps + (abs(one.enter - MIDDLE.enter) + abs(one.leave - MIDDLE.leave)) / _NEAR_SCORE


def sharpe(returns: Floats) -> float:
    """Sharpe ratio per year of daily returns."""
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation * math.sqrt(_DAYS_PER_YEAR) if deviation else 0.0


def scaled_drawdown(returns: Floats) -> float:
    """Deepest loss if positions had been so large that volatility was 10 % a year."""
    factor = _TARGET_VOLATILITY / (float(np.std(returns, ddof=1)) * math.sqrt(_DAYS_PER_YEAR))
    path = np.concatenate(([1.0], np.cumprod(1.0 + factor * returns)))
    return float(np.max(1.0 - path / np.maximum.accumulate(path)))


def early(path: Days) -> Floats:
    """Days before the middle year."""
    return path.returns[path.years < MIDDLE_YEAR]


def late(path: Days) -> Floats:
    """Days from the middle year on."""
    return path.returns[path.years >= MIDDLE_YEAR]


def read(folder: Path, timeframe: Timeframe) -> Histories:
    """Read every pair of 1h candles and make whole bars of them."""
    found = {}
    for file in sorted((folder / "1h").glob("*.parquet")):
        table = pq.read_table(file)
        names = ("open", "high", "low", "close", "volume")
        prices = {name: np.ascontiguousarray(table[name].to_numpy(), np.float64) for name in names}
        hourly = Columns(ms=table["ts_ms"].to_numpy().astype(np.int64), **prices).series()
        symbol = Symbol.parse(file.name.partition("-")[0].replace("_", "/"))
        found[symbol] = resample(hourly, Timeframe.H1, timeframe)
    return found


def plan_of(histories: Histories, strategy: StrategyVersion, costs: CostPolicy) -> BacktestPlan:
    """Return what a newcomer's ``backtest`` would play, but for the costs."""
    return BacktestPlan(
        histories=histories,
        rules={symbol: derive_rules(symbol, series) for symbol, series in histories.items()},
        start=_START,
        end=_END,
        start_equity_quote=_EQUITY,
        strategy=strategy,
        policies=replace(TradingPolicy(), costs=costs),
        fills=FillPolicy(),
        approval=ApprovalModel(),
    )


def play(plan: BacktestPlan) -> Days:
    """Run the engine."""
    return days_of(run_backtest(plan).result)


def days_of(result: BacktestResult) -> Days:
    """Cut a result into UTC days; a bar that closes at midnight ends its day."""
    calendar = np.arange(np.datetime64(_START.date()), np.datetime64(_END.date()))
    closed = np.searchsorted(result.close_ms, (calendar.astype(np.int64) + 1) * _DAY_MS, "right")
    path = np.concatenate(([result.start_equity], result.equity_quote))
    path = np.concatenate((path[:1], path[closed]))
    pairs = dict.fromkeys(result.symbols, 0.0)
    for done in (*result.trades, *result.open_positions):
        pairs[done.symbol] += done.pnl_quote / result.start_equity
    return Days(
        returns=path[1:] / path[:-1] - 1.0,
        years=calendar.astype("datetime64[Y]").astype(np.int64) + 1970,
        trades=len(result.trades),
        pairs=pairs,
    )


def see(histories: Histories, configuration: Configuration) -> Seen:
    """Play one configuration on all pairs, at both costs, and on either half of the pairs."""
    strategy = varied(trend_strategy(), configuration.parameters)
    names = sorted(histories, key=str)
    halves = (names[: len(names) // 2], names[len(names) // 2 :])
    parts = [{name: histories[name] for name in half} for half in halves]
    first, second = (play(plan_of(part, strategy, _FLAT_COSTS)) for part in parts)
    return Seen(
        configuration=configuration,
        flat=play(plan_of(histories, strategy, _FLAT_COSTS)),
        dear=play(plan_of(histories, strategy, CostPolicy())),
        halves=(first, second),
    )


def reference_of(strategy: StrategyVersion, by_timeframe: Mapping[Timeframe, Histories]) -> str:
    """Measure the rank grid of a version on all pairs; the scale is the trends' share."""
    frames = {}
    scale = strategy.reference.of(strategy.timeframe).scale
    for timeframe, histories in by_timeframe.items():
        version = strategy.altered(timeframe=timeframe)
        scored = [columns_of(version, Bars.of(one, timeframe)) for one in histories.values()]
        net = np.concatenate([one.net[one.warmup_bars :] for one in scored])
        frames[timeframe] = replace(measure(net, timeframe), scale=scale)
    return json.dumps(to_plain(ScoreReference(version=TREND_VERSION, frames=frames)))


def trials_of(seen: Sequence[Seen]) -> str:
    """Return the trials as JSON, in the order of the grid."""
    rows = [
        {"parameters": one.configuration.parameters, "sharpe": round(sharpe(one.flat.returns), 4)}
        for one in seen
    ]
    return json.dumps({"explored": EXPLORED, "trials": rows}, indent=1)


def show_grid(console: Console, seen: Sequence[Seen]) -> None:
    """Print every configuration."""
    pairs = [name.partition("/")[0] for name in seen[0].flat.pairs]
    table = Table(title="All configurations; Sharpe per year, pairs in % of the first equity")
    figures = ("Sharpe", "default costs", "dd at 10 % vol", "trades/y", "2018-20", "2021-23")
    for name in ("stretch", "enter", "leave", *figures, "half 1", "half 2", "solid", *pairs):
        table.add_column(name, justify="right")
    for one in seen:
        has = one.configuration
        row = [f"{has.stretch[0]:g}+{has.stretch[1]:g}", f"{has.enter:g}", f"{has.leave:g}"]
        row += [f"{sharpe(one.flat.returns):.2f}", f"{sharpe(one.dear.returns):.2f}"]
        row += [f"{scaled_drawdown(one.flat.returns):.1%}", f"{one.flat.trades / YEARS:.0f}"]
        row += [f"{figure:.2f}" for figure in (*one.views, solidity(seen, has))]
        table.add_row(*row, *(f"{100 * pnl:.1f}" for pnl in one.flat.pairs.values()))
    console.print(table)
    console.print(f"{len(seen)} configurations, after {EXPLORED:,} explored before")


def show_chosen(
    console: Console, strategy: StrategyVersion, by_timeframe: Mapping[Timeframe, Histories]
) -> None:
    """Print the chosen version by timeframe, costs and year, and beside the breakout average."""
    table = Table(title=f"{strategy.version}, {strategy.parameters['exits']}")
    years = [str(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)]
    for name in ("candles", "costs", "Sharpe", "dd at 10 % vol", "vol", "trades/y", *years):
        table.add_column(name, justify="right")
    for timeframe, histories in by_timeframe.items():
        version = strategy.altered(timeframe=timeframe)
        for label, costs in (("12.5 bps", _FLAT_COSTS), ("default", CostPolicy())):
            path = play(plan_of(histories, version, costs))
            table.add_row(str(timeframe), label, *_figures(path))
    console.print(table)
    for timeframe in (Timeframe.H4, Timeframe.D1):
        show_difference(console, strategy, by_timeframe, timeframe)


def _figures(path: Days) -> list[str]:
    volatility = float(np.std(path.returns, ddof=1)) * math.sqrt(_DAYS_PER_YEAR)
    row = [f"{sharpe(path.returns):.2f}", f"{scaled_drawdown(path.returns):.1%}"]
    row += [f"{volatility:.1%}", f"{path.trades / YEARS:.0f}"]
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        days = path.returns[path.years == year]
        row.append(f"{sharpe(days):.2f} ({np.prod(1.0 + days) - 1.0:+.1%})")
    return row


def show_difference(
    console: Console,
    strategy: StrategyVersion,
    by_timeframe: Mapping[Timeframe, Histories],
    timeframe: Timeframe,
) -> None:
    """Print the Sharpe ratio beside that of the four-horizon breakout average on ``timeframe``."""
    own = play(plan_of(by_timeframe[strategy.timeframe], strategy, _FLAT_COSTS))
    ground = ground_of(
        plan_of(
            by_timeframe[timeframe],
            strategy.altered(timeframe=timeframe),
            _FLAT_COSTS,
        )
    )
    other = breakout_average(ground, start_ms=ground.start_ms, end_ms=ground.end_ms)
    for label, chosen in (
        ("2018-23", own.years >= FIRST_YEAR),
        ("2021-23", own.years >= MIDDLE_YEAR),
    ):
        pair = (own.returns[chosen], other[chosen])
        found = per_year(paired_difference(*pair, seed=_SEED).sharpe)
        console.print(
            f"{label}: Sharpe {sharpe(pair[0]):.2f}, breakout average on {timeframe} "
            f"{sharpe(pair[1]):.2f} (drawdown {scaled_drawdown(pair[1]):.1%} at 10 % volatility), "
            f"difference {found.estimate:+.2f} [{found.low:+.2f}, {found.high:+.2f}], "
            f"blocks of {found.block_days} days"
        )


def per_year(interval: Interval) -> Interval:
    """Turn an interval of a Sharpe ratio per day into one per year."""
    root = math.sqrt(_DAYS_PER_YEAR)
    figures = {name: getattr(interval, name) * root for name in ("estimate", "low", "high")}
    return replace(interval, **figures)


def main(arguments: Iterable[str] | None = None) -> None:
    """Evaluate, choose, print and write."""
    parser = argparse.ArgumentParser(description="Choose the default strategy.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=_PACKAGE)
    options = parser.parse_args(arguments and list(arguments))
    console = Console(width=230)
    frames = (Timeframe.H1, Timeframe.H4, Timeframe.D1)
    by_timeframe = {timeframe: read(options.data, timeframe) for timeframe in frames}
    with Progress(console=Console(stderr=True)) as progress:
        todo = progress.track(grid(), description="configurations")
        seen = [see(by_timeframe[Timeframe.H4], one) for one in todo]
    show_grid(console, seen)
    chosen = choose(seen)
    console.print(f"chosen: {chosen}")
    strategy = varied(trend_strategy(), chosen.parameters)
    show_chosen(console, strategy, by_timeframe)
    (options.out / "trend_1_trials.json").write_text(trials_of(seen) + "\n", encoding="utf-8")
    reference = reference_of(strategy, by_timeframe)
    (options.out / "reference_trend_1.json").write_text(reference + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
