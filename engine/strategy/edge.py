"""What a score is worth, looked up in a calibration: the same numbers live and in a backtest.

calibration → the curve of the bar's regime → its knots → edge, interval, odds and n

Choices:
- One function serves a whole column and a single bar; the single bar is a column of one.
- Bins are steps: a knot holds from its score up to the next; below the first nothing is known. An
  isotonic fit is interpolated between its knots and flat beyond them; n is then the smaller of its
  two neighbours'.
- Fewer than ``FEWEST`` independent outcomes say nothing: such a bar counts as uncalibrated, so that
  a person is asked.
- Scores are read to a millionth of a point, so that a window and a whole series, which agree to
  1e-9, fall into the same bin.
- Only long curves are looked up: spot opens nothing else.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.domain.proof import Calibration, CalibrationCurve
from engine.kernel import Bools, Floats, Ints
from engine.strategy.columns import ScoreColumns
from engine.strategy.columns_market import REGIMES
from engine.strategy.crossing import Edge
from engine.strategy.signals import Sides
from engine.strategy.version import StrategyVersion

FEWEST = 30
_PLACES = 6


class EdgeColumns(NamedTuple):
    """Per bar, NaN where nothing is known; units as in ``crossing.Edge``."""

    edge_bps: Floats
    edge_low_bps: Floats
    edge_high_bps: Floats
    win_probability: Floats
    payoff: Floats
    n: Floats


def edge_columns(scored: ScoreColumns, calibration: Calibration) -> EdgeColumns:
    """Return what every bar's score is worth before costs; NaN for scores of 0 and below."""
    return look_up(scored.score, scored.regime, calibration.curves, calibration.method)


def edge_at(calibration: Calibration, score: float, regime: int) -> Edge | None:
    """Return what one bar's signed score is worth in its regime, ``None`` where not known."""
    one = look_up(
        np.array([score], np.float64),
        np.array([regime], np.int8),
        calibration.curves,
        calibration.method,
    )
    if math.isnan(one.edge_low_bps[0]):
        return None
    edge, low, high, win, payoff, n = (float(column[0]) for column in one)
    return Edge(
        edge_bps=edge,
        edge_low_bps=low,
        edge_high_bps=high,
        win_probability=win,
        payoff=payoff,
        n=int(n),
    )


def look_up(
    score: Floats,
    regime: Sides,
    curves: tuple[CalibrationCurve, ...],
    method: str,
    *,
    direction: int = 1,
) -> EdgeColumns:
    """Return what signed scores in regimes (−1 while warming up) are worth in ``direction``."""
    found = EdgeColumns(*(np.full(len(score), np.nan) for _ in EdgeColumns._fields))
    points = np.round(direction * score, _PLACES)
    for curve in curves:
        if curve.direction != direction:
            continue
        here = (regime == REGIMES.index(curve.regime)) & (points > 0.0)
        values = _read(curve, points[here], method)
        for column, value in zip(found, values, strict=True):
            column[here] = value
    return found


def is_fit(calibration: Calibration, strategy: StrategyVersion) -> bool:
    """Whether it was fitted to this very version: name, timeframe, code and parameters."""
    known = (calibration.strategy_version, calibration.timeframe, calibration.fingerprint)
    return known == (strategy.version, strategy.timeframe, strategy.fingerprint)


def require_fit(calibration: Calibration, strategy: StrategyVersion) -> None:
    """Refuse a calibration of anything but this very version: ``InvalidValueError``."""
    if not is_fit(calibration, strategy):
        raise InvalidValueError(
            f"calibration {calibration.version}",
            f"of {strategy.version} on {strategy.timeframe} ({strategy.fingerprint})",
            f"{calibration.strategy_version} on {calibration.timeframe} "
            f"({calibration.fingerprint})",
        )


def _read(curve: CalibrationCurve, points: Floats, method: str) -> EdgeColumns:
    """Read one curve; what too few outcomes stand behind is NaN."""
    knots = np.array(curve.score)
    below = np.clip(np.searchsorted(knots, points, side="right") - 1, 0, None)
    above = np.minimum(below + 1, knots.size - 1) if method == "isotonic" else below
    span = knots[above] - knots[below]
    share = np.divide(points - knots[below], span, out=np.zeros_like(points), where=span > 0.0)
    share = np.clip(share, 0.0, 1.0)
    n = np.minimum(*_both(curve.n, below, above))
    if method == "bins":
        n[points < knots[0]] = 0.0
    columns = (
        curve.edge_bps,
        curve.edge_low_bps,
        curve.edge_high_bps,
        curve.win_probability,
        curve.payoff,
    )
    read = [_between(column, below, above, share) for column in columns]
    known: Bools = n >= FEWEST
    return EdgeColumns(*(np.where(known, column, np.nan) for column in (*read, n)))


def _both(column: tuple[float, ...], below: Ints, above: Ints) -> tuple[Floats, Floats]:
    values = np.array(column, np.float64)
    return values[below], values[above]


def _between(column: tuple[float, ...], below: Ints, above: Ints, share: Floats) -> Floats:
    low, high = _both(column, below, above)
    return np.asarray(low + share * (high - low))
