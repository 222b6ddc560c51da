"""How often the best trial of a search turns out worse than the middle one: PBO by CSCV.

trials' returns in S blocks → every choice of S/2 blocks "inside", the rest "outside" → the trial
with the best Sharpe inside → its rank outside → logit → share of choices with a logit at or below 0

Source: Bailey, Borwein, López de Prado, Zhu, "The Probability of Backtest Overfitting", Journal of
Computational Finance 20(4), 2017: combinatorially symmetric cross-validation.

Choices:
- A block enters only by its sum and sum of squares, so a choice costs two small matrix products
  however long the record is. All 12,870 choices of 16 blocks are taken at once.
- Days that do not fill the last block are dropped from the front: the newest count.
- Trials that tie share the middle of their ranks, and trials that tie for the best inside are
  judged by their mean outside: the order of the trials cannot move the answer.
- A trial without dispersion has Sharpe 0.
- Trials that are equally good give one half, as in the paper: a choice among equals is luck. A
  lineage shows skill here only if it also holds what a search tries and drops.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.domain.values import require
from engine.kernel import Bools, Floats

BLOCKS = 16
_FEWEST_TRIALS = 2
_FEWEST_DAYS = 2  # of a block: one has no dispersion of its own
_SMALLEST_VARIANCE = 1e-24
_CELLS = 1_000_000  # of one product: bounds memory, whatever the number of trials
_DIGITS = 12  # equal columns must tie whatever order a matrix product adds them in


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overfitting:
    """What cross-validation says of a search.

    `probability` is the PBO. `logits` holds one value per choice of blocks, above 0 where the best
    inside stayed above the middle outside. `slope` and `intercept` are the line of the winner's
    Sharpe outside over inside (performance degradation); `slope` is `None` where all winners are
    alike. `loss_probability` is the share of choices in which the winner lost outside.
    """

    probability: float
    logits: Floats
    slope: float | None
    intercept: float | None
    loss_probability: float
    trials: int


def overfitting(returns: Floats, blocks: int = BLOCKS) -> Overfitting:
    """Cross-validate `returns` [day, trial] (fractions), all over the same days.

    Raises `InvalidValueError` for fewer than two trials, an odd number of blocks, or too few days.
    """
    require(returns.ndim == 2, "returns", "a matrix [day, trial]", returns.shape)  # noqa: PLR2004 (a matrix)
    require(returns.shape[1] >= _FEWEST_TRIALS, "trials", ">= 2", returns.shape[1])
    require(blocks >= 2 and blocks % 2 == 0, "blocks", "even and >= 2", blocks)  # noqa: PLR2004 (two halves)
    length = len(returns) // blocks
    require(length >= _FEWEST_DAYS, "days", f">= {_FEWEST_DAYS * blocks}", len(returns))
    best, after, logits = _contest(returns[-length * blocks :], blocks)
    slope, intercept = _line(best, after)
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        logits=logits,
        slope=slope,
        intercept=intercept,
        loss_probability=float(np.mean(after < 0.0)),
        trials=returns.shape[1],
    )


def _contest(returns: Floats, blocks: int) -> tuple[Floats, Floats, Floats]:
    """Return per choice the winner's Sharpe inside and outside, and the logit of its rank."""
    middle = returns.mean(axis=0)
    cut = (returns - middle).reshape(blocks, -1, returns.shape[1])
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    halves, days = _halves(blocks), len(returns) // 2
    step = max(1, _CELLS // returns.shape[1])
    parts = []
    for start in range(0, len(halves), step):
        rows = halves[start : start + step]
        pair = [_sharpes(part, sums, squares, middle, days) for part in (rows, 1.0 - rows)]
        parts.append(_ranked(*pair))
    best, after, logits = (np.concatenate(column) for column in zip(*parts, strict=True))
    return best, after, logits


def _ranked(inside: Floats, outside: Floats) -> tuple[Floats, Floats, Floats]:
    best = inside.max(axis=1)
    after = _mean_where(outside, inside == best[:, None])
    below = (outside < after[:, None]).sum(axis=1)
    level = (outside == after[:, None]).sum(axis=1)
    rank = below + (np.maximum(level, 1) + 1) / 2.0
    share = rank / (inside.shape[1] + 1)
    return best, after, np.log(share / (1.0 - share))


def _sharpes(rows: Floats, sums: Floats, squares: Floats, middle: Floats, days: int) -> Floats:
    """Return the Sharpe ratios [choice, trial] over the blocks that `rows` marks."""
    mean = rows @ sums / days
    variance = (rows @ squares / days - mean**2) * days / (days - 1)
    safe = np.where(variance > _SMALLEST_VARIANCE, variance, np.inf)
    sharpe: Floats = np.round((mean + middle) / np.sqrt(safe), _DIGITS)
    return sharpe


@lru_cache(maxsize=4)
def _halves(blocks: int) -> Floats:
    """Return one row per choice of half the blocks, 1 for a block inside."""
    chosen = np.array(list(itertools.combinations(range(blocks), blocks // 2)))
    rows = np.zeros((len(chosen), blocks))
    np.put_along_axis(rows, chosen, 1.0, axis=1)
    return rows


def _mean_where(values: Floats, chosen: Bools) -> Floats:
    means: Floats = np.where(chosen, values, 0.0).sum(axis=1) / chosen.sum(axis=1)
    return np.round(means, _DIGITS)


def _line(inside: Floats, outside: Floats) -> tuple[float | None, float | None]:
    spread = inside - inside.mean()
    power = float(spread @ spread)
    if power <= _SMALLEST_VARIANCE * len(inside):
        return None, None
    slope = float(spread @ (outside - outside.mean())) / power
    return slope, float(outside.mean() - slope * inside.mean())
