"""One history on which many variants of a strategy are played; what they share is computed once.

candles → bars and market columns on one timeline; each distinct rule → one column of points; then
for every variant: weights → net → score where it can matter → the replay of `engine.backtest`

Choices:
- A column of points is side times strength. It is computed per distinct rule (code and parameters),
  not per variant: two hundred variants of two lengths and a hundred thresholds cost two columns.
- Score and rank are computed only on bars where they can be read as an entry or an exit: where net
  reaches the entry's thresholds or falls to the exit's score. Other bars hold NaN, which proposes
  nothing and closes nothing. Trades and equity equal those of `run_backtest` to the bit; only the
  counts of why nothing happened are not kept.
- Indicators see all bars before the stretch that is played, never one after it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.feed import Feed, SymbolFeed, merge
from engine.backtest.finer import Finer
from engine.backtest.replay import replay
from engine.backtest.runner import BacktestPlan, finer_of, funding_of
from engine.backtest.state import State
from engine.domain.errors import DataError
from engine.domain.market import Symbol, Timeframe
from engine.domain.proof import Calibration
from engine.domain.values import require, to_ms
from engine.fills.book import pack_fills
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, Ints, Records, compiled
from engine.strategy.book import Terms
from engine.strategy.columns_market import LOOKBACK_BARS, market_columns
from engine.strategy.crossing import LastBar, pack_markets
from engine.strategy.edge import look_up
from engine.strategy.packing import pack_policy
from engine.strategy.policy import TradingPolicy
from engine.strategy.reference import FrameReference
from engine.strategy.score import score_bars
from engine.strategy.signals import Rule, Sides
from engine.strategy.version import ExitRule, StrategyVersion, exit_flags

_FULL = 100.0
_DIGITS = 16
_MOST_POINTS = 16_000_000  # kept, 128 MB
_EDGES = ("edge_bps", "edge_low_bps", "win_probability", "payoff")
_ROOM = (
    1e-6  # thresholds are met within rounding: a bar too many costs nothing, one too few a trade
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Played:
    """A finished replay of one stretch: rows `first` to `last − 1` of the ground.

    `equity_quote` and `exposure_quote` are at each close; `trades` are the rows of
    `backtest.state.TradeRow` as one structured array.
    """

    first: int
    last: int
    start_equity: float
    state: State

    @property
    def equity_quote(self) -> Floats:
        """Equity at each close."""
        return self.state.equity_quote

    @property
    def trades(self) -> NDArray[np.void]:
        """Closed trades in the order of their ends."""
        return np.asarray(self.state.trades)[: int(self.state.tally[0].trades)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """Bars of all symbols on one timeline, and the owner's policies; made by `ground_of`.

    `feed` covers the whole history, from before `start_ms`; its scores are empty. `rows[s]` are the
    places of symbol `s`'s bars on the timeline.
    """

    timeframe: Timeframe
    symbols: tuple[str, ...]
    start_ms: int
    end_ms: int
    start_equity: float
    bars: tuple[Bars, ...]
    rows: tuple[Ints, ...]
    feed: Feed
    markets: Records[Terms]
    plan: BacktestPlan
    _points: dict[Rule, Floats] = field(default_factory=dict)
    _flags: dict[ExitRule, Bools] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Digest of all candles, 16 hex digits; a sweep never asks."""
        return _digest(dict(zip(self.symbols, self.bars, strict=True)))

    @property
    def policies(self) -> TradingPolicy:
        """The owner's limits and costs."""
        return self.plan.policies

    def span(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """Rows of the timeline whose bars open in `[start_ms, end_ms)`."""
        first, last = np.searchsorted(self.feed.open_ms, [start_ms, end_ms])
        return int(first), int(last)

    def points(self, rule: Rule) -> Floats:
        """Side times strength of one rule, (T, S), 0 where there is no bar."""
        if rule not in self._points:
            if len(self._points) * self.feed.present.size >= _MOST_POINTS:
                self._points.clear()
            self._points[rule] = self.fresh_points(rule)
        return self._points[rule]

    def fresh_points(self, rule: Rule) -> Floats:
        """Compute what `points` returns and keep nothing; any thread may ask."""
        return self._spread([_points_of(rule, bars) for bars in self.bars])

    def net(self, strategy: StrategyVersion, first: int, last: int) -> Floats:
        """Signed net of rows `first` to `last − 1`, (rows, S), 0 while warming up."""
        table = strategy.weights.table(tuple(rule.code for rule in strategy.rules))
        regime = self.feed.regime[first:last]
        net = np.zeros(regime.shape)
        for k, rule in enumerate(strategy.rules):
            if table[:, k].any():
                _add(net, self.points(rule)[first:last], regime, np.ascontiguousarray(table[:, k]))
        for s, row in enumerate(self.warm_rows(strategy)):
            net[: max(0, row - first), s] = 0.0
        return net

    def play(
        self,
        strategy: StrategyVersion,
        *,
        start_ms: int,
        end_ms: int,
        cash_quote: float | None = None,
        calibration: Calibration | None = None,
        keep_log: bool = False,
    ) -> Played:
        """Replay `[start_ms, end_ms)` from a flat book. `DataError` without a bar in it."""
        require(
            strategy.timeframe is self.timeframe,
            "timeframe of the variant",
            str(self.timeframe),
            str(strategy.timeframe),
        )
        first, last = self.span(start_ms, end_ms)
        if first == last:
            raise DataError(f"no {self.timeframe} candles in the stretch to play")
        cash = self.start_equity if cash_quote is None else cash_quote
        bar_ms = self.timeframe.ms
        state = replay(
            self._feed(strategy, first, last, calibration),
            self.markets,
            bar_ms=bar_ms,
            policy=pack_policy(
                strategy.govern(self.policies), timeframe_ms=bar_ms, venue_is_live=False
            ),
            fills=pack_fills(self.plan.fills),
            cash_quote=cash,
            approval=self.plan.approval,
            before=self.before(first),
            keep_log=keep_log,
        )
        return Played(first=first, last=last, start_equity=cash, state=state)

    def _feed(
        self, strategy: StrategyVersion, first: int, last: int, calibration: Calibration | None
    ) -> Feed:
        score, rank = self._scores(strategy, first, last)
        part: dict[str, Any] = {"score": score, "rank": rank}
        if strategy.exit_rule is not None:
            part["exit_flag"] = self.exits(strategy.exit_rule)[first:last]
        if calibration is not None:
            part |= _edges(calibration, score, self.feed.regime[first:last])
        return self.rows_of_feed(first, last)._replace(**part)

    def rows_of_feed(self, first: int, last: int) -> Feed:
        """Rows `first` to `last − 1` of everything that no variant changes."""
        part = {name: _rows(column, first, last) for name, column in self.feed._asdict().items()}
        return Feed(**part)

    def _scores(self, strategy: StrategyVersion, first: int, last: int) -> tuple[Floats, Floats]:
        """Score and rank of the bars where one of them can matter; NaN and 0 elsewhere."""
        frame = strategy.reference.of(self.timeframe)
        net = self.net(strategy, first, last).ravel()
        least = least_net(strategy, frame, np.array(frame.net), np.array(frame.fractions))
        most = exit_net(strategy, frame)
        chosen = np.flatnonzero(((net >= least) & (net > 0.0)) | (net <= most))
        score = np.full(net.size, np.nan)
        rank = np.zeros(net.size)
        score[chosen], rank[chosen] = _score(net[chosen], frame)
        shape = (last - first, len(self.symbols))
        return score.reshape(shape), rank.reshape(shape)

    def exits(self, rule: ExitRule) -> Bools:
        """Flags of a strategy's own exits, (T, S)."""
        if rule not in self._flags:
            made = replace(self.plan.strategy, exit_rule=rule)
            flags = [np.asarray(exit_flags(made, bars), np.float64) for bars in self.bars]
            spread = self._spread(flags)
            self._flags[rule] = spread > 0
        return self._flags[rule]

    def _spread(self, columns: list[Floats]) -> Floats:
        if len(columns) == 1:  # one symbol is its own timeline
            return np.require(columns[0], np.float64, ("C", "W")).reshape(-1, 1)
        spread = np.zeros((len(self.feed.open_ms), len(self.symbols)))
        for s, (rows, column) in enumerate(zip(self.rows, columns, strict=True)):
            spread[rows, s] = column
        return spread

    @staticmethod
    def warmup_bars(strategy: StrategyVersion) -> int:
        """How many bars of a symbol pass before every rule and the market columns have values."""
        return max(LOOKBACK_BARS, *(rule.warmup_bars for rule in strategy.rules))

    def warm_rows(self, strategy: StrategyVersion) -> list[int]:
        """Per symbol the first row on which every rule has its values."""
        warmup = self.warmup_bars(strategy)
        end = len(self.feed.open_ms)
        return [int(rows[warmup]) if len(rows) > warmup else end for rows in self.rows]

    def before(self, first: int) -> list[LastBar | None]:
        """The last bar of each symbol ahead of a row, which is what a desk knows there."""
        known: list[LastBar | None] = []
        for rows, bars in zip(self.rows, self.bars, strict=True):
            k = int(np.searchsorted(rows, first)) - 1
            at = LastBar(close=float(bars.close[k]), volume=float(bars.volume[k]))
            known.append(at if k >= 0 else None)
        return known


def _rows(column: Any, first: int, last: int) -> Any:  # noqa: ANN401 - arrays, and the finer bars
    """Rows of one part of a feed; parts that are not used are empty and stay so."""
    if isinstance(column, Finer):
        begin, end = (_rows(part, first, last) for part in (column.begin, column.end))
        return column._replace(begin=begin, end=end)
    return column[first:last] if len(column) else column


def ground_of(plan: BacktestPlan) -> Ground:
    """Lay the candles of a plan out; its strategy counts only by its timeframe.

    `DataError` if there are no candles.
    """
    histories = {str(symbol): series for symbol, series in plan.histories.items() if len(series)}
    if not histories:
        raise DataError("there are no candles to play")
    timeframe = plan.strategy.timeframe
    bars = {name: _until(Bars.of(series, timeframe), plan) for name, series in histories.items()}
    symbols, feed = merge({name: _unscored(plan, name, one) for name, one in bars.items()})
    rows = tuple(np.flatnonzero(feed.present[:, s]) for s in range(len(symbols)))
    rules = [plan.rules[Symbol.parse(symbol)] for symbol in symbols]
    return Ground(
        timeframe=timeframe,
        symbols=symbols,
        start_ms=to_ms(plan.start),
        end_ms=to_ms(plan.end),
        start_equity=plan.start_equity_quote,
        bars=tuple(bars[symbol] for symbol in symbols),
        rows=rows,
        feed=feed,
        markets=pack_markets(rules, plan.policies.costs),
        plan=plan,
    )


def _edges(calibration: Calibration, score: Floats, regime: Sides) -> dict[str, Floats]:
    """Read what the scores are worth, in the shape of the feed; NaN where that is not known."""
    flat = np.nan_to_num(score.ravel())
    found = look_up(flat, regime.ravel(), calibration.curves, calibration.method)
    return {name: getattr(found, name).reshape(score.shape) for name in _EDGES}


def _until(bars: Bars, plan: BacktestPlan) -> Bars:
    return bars.between(0, int(np.searchsorted(bars.open_ms, to_ms(plan.end))))


def _unscored(plan: BacktestPlan, name: str, bars: Bars) -> SymbolFeed:
    market = market_columns(bars)
    market.regime[: min(LOOKBACK_BARS, len(bars))] = -1
    nothing = np.zeros(len(bars))
    return SymbolFeed(
        open_ms=bars.open_ms,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        score=nothing,
        rank=nothing,
        funding_bps=funding_of(plan, Symbol.parse(name), bars.open_ms),
        finer=finer_of(plan, Symbol.parse(name)),
        **market._asdict(),
    )


def _points_of(rule: Rule, bars: Bars) -> Floats:
    side, strength = rule.judge(bars, rule.values(bars))
    points: Floats = side * strength
    return points


def _digest(bars: Mapping[str, Bars]) -> str:
    made = hashlib.sha256()
    for name in sorted(bars):
        one = bars[name]
        made.update(f"{name} {one.timeframe} {len(one)}".encode())
        for column in (one.open_ms, one.open, one.high, one.low, one.close, one.volume):
            made.update(np.ascontiguousarray(column).data)
    return made.hexdigest()[:_DIGITS]


def least_net(
    strategy: StrategyVersion, frame: FrameReference, grid_net: Floats, grid_fraction: Floats
) -> float:
    """Smallest net that can meet both thresholds of the entry, a little below."""
    by_score = strategy.entry.min_score * frame.scale / _FULL
    by_rank = np.interp(strategy.entry.min_rank_fraction - _ROOM, grid_fraction, grid_net)
    return float(max(by_score, by_rank) * (1.0 - _ROOM))


def exit_net(strategy: StrategyVersion, frame: FrameReference) -> float:
    """Net at or below which the score can close a position, a little above."""
    score = strategy.exits.exit_score
    return -np.inf if score is None else (score + _ROOM) * frame.scale / _FULL


def _score(net: Floats, frame: FrameReference) -> tuple[Floats, Floats]:
    """Score and rank of chosen nets, by the function that scores every bar of the desk."""
    side: Sides = np.sign(net).astype(np.int8).reshape(1, -1)
    _, score, _, rank = score_bars(
        side,
        np.abs(net).reshape(1, -1),
        np.zeros(net.size, np.int8),
        np.ones((4, 1)),
        frame.scale,
        np.array(frame.net),
        np.array(frame.fractions),
    )
    return score, rank


@compiled
def _add(net: Floats, points: Floats, regime: Sides, weights: Floats) -> None:
    """Add one rule's points, weighted by the bar's regime, where a bar is warm."""
    for t in range(net.shape[0]):
        for s in range(net.shape[1]):
            if regime[t, s] >= 0 and points[t, s] != 0.0:
                net[t, s] += weights[regime[t, s]] * points[t, s]
