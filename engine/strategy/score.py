"""From sides and strengths to one signed score per bar, and to its exact parts.

    net = Σ ŵᵢ · sideᵢ · strengthᵢ          −100 to 100, opposed signals cancel
    score = 100 · net / s, cut at ±100       s is the version's scale, see ``reference``
    agreement = Σ ŵᵢ on the winning side ÷ Σ ŵᵢ of all that have a side
    rank = fraction of reference bars with a smaller |net|

Contributions are the terms of ``net``, scaled as ``net`` was scaled (the cut included), so that
they sum to the score. For records and cards both are rounded to 0.01 by largest remainder: parts
still sum exactly, none is off by 0.01 or more, and a silent signal never gets a share.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from engine.indicators.bars import Floats, Ints
from engine.kernel import compiled, lean
from engine.strategy.signals import Sides

_FULL = 100.0
_PER_POINT = 100  # hundredths in a point
_CELLS = 1_024


class Scored(NamedTuple):
    """Per bar: ``net`` and ``score`` signed, ``agreement`` and ``rank`` as fractions."""

    net: Floats
    score: Floats
    agreement: Floats
    rank: Floats


@compiled
def score_bars(
    side: Sides,
    strength: Floats,
    regime: Sides,
    weights: Floats,
    scale: float,
    grid_net: Floats,
    grid_fraction: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Net, score, agreement and rank of every bar; all 0 where the regime is unknown (−1).

    ``side`` and ``strength`` are [signal, bar], ``weights`` [regime, signal].
    """
    signals, bars = side.shape
    net = np.zeros(bars)
    score = np.zeros(bars)
    agreement = np.zeros(bars)
    rank = np.zeros(bars)
    starts = _search_starts(grid_net)
    for i in range(bars):
        if regime[i] < 0:
            continue
        total = 0.0
        buying = 0.0
        selling = 0.0
        for j in range(signals):
            weight = weights[regime[i], j]
            if side[j, i] > 0:
                total += weight * strength[j, i]
                buying += weight
            elif side[j, i] < 0:
                total -= weight * strength[j, i]
                selling += weight
        net[i] = total
        score[i] = scaled(total, scale)
        if total != 0.0:
            agreement[i] = (buying if total > 0.0 else selling) / (buying + selling)
        rank[i] = _rank(abs(total), grid_net, grid_fraction, starts)
    return net, score, agreement, rank


@lean
def scaled(net: float, scale: float) -> float:
    """Return the score of one bar's net, cut at ±100."""
    return min(100.0, max(-100.0, 100.0 * net / scale))


@compiled
def _search_starts(grid_net: Floats) -> Ints:
    """First grid index at or above the lower edge of each of 1,024 even cells.

    Finding a rank then takes a step or two instead of a binary search: half of the score's time.
    """
    width = grid_net[-1] / _CELLS
    starts: Ints = np.searchsorted(grid_net, np.arange(_CELLS) * width)
    return starts


@compiled
def _rank(magnitude: float, grid_net: Floats, grid_fraction: Floats, starts: Ints) -> float:
    if magnitude > grid_net[-1]:
        return 1.0
    if magnitude <= grid_net[0]:
        return 0.0
    above = starts[min(int(magnitude / grid_net[-1] * _CELLS), _CELLS - 1)]
    while above > 0 and grid_net[above - 1] >= magnitude:
        above -= 1
    while grid_net[above] < magnitude:
        above += 1
    low = grid_net[above - 1]
    share = (magnitude - low) / (grid_net[above] - low)
    below = grid_fraction[above - 1]
    return float(below + share * (grid_fraction[above] - below))


def contributions(side: Sides, strength: Floats, weights: Floats, scale: float) -> Floats:
    """Signed points of every signal on one bar; they sum to its score to rounding.

    ``side``, ``strength`` and ``weights`` are [signal].
    """
    terms: Floats = weights * side * strength
    net = float(terms.sum())
    return terms * (_FULL / max(scale, abs(net)))


def largest_remainder(points: Sequence[float], total: float) -> tuple[Decimal, ...]:
    """Round every part to 0.01 so that they sum exactly to ``total`` rounded to 0.01.

    Every part is rounded down, then the hundredths that are missing go to the parts that lost most
    (Hamilton's method); equal losses are served in order. ``total`` is the sum of the parts, to
    float rounding. Parts that are 0 stay 0.
    """
    scaled = [part * _PER_POINT for part in points]
    units = [int(part // 1) for part in scaled]
    missing = round(total * _PER_POINT) - sum(units)
    active = [i for i, part in enumerate(points) if part != 0]
    by_loss = sorted(active, key=lambda i: units[i] - scaled[i])
    step = 1 if missing > 0 else -1
    order = by_loss if missing > 0 else by_loss[::-1]
    for turn in range(abs(missing)):
        units[order[turn % len(order)]] += step
    return tuple(Decimal(unit).scaleb(-2) for unit in units)
