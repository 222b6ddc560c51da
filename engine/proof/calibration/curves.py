"""From outcomes to curves: what a score in a regime is worth, shrunk to what is certain.

observations of one direction → buckets of score → cells over all regimes, and per regime → towards
each other, then towards zero → ``CalibrationCurve`` per regime

Two methods. ``bins`` measures every bucket of ten points by itself. ``isotonic`` takes buckets of
five points, lets the mean outcome never fall as the score rises (Barlow et al. 1972; scikit-learn's
pool-adjacent-violators) and measures what it has pooled. Buckets with hardly any trade join the one
below.

Shrinkage is empirical Bayes, in two steps, and both give way as n grows:
- A regime's mean is drawn towards that of all regimes by how much regimes really differ: the
  variance between them is estimated by moments over all cells (DerSimonian and Laird 1986) and is
  zero where they differ no more than chance makes them. A regime then borrows the others' n.
- What results is drawn towards zero. The prior's variance is the most likely one given the cell's
  own mean, so the share kept is ``1 − (standard error ÷ mean)²`` and nothing below one standard
  error (the positive part of James and Stein's estimator): a mean of two errors keeps 75 %, of five
  96 %. The interval keeps the width of the data's own error and moves along: drawing its lower end
  towards zero as well would make an unlucky estimate look certain.

Win probability and payoff are after costs and in units of the initial risk; they are drawn towards
those of all scores by as many made-up trades as ``_PRIOR``.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from engine.domain.errors import ConfigurationError
from engine.domain.proof import CalibrationCurve
from engine.kernel import Floats, Ints
from engine.proof.calibration.cells import Cells, block_ms, count_alone, measure, wilson
from engine.proof.calibration.observations import Observations
from engine.strategy.columns_market import REGIMES

METHODS = ("bins", "isotonic")
_WIDTH = {"bins": 10.0, "isotonic": 5.0}
_FEWEST_ALONE = {"bins": 100, "isotonic": 50}
_POINTS = 100.0
_PRIOR = 100.0
_ROUNDING = 1e-6


class _Estimates(NamedTuple):
    """Per bucket of one regime; variance is that of the mean."""

    mean: Floats
    variance: Floats
    margin: Floats
    won: Floats
    gain: Floats
    loss: Floats
    n: Floats


def curves_of(seen: Observations, direction: int, method: str) -> tuple[CalibrationCurve, ...]:
    """Fit one direction; none where nothing was seen or all of it within too few blocks of time."""
    seen = seen.where(direction * seen.score > 0.0)
    if len(seen.bps) == 0:
        return ()
    length_ms = block_ms(seen)
    points = np.abs(seen.score)
    edges = _edges(seen, points, method)
    bucket = np.searchsorted(edges, points, side="right") - 1
    overall = measure(seen, np.zeros_like(bucket), 1, length_ms=length_ms)
    if not overall.n[0] > 0.0:
        return ()
    pooled = _measured(seen, bucket, len(edges), method, length_ms)
    regimes = [r for r in range(len(REGIMES)) if np.any(seen.regime == r)]
    own = {
        r: _measured(
            seen.where(seen.regime == r), bucket[seen.regime == r], len(edges), method, length_ms
        )
        for r in regimes
    }
    between = _variance_between(pooled, list(own.values()))
    knots = edges if method == "bins" else _centres(points, bucket, len(edges))
    return tuple(
        _curve(direction, REGIMES[r], knots, _combined(own[r], pooled, overall, between))
        for r in regimes
    )


def _edges(seen: Observations, points: Floats, method: str) -> Floats:
    """Lower edges of the buckets: each holds something, and all but the lowest enough."""
    width = _WIDTH[method]
    count = int(_POINTS / width)
    cell = np.minimum((points / width).astype(np.int64), count - 1)
    alone = count_alone(seen.symbol, seen.decided_ms, seen.left_ms, cell, count)
    edges, waiting = [], 0
    for k in range(count - 1, -1, -1):
        waiting += int(alone[k])
        if waiting >= _FEWEST_ALONE[method] or (waiting and not np.any(alone[:k])):
            edges.append(k * width)
            waiting = 0
    return np.array(sorted(edges))


def _measured(seen: Observations, bucket: Ints, count: int, method: str, length_ms: int) -> Cells:
    """Measure the buckets; the isotonic method pools them first and returns each one's pool."""
    cells = measure(seen, bucket, count, length_ms=length_ms)
    if method == "bins":
        return cells
    group = _rising(cells.mean, np.bincount(bucket, minlength=count))
    pooled = measure(seen, group[bucket], int(group[-1]) + 1, length_ms=length_ms)
    return Cells(*(column[group] for column in pooled))


def _rising(mean: Floats, size: Ints) -> Ints:
    """Number the pools of a mean that never falls; a bucket that is empty joins the one below."""
    try:
        from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 (an extra; slow)
    except ImportError as err:
        raise ConfigurationError(
            "calibration needs scikit-learn; install with: uv sync --extra research"
        ) from err
    held = np.flatnonzero(size)
    fitted = IsotonicRegression().fit_transform(held, mean[held], sample_weight=size[held])
    group = np.zeros(len(mean), np.int64)
    group[held[1:]] = np.diff(fitted) > 0.0
    return np.cumsum(group)


