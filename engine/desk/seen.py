"""One symbol's bars of a close as a decision reads them, and the record made of its verdict.

bars → columns → signals, score, edge → (the kernel decides) → ``Decision``. The scan decides with
it, and an explanation of a close of which nothing is stored is made by it again, so that both say
the same of the same bars.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.decisions import Decision
from engine.domain.ids import decision_id
from engine.domain.market import CandleSeries
from engine.domain.proof import Calibration
from engine.domain.signals import Score, Signal
from engine.indicators.bars import Bars
from engine.strategy.columns import ScoreColumns, score_at, signals_at
from engine.strategy.crossing import Edge
from engine.strategy.crossing_back import SymbolVerdict, edge_estimate
from engine.strategy.edge import edge_at
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One symbol's window; ``scored`` is ``None`` where its bar of this close is absent."""

    series: CandleSeries
    scored: ScoreColumns | None = None
    exit_flag: bool = False
    signals: tuple[Signal, ...] = field(default=())
    score: Score | None = None
    edge: Edge | None = None


def see(
    made: StrategyVersion,
    series: CandleSeries,
    closed_at: datetime,
    *,
    threshold_rank_fraction: float,
    calibration: Calibration | None,
) -> Seen:
    """Score the last bar of a window of ``made``'s timeframe, if it closed at ``closed_at``."""
    if not len(series) or series.candle(-1).closed_at(made.timeframe) != closed_at:
        return Seen(series=series)
    bars = Bars.of(series, made.timeframe)
    scored = columns_of(made, bars, keep_values=True)
    leave = exit_flags(made, bars)
    if scored.regime[-1] < 0:
        return Seen(series=series, scored=scored)
    threshold = Decimal(str(threshold_rank_fraction)).quantize(_PLACES)
    score, regime = float(scored.score[-1]), int(scored.regime[-1])
    return Seen(
        series=series,
        scored=scored,
        exit_flag=bool(leave[-1]) if leave is not None else False,
        signals=signals_at(scored, len(series) - 1, made.rules),
        score=score_at(scored, len(series) - 1, threshold_rank_fraction=threshold),
        edge=edge_at(calibration, score, regime) if calibration is not None else None,
    )


def record(
    context: DeskContext, closed_at: datetime, verdict: SymbolVerdict, one: Seen
) -> Decision:
    """The decision as it is stored and told, under the version in force."""
    return Decision(
        id=decision_id(
            context.venue,
            verdict.symbol,
            context.timeframe,
            closed_at,
            context.strategy.version,
        ),
        venue=context.venue,
        symbol=verdict.symbol,
        timeframe=context.timeframe,
        closed_at=closed_at,
        strategy_version=context.strategy.version,
        action=verdict.action,
        route=verdict.route,
        reason=verdict.reason,
        close_price=None if one.scored is None else Decimal(repr(one.series.close[-1])),
        equity_quote=verdict.equity_quote,
        score=one.score,
        signals=one.signals,
        plan=verdict.plan,
        cost=verdict.cost,
        edge=edge_estimate(verdict, one.edge),
        checks=verdict.checks,
        clamps=verdict.clamps,
        new_stop_price=verdict.new_stop_price,
    )
