"""One symbol's bars of a close as a decision reads them, and the record made of its verdict.

bars → columns → signals, score, edge → (the kernel decides) → ``Decision``. The scan decides with
it, and an explanation of a close of which nothing is stored is made by it again, so that both say
the same of the same bars.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.decisions import CheckRecord, Decision
from engine.domain.desk import Controls
from engine.domain.ids import decision_id
from engine.domain.market import CandleSeries
from engine.domain.proof import Calibration
from engine.domain.reasons import CheckCode, ReasonCode, VerdictCode
from engine.domain.signals import Score, Signal
from engine.indicators.bars import Bars
from engine.strategy.columns import ScoreColumns, score_at, signals_at
from engine.strategy.crossing import Edge
from engine.strategy.crossing_back import SymbolVerdict, edge_estimate
from engine.strategy.edge import edge_at
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_PLACES = Decimal("0.000001")
PASSED_OVER = (ReasonCode.BELOW_THRESHOLD, ReasonCode.SPOT_NEVER_SHORT)
"""Why a score proposes no entry: its checks are never made."""


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
    context: DeskContext,
    closed_at: datetime,
    verdict: SymbolVerdict,
    one: Seen,
    controls: Controls,
) -> Decision:
    """The decision as it is stored and told, under the version and the switches in force."""
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
        checks=verdict.checks or _switches_on(verdict, controls),
        clamps=verdict.clamps,
        new_stop_price=verdict.new_stop_price,
    )


def _switches_on(verdict: SymbolVerdict, controls: Controls) -> tuple[CheckRecord, ...]:
    """The checks of a score that was passed over, if a switch was on that would have refused it.

    Nobody could tell later what a person had switched by then.
    """
    on = {CheckCode.KILL_SWITCH: controls.killed, CheckCode.DESK_PAUSED: controls.paused}
    if verdict.reason not in PASSED_OVER or not any(on.values()):
        return ()
    return tuple(
        CheckRecord(
            name=check.label,
            value=Decimal(on[check]) if check in on else None,
            limit=Decimal(0) if check in on else None,
            verdict=_switch_verdict(on.get(check)),
        )
        for check in CheckCode
    )


def _switch_verdict(is_on: bool | None) -> VerdictCode:  # noqa: FBT001 - the one thing it is about
    if is_on is None:
        return VerdictCode.NOT_REACHED
    return VerdictCode.FAILED if is_on else VerdictCode.PASSED