def _centres(points: Floats, bucket: Ints, count: int) -> Floats:
    """Mean score of every bucket, where interpolation puts its knot."""
    return np.asarray(np.bincount(bucket, points, count) / np.bincount(bucket, minlength=count))


def _variance_between(pooled: Cells, own: list[Cells]) -> float:
    """Return the variance of the edge between regimes, by moments over all cells; at least 0."""
    apart = np.concatenate([cells.mean - pooled.mean for cells in own])
    chance = np.concatenate([_variance_apart(cells, pooled) for cells in own])
    known = np.isfinite(apart) & (chance > 0.0)
    if not np.any(known):
        return 0.0
    weight = 1.0 / chance[known] ** 2
    return max(0.0, float(np.average(apart[known] ** 2 - chance[known], weights=weight)))


def _variance_apart(own: Cells, pooled: Cells) -> Floats:
    """Variance by chance of a regime's mean minus that of all, of which it is a part."""
    part = np.minimum(1.0, pooled.variance / own.variance)
    return np.asarray(own.variance - part * pooled.variance)


def _combined(own: Cells, pooled: Cells, overall: Cells, between: float) -> _Estimates:
    """Draw a regime's cells towards those of all regimes."""
    known = np.isfinite(own.variance)
    own_variance = np.where(known, own.variance, 1.0)
    kept = np.where(known, between / (between + own_variance), 0.0)
    mean = kept * np.where(known, own.mean, 0.0) + (1.0 - kept) * pooled.mean
    variance = kept * own_variance + (1.0 - kept) ** 2 * pooled.variance
    spread = kept * np.where(known, own.spread, 0.0) + (1.0 - kept) * pooled.spread
    own_n = np.where(known, own.n, 0.0)
    n = np.minimum(np.nan_to_num(spread / variance), np.fmax(own_n, pooled.n))
    odds = [
        _towards(
            getattr(own, name),
            own_n,
            _towards(getattr(pooled, name), pooled.n, getattr(overall, name)[0]),
        )
        for name in ("won", "gain", "loss")
    ]
    return _Estimates(
        mean=mean,
        variance=variance,
        margin=np.where(kept > 0.0, np.fmax(own.margin, pooled.margin), pooled.margin),
        won=odds[0],
        gain=odds[1],
        loss=odds[2],
        n=np.floor(n + _ROUNDING),
    )


def _towards(value: Floats, n: Floats, target: Floats | float) -> Floats:
    """Draw a figure over ``n`` trades towards the one to expect of a prior's worth of trades."""
    seen = np.where(np.isfinite(value), n, 0.0)
    return np.asarray((seen * np.nan_to_num(value) + _PRIOR * target) / (seen + _PRIOR))


def _curve(direction: int, regime: str, knots: Floats, found: _Estimates) -> CalibrationCurve:
    """Draw the means towards zero and write the curve; a knot without n says 0."""
    known = found.n > 0.0
    mean, variance = np.where(known, found.mean, 0.0), np.where(known, found.variance, 0.0)
    kept = 1.0 - np.divide(variance, mean**2, out=np.ones_like(mean), where=mean != 0.0)
    edge = np.maximum(0.0, kept) * mean
    half = np.where(known, found.margin, 0.0) * np.sqrt(variance)
    won = np.clip(np.nan_to_num(found.won), 0.0, 1.0)
    low, high = wilson(won, np.maximum(found.n, 1.0), np.where(known, found.margin, 1.0))
    payoff = np.divide(found.gain, found.loss, out=np.zeros_like(won), where=found.loss > 0.0)
    return CalibrationCurve(
        direction=direction,
        regime=regime,
        score=_plain(knots),
        edge_bps=_plain(edge),
        edge_low_bps=_plain(edge - half),
        edge_high_bps=_plain(edge + half),
        win_probability=_plain(won),
        win_low=_plain(np.minimum(low, won)),
        win_high=_plain(np.maximum(high, won)),
        payoff=_plain(np.nan_to_num(payoff)),
        n=tuple(int(count) for count in found.n),
    )


def _plain(column: Floats) -> tuple[float, ...]:
    return tuple(column.tolist())


def folds(seen: Observations, count: int) -> Iterator[tuple[Observations, Observations]]:
    """Yield what was known at a moment and what came after it, ``count`` times, oldest first.

    Time is cut into ``count + 1`` equal stretches; each but the first is promised by all before it.
    Purged: a trade that had not ended is not known. Embargoed: nor is anything in the stretch
    before the moment in which the longest trades (99 %) were under way, twice over, so that the
    trades that are known are not the short ones only.
    """
    if len(seen.bps) == 0:
        return
    first, last = int(seen.decided_ms.min()), int(seen.decided_ms.max()) + 1
    longest = int(np.quantile(seen.left_ms - seen.decided_ms, 0.99))
    moments = np.linspace(first, last, count + 2).astype(np.int64)
    for now, then in pairwise(moments[1:].tolist()):
        known = (seen.left_ms <= now - longest) & (seen.decided_ms < now - 2 * longest)
        unseen = (seen.decided_ms >= now) & (seen.decided_ms < then)
        if np.any(known) and np.any(unseen):
            yield seen.where(known), seen.where(unseen)
