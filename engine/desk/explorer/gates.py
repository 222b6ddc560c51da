"""The gates of a decision in order, each with value and limit: the score's own, then the checks.

The record of a decision keeps the checks of an entry. Before them every score meets its thresholds
and, on spot, its direction; those are told here from the record and the version in force.
"""

from decimal import Decimal

import numpy as np

from engine.desk.context import DeskContext
from engine.domain.decisions import CheckRecord, Decision
from engine.domain.explorer import DIRECTION_GATE, RANK_GATE, SCORE_GATE
from engine.domain.reasons import CheckCode, ReasonCode, VerdictCode
from engine.domain.signals import Score
from engine.strategy.version import StrategyVersion

_ZERO = Decimal(0)
_HUNDREDTH = Decimal("0.01")
_NO_ENTRY = (
    ReasonCode.HOLDING,
    ReasonCode.EXIT_CUSTOM,
    ReasonCode.EXIT_SCORE,
    ReasonCode.EXIT_TIME,
    ReasonCode.EXIT_UNFINISHED,
    ReasonCode.TRAIL_STOP,
)


def gates_of(context: DeskContext, decision: Decision) -> tuple[CheckRecord, ...]:
    """Every gate of a decision; checks that no entry came to are ``NOT_REACHED``.

    Empty without a score, and for a decision about a position that is held.
    """
    if decision.score is None or decision.reason in _NO_ENTRY:
        return decision.checks
    return (*_of_score(context, decision, decision.score), *(decision.checks or _unreached()))


def needed_score(made: StrategyVersion) -> Decimal:
    """The unsigned score from which an entry is proposed, in points."""
    frame = made.reference.of(made.timeframe)
    net = float(np.interp(made.entry.min_rank_fraction, frame.fractions, frame.net))
    points = max(min(100.0, 100.0 * net / frame.scale), made.entry.min_score)
    return Decimal(repr(points)).quantize(_HUNDREDTH)


def _of_score(context: DeskContext, decision: Decision, score: Score) -> tuple[CheckRecord, ...]:
    gates = []
    if score.threshold_rank_fraction > 0:
        gates.append(_at_least(RANK_GATE, score.rank_fraction, score.threshold_rank_fraction))
    least = _least_points(context, decision)
    if least is None:
        # Another version's least score is not on record; what it came to is.
        is_below = decision.reason is ReasonCode.BELOW_THRESHOLD
        if is_below and all(gate.verdict is VerdictCode.PASSED for gate in gates):
            gates.append(
                CheckRecord(
                    name=SCORE_GATE, value=score.points, limit=None, verdict=VerdictCode.FAILED
                )
            )
    elif least > 0:
        gates.append(_at_least(SCORE_GATE, score.points, least))
    points_up = VerdictCode.PASSED if score.signed > 0 else VerdictCode.FAILED
    gates.append(
        CheckRecord(name=DIRECTION_GATE, value=score.signed, limit=_ZERO, verdict=points_up)
    )
    return tuple(gates)


def _at_least(name: str, value: Decimal, limit: Decimal) -> CheckRecord:
    verdict = VerdictCode.PASSED if value >= limit else VerdictCode.FAILED
    return CheckRecord(name=name, value=value, limit=limit, verdict=verdict)


def _least_points(context: DeskContext, decision: Decision) -> Decimal | None:
    if decision.strategy_version != context.strategy.version:
        return None
    return Decimal(repr(context.policies.entry.min_score))


def _unreached() -> tuple[CheckRecord, ...]:
    return tuple(
        CheckRecord(name=check.label, value=None, limit=None, verdict=VerdictCode.NOT_REACHED)
        for check in CheckCode
    )
