"""RSI and Bollinger in many combinations of their lengths: what a search for parameters costs.

candles → ground (market columns, one timeline) → `engine.proof.sweep.play`: every distinct column
once, one replay per combination, on all cores → figures of each

The strategy buys where RSI and the lower band agree and leaves where RSI has turned round. Costs,
size and the far stop are those of the benchmark's rule, and no limit binds.
"""

from dataclasses import replace
from itertools import islice, product

from engine.backtest.runner import BacktestPlan
from engine.backtest.state import ApprovalModel
from engine.domain.values import from_ms
from engine.indicators.bars import Bars
from engine.proof.ground import ground_of
from engine.proof.sweep.play import Choice, Swept, sweep
from engine.strategy.custom import custom
from engine.strategy.policy import EntryPolicy
from engine.strategy.rules.bb import Bollinger
from engine.strategy.rules.rsi import Rsi
from engine.strategy.version import StrategyVersion
from main.bench.candles import series_of
from main.bench.rule import START_QUOTE, market_rules, rule_fills, rule_policies

_RSI_LENGTHS = range(8, 28)
_BAND_LENGTHS = range(10, 60)
# What Wilder's smoothing of the longest RSI needs to forget its start.
_WINDOW_BARS = 800


def combinations(count: int) -> tuple[Choice, ...]:
    """Return the first ``count`` of 1,000 pairs of lengths; 200 have 20 and 10 different ones."""
    pairs = product(_BAND_LENGTHS, _RSI_LENGTHS)
    return tuple(
        {"rules.BB.length": band, "rules.RSI.length": rsi} for band, rsi in islice(pairs, count)
    )


def lengths_of(count: int) -> tuple[list[int], list[int]]:
    """Return the different lengths of RSI and of the bands among the first ``count``."""
    chosen = combinations(count)
    names = ("rules.RSI.length", "rules.BB.length")
    rsi, bands = (sorted({int(str(one[name])) for one in chosen}) for name in names)
    return rsi, bands


def reversal() -> StrategyVersion:
    """Return what the combinations are of."""
    return custom(
        name="reversal",
        timeframe="1m",
        signals={"BB": Bollinger(), "RSI": Rsi(high=55.0)},
        entry=EntryPolicy(min_rank_fraction=0.0, min_score=30.0),
        exits=replace(rule_policies().exits, exit_score=-1.0),
        window_bars=_WINDOW_BARS,
    )


def plan_of(bars: Bars, strategy: StrategyVersion) -> BacktestPlan:
    """Return a backtest of the candles under the benchmark's costs."""
    rules = market_rules(0)
    return BacktestPlan(
        histories={rules.symbol: series_of(bars)},
        rules={rules.symbol: rules},
        start=from_ms(int(bars.open_ms[0])),
        end=from_ms(int(bars.close_ms[-1])),
        start_equity_quote=START_QUOTE,
        strategy=strategy,
        policies=rule_policies(),
        fills=rule_fills(),
        approval=ApprovalModel(),
    )


def sweep_lengths(bars: Bars, count: int, *, workers: int | None = None) -> Swept:
    """Play ``count`` combinations, from candles to figures."""
    strategy = reversal()
    ground = ground_of(plan_of(bars, strategy))
    return sweep(ground, strategy, combinations(count), workers=workers)
