"""Weights learned from the past, shrunken towards those a strategy came with.

points of every rule → return over the usual holding time, in daily deviations → non-negative ridge
regression → weights; by regime the same, pulled towards the pooled ones by how little is known

Choices:
- Non-negative: a signal that was wrong is silenced, not turned round. Turning eight signals round
  at will fits noise (DeMiguel, Garlappi, Uppal 2009 on how hard it is to beat equal weights).
- The learned weights are never used alone: the caller mixes them with the version's own.
- Labels end inside the stretch: a bar whose return would reach beyond it is left out.
- Coordinate descent on at most a few dozen weights needs no library.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.kernel import Floats
from engine.proof.ground import Ground
from engine.strategy.columns_market import REGIMES
from engine.strategy.version import StrategyVersion
from engine.strategy.weights import WeightSet

_FULL = 100.0
_RIDGE = 0.1  # of the mean variance of the signals
_SWEEPS = 200
_SETTLED = 1e-10
_HALF_BARS = 5_000  # of a regime: so many bars count as much as the pooled weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """Weights [rule] that sum to 1, and the same by regime [regime, rule]; see the module.

    Where no signal was right on balance they are the strategy's own.
    """

    pooled: Floats
    by_regime: Floats


def learn(
    ground: Ground, strategy: StrategyVersion, *, start_ms: int, end_ms: int, horizon_bars: int
) -> Learned:
    """Learn from bars in `[start_ms, end_ms)` whose return over `horizon_bars` lies inside it."""
    codes = tuple(rule.code for rule in strategy.rules)
    own = strategy.weights.table(codes)
    signals, labels, regimes = _samples(ground, strategy, start_ms, end_ms, horizon_bars)
    pooled = _regression(signals, labels, fallback=own.mean(axis=0))
    rows = []
    for regime in range(len(REGIMES)):
        inside = regimes == regime
        alone = _regression(signals[inside], labels[inside], fallback=pooled)
        share = inside.sum() / (inside.sum() + _HALF_BARS)
        rows.append(share * alone + (1.0 - share) * pooled)
    return Learned(pooled=pooled, by_regime=np.array(rows))


def mixed(strategy: StrategyVersion, learned: Learned, *, share: float, split: bool) -> WeightSet:
    """Return `share` of the learned weights and the rest of the strategy's own.

    With `split` every regime has its own; without, they are the same in all of them unless the
    strategy's own differ.
    """
    codes = tuple(rule.code for rule in strategy.rules)
    if share == 0.0 and not split:
        return strategy.weights
    own = strategy.weights.table(codes)
    base = np.array([strategy.weights.weights.get(code, 0.0) for code in codes])
    weights = share * learned.pooled + (1.0 - share) * base
    found = replace(strategy.weights, weights=_named(codes, weights))
    if not split and not strategy.weights.by_regime:
        return found
    target = learned.by_regime if split else np.tile(learned.pooled, (len(REGIMES), 1))
    table = share * target + (1.0 - share) * own
    regimes = {name: _named(codes, row) for name, row in zip(REGIMES, table, strict=True)}
    return replace(found, by_regime=regimes)


def _named(codes: tuple[str, ...], row: Floats) -> dict[str, float]:
    return dict(zip(codes, row.tolist(), strict=True))


def _samples(
    ground: Ground, strategy: StrategyVersion, start_ms: int, end_ms: int, horizon: int
) -> tuple[Floats, Floats, Floats]:
    """Signals [bar, rule] in −1 to 1, labels in deviations, and the regime of each bar."""
    first, last = ground.span(start_ms, end_ms)
    per_day = ground.bars[0].bars_per_day
    signals, labels, regimes = [], [], []
    for s, (rows, bars) in enumerate(zip(ground.rows, ground.bars, strict=True)):
        a, b = np.searchsorted(rows, [first, last])
        known = np.arange(a, max(a, b - horizon))
        known = known[ground.feed.regime[rows[known], s] >= 0]
        at = rows[known]
        deviation = ground.feed.sigma_day[at, s] * np.sqrt(horizon / per_day)
        change = np.log(bars.close[known + horizon] / bars.close[known])
        use = np.isfinite(deviation) & (deviation > 0.0)
        columns = [ground.points(rule)[at[use], s] / _FULL for rule in strategy.rules]
        signals.append(np.stack(columns, axis=1))
        labels.append(change[use] / deviation[use])
        regimes.append(ground.feed.regime[at[use], s])
    return np.concatenate(signals), np.concatenate(labels), np.concatenate(regimes)


def _regression(signals: Floats, labels: Floats, *, fallback: Floats) -> Floats:
    """Non-negative ridge regression, normalised to sum to 1; `fallback` if all weights are 0."""
    if not len(labels):
        return fallback
    gram = signals.T @ signals / len(labels)
    gram += np.eye(len(gram)) * max(_RIDGE * float(np.trace(gram)) / len(gram), _SETTLED)
    moment = signals.T @ (labels - labels.mean()) / len(labels)
    weights = np.zeros(len(gram))
    for _ in range(_SWEEPS):
        before = weights.copy()
        for k in range(len(weights)):
            rest = moment[k] - gram[k] @ weights + gram[k, k] * weights[k]
            weights[k] = max(0.0, rest / gram[k, k])
        if np.abs(weights - before).max() < _SETTLED:
            break
    total = float(weights.sum())
    return weights / total if total > 0.0 else fallback
