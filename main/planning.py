"""From what was asked for to a plan: which candles, of which period, under the owner's policies.

options → ``Period`` → stored candles, held against the strategy → ``BacktestPlan``

Backtest, rehearsal, calibration, walk-forward, sweep and proof all read their candles here, so that
none of them can play a strategy file on candles that it was not held against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config import Settings
from engine.backtest.runner import BacktestPlan
from engine.backtest.state import ApprovalModel
from engine.domain.errors import UsageError
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.proof import Calibration
from engine.market.progress import Progress, silent
from engine.ports import Units
from engine.strategy.version import StrategyVersion
from main.command_line import (
    parse_moment,
    parse_symbols,
    parse_timeframe,
    simulated_venues,
    stored_venue,
)
from main.history import History, load_history
from main.strategies import require_causal_on_candles


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Which stored candles are played; what is left out is everything there is.

    Candles of ``finer`` tell what came first inside a bar, where they are stored.
    """

    start: datetime | None = None
    end: datetime | None = None
    symbols: Sequence[Symbol] = ()
    venue: str | None = None
    finer: Timeframe | None = None


def period_of(
    *,
    symbols: Sequence[str] | None,
    since: str | None,
    until: str | None,
    venue: str | None,
    finer: str | None = None,
) -> Period:
    """Read the options of a command; ``UsageError`` if misspelt or if it ends before it starts."""
    start = parse_moment(since, "--from") if since else None
    end = parse_moment(until, "--to") if until else None
    if start is not None and end is not None and start >= end:
        raise UsageError(
            f"--from {since} is not before --to {until}; write --from 2020-01-01 --to 2021-01-01"
        )
    return Period(
        start=start,
        end=end,
        symbols=parse_symbols(symbols or ()),
        venue=venue,
        finer=parse_timeframe(finer) if finer else None,
    )


def history_of(
    settings: Settings,
    units: Units,
    strategy: StrategyVersion,
    period: Period,
    progress: Progress = silent,
) -> History:
    """Read the candles; ``DataError`` without any, ``ConfigurationError`` for a look ahead."""
    history = load_history(
        units,
        venue=period.venue,
        preferred=stored_venue(settings, None),
        avoid=simulated_venues(settings),
        timeframe=strategy.timeframe,
        symbols=period.symbols,
        start=period.start,
        end=period.end,
        window_bars=strategy.window_bars,
        progress=progress,
    )
    require_causal_on_candles(strategy, history.candles)
    return history


def plan_of(
    settings: Settings,
    strategy: StrategyVersion,
    history: History,
    *,
    approval: ApprovalModel | None = None,
    calibration: Calibration | None = None,
    finer: Mapping[Symbol, CandleSeries] | None = None,
    finer_timeframe: Timeframe | None = None,
) -> BacktestPlan:
    """Return what to play: the strategy on these candles under the owner's policies."""
    return BacktestPlan(
        histories=history.candles,
        rules=history.rules,
        start=history.start,
        end=history.end,
        start_equity_quote=float(settings.trading.start_equity_quote),
        strategy=strategy,
        policies=settings.policy,
        fills=settings.fills,
        approval=approval or ApprovalModel(),
        calibration=calibration,
        finer=finer or {},
        finer_timeframe=finer_timeframe or strategy.timeframe,
        venue=history.venue,
    )
